#include "quantize/encoding_format.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

TEST(AcuateFormat, ReadsWhatItWrites) {
  auto model = typed_model("net (float[4] x) => (float[4] y) { y = Relu(x) }");
  ImportedEncodings file;
  TensorEncoding encoding;
  encoding.tensor = "x";
  encoding.quantization = schemes().lookup("u8")->from_range(-1, 3);
  file.encodings.tensors = {encoding};
  file.changes.biases = {{"n", {0.5F}}};
  const auto text = encoding_formats().lookup("acuate")->write(file, *model);
  ASSERT_TRUE(text);
  const auto read = read_encodings(*text, "e.json", *model);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->encodings, file.encodings);
  EXPECT_EQ(read->changes, file.changes);
}

TEST(AcuateFormat, AnswersForWhatNoFormatKnows) {
  auto model = typed_model("net (float[4] x) => (float[4] y) { y = Relu(x) }");
  const auto read = read_encodings("{\"tensors\": []}", "e.json", *model);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "e.json: 'schema_version' is missing");
}

}  // namespace
}  // namespace acuate
