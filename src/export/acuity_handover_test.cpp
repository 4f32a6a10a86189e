#include "export/acuity_handover.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

using testing::HasSubstr;

std::unique_ptr<Model> net(const std::string& shape) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\nnet (float" + shape +
                                " x) => (float y) { y = Relu(x) }");
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  (*model)->graph().first()->set_name("relu");
  infer_shapes(**model);
  return std::move(*model);
}

Encodings encodings() {
  Encodings out;
  for (const char* name : {"x", "y"}) {
    TensorEncoding& encoding = out.tensors.emplace_back();
    encoding.tensor = name;
    encoding.quantization = schemes().lookup("u8")->from_range(0, 6);
    encoding.range_max = 6;
  }
  return out;
}

TEST(AcuityHandover, InputsAreFedAsOursAre) {
  const auto model = net("[1,3,4,5]");
  const Encodings grids = encodings();
  Preprocess preprocess;
  preprocess.scale = 1.0 / 256;
  preprocess.mean = {0.5, 0.25, 0.5};
  preprocess.std = {0.25, 0.25, 0.5};
  preprocess.channel_order = Preprocess::ChannelOrder::Bgr;
  const auto text = acuity_inputmeta({*model, grids, &preprocess});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("- lid: 'x'\n      category: image\n"));
  EXPECT_THAT(*text, HasSubstr("      - 1\n      - 3\n      - 4\n      - 5\n"));
  EXPECT_THAT(*text, HasSubstr("reverse_channel: true\n"));
  EXPECT_THAT(*text, HasSubstr("mean:\n        - 128\n        - 64\n        - 128\n"));
  EXPECT_THAT(*text,
              HasSubstr("scale:\n        - 0.015625\n        - 0.015625\n        - 0.0078125\n"));
  // Without a pre-processing the input is a tensor that nothing is done to.
  const auto plain = acuity_inputmeta({*model, grids, nullptr});
  ASSERT_TRUE(plain);
  EXPECT_THAT(*plain, HasSubstr("category: undefined\n"));
  EXPECT_THAT(*plain, HasSubstr("mean:\n        - 0\n        scale: 1\n"));
}

TEST(AcuityHandover, FilesNameTheLayers) {
  const fs::path folder = fs::temp_directory_path() / "acuate_acuity_handover";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const Encodings grids = encodings();
  const auto open = net("[n,3,4,5]");
  const auto refused = write_acuity_handover({*open, grids, nullptr}, folder);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("fixed shapes"));
  EXPECT_TRUE(fs::is_empty(folder));
  const auto model = net("[1,3,4,5]");
  const auto done = write_acuity_handover({*model, grids, nullptr}, folder);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(import_model(folder / "model.onnx"));
  EXPECT_TRUE(fs::exists(folder / "names.py"));
  const auto ranges = read_text_file(folder / "model.quantize");
  ASSERT_TRUE(ranges);
  EXPECT_THAT(*ranges, HasSubstr("'@y:out0'"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace acuate
