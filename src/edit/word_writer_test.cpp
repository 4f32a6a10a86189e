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

TEST(WordWriter, TextsTypesAndSparseTensors) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>
    g (float[2] x) => (float[2] y) <string[2] s = {"a \"b\"", "c"}, string t = {"d"}> {
      y = Neg<text = "a b", texts = ["a", "b c"]>(x) })");
  ASSERT_TRUE(model) << model.error().message;
  const Graph& graph = (*model)->graph();
  WordWriter words(**model, "", "");
  const auto text = [](WordWriter::Word word) { return word->value_or("nothing"); };
  EXPECT_EQ(text(words.tensor(*graph.find("s")->initializer)), R"(string:["a \"b\"", "c"])");
  EXPECT_EQ(text(words.tensor(*graph.find("t")->initializer)), R"(string:"d")");
  const Node& node = *graph.find("y")->producer;
  EXPECT_EQ(text(words.attribute(*node.attribute("text"))), R"(string:"a b")");
  EXPECT_EQ(text(words.attribute(*node.attribute("texts"))), R"(strings:["a", "b c"])");
}

}  // namespace
}  // namespace acuate
