#include "edit/word_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "onnx_io/text_form.h"

namespace acuate {
namespace {

TEST(WordWriter, ShortNumbersAreTextOthersNeedAFolder) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[2] x) => (float[2] y) <int64[2] s = {1, -1}, float[2,1] w = {0.5, 2}> {
      y = Transpose<perm = [1, 0]>(x) })");
  ASSERT_TRUE(model) << model.error().message;
  const Graph& graph = (*model)->graph();
  WordWriter words(**model, "", "");
  const auto text = words.tensor(*graph.find("s")->initializer);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "int64:[1, -1]");
  const auto file = words.tensor(*graph.find("w")->initializer);
  ASSERT_TRUE(file);
  EXPECT_EQ(*file, std::nullopt);
  const auto perm = words.attribute(*graph.find("y")->producer->attribute("perm"));
  ASSERT_TRUE(perm);
  EXPECT_EQ(*perm, "ints:[1, 0]");
}

}  // namespace
}  // namespace acuate
