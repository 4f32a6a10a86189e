#include "onnx_io/opset.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "graph/verify.h"
#include "onnx_io/authority.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

TEST(ConvertOpset, DetectorReachesPerChannelQuantization) {
  auto model = import_model(std::string(ACUATE_FIXTURES) + "/ppocr_v4_det.onnx");
  ASSERT_TRUE(model);
  (*model)->graph().first()->next();
  auto converted = convert_opset(**model, 17);
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ((*converted)->opset_version(), 17);
  EXPECT_TRUE(verify(**converted).empty());
  EXPECT_TRUE(check_operators(**converted).empty());
}

TEST(ConvertOpset, MetadataStaysWithItsNode) {
  auto model = parse_text_model(
      R"(<ir_version: 6, opset_import: ["" : 11]> g (float[2] x) => (float[2] y) { a = Relu(x)  y = Neg(a) })");
  ASSERT_TRUE(model);
  (*model)->graph().last()->set_metadata("acuate.origins", "[\"n\"]");
  auto converted = convert_opset(**model, 13);
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ((*converted)->graph().last()->metadata("acuate.origins"), "[\"n\"]");
}

// The converted model lies in a buffer and not in the file that its path names: what is saved must
// come from the buffer.
TEST(ConvertOpset, SavedWeightsAreItsOwn) {
  auto model = parse_text_model(
      R"(<ir_version: 6, opset_import: ["" : 11]> g (float[65536] x) => (float[65536] y) { y = Add(x, w) })");
  ASSERT_TRUE(model);
  Tensor weight = Tensor::allocate(ElementType::Float, {65536});
  for (size_t i = 0; i < 65536; ++i) weight.mutable_values<float>()[i] = static_cast<float>(i);
  (*model)->graph().set_initializer(*(*model)->graph().find("w"), weight);
  const std::string path = testing::TempDir() + "opset_source.onnx",
                    saved = testing::TempDir() + "opset_saved.onnx";
  ASSERT_TRUE(save_model(**model, path));
  auto source = import_model(path);
  ASSERT_TRUE(source);
  auto converted = convert_opset(**source, 13);
  ASSERT_TRUE(converted) << converted.error().message;
  (*converted)->graph().first()->set_name("touched");
  ASSERT_TRUE(save_model(**converted, saved));
  auto again = import_model(saved);
  ASSERT_TRUE(again) << again.error().message;
  const auto found = (*again)->load(*(*again)->graph().find("w")->initializer);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(std::ranges::equal(found->bytes(), weight.bytes()));
}

// The library copies what it converts and takes 2 GiB at most; weights do not go through it.
TEST(ConvertOpset, WeightsBeyondTwoGigabytesStayWhereTheyLie) {
  constexpr int64_t kElements = (int64_t{5} << 29) / 4;  // 2.5 GiB, sparse on disk
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "opset_huge";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "w.data").put('x');
  std::filesystem::resize_file(folder / "w.data", kElements * 4);
  onnx::ModelProto proto;
  proto.set_ir_version(8);
  proto.add_opset_import()->set_version(13);
  onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name("g");
  const auto declare = [&](onnx::ValueInfoProto& port, const char* name) {
    port.set_name(name);
    port.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    port.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(
        kElements);
  };
  declare(*graph.add_input(), "x");
  declare(*graph.add_output(), "y");
  onnx::NodeProto& add = *graph.add_node();
  add.set_op_type("Add");
  for (const char* name : {"x", "w"}) add.add_input(name);
  add.add_output("y");
  onnx::TensorProto& weight = *graph.add_initializer();
  weight.set_name("w");
  weight.set_data_type(onnx::TensorProto::FLOAT);
  weight.add_dims(kElements);
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& entry = *weight.add_external_data();
  entry.set_key("location");
  entry.set_value("w.data");
  std::ofstream(folder / "m.onnx", std::ios::binary) << proto.SerializeAsString();
  const auto model = import_model(folder / "m.onnx");
  ASSERT_TRUE(model) << model.error().message;
  const auto converted = convert_opset(**model, 17);
  ASSERT_TRUE(converted) << converted.error().message;
  EXPECT_EQ((*converted)->graph().inputs().size(), 1U);
  const Value* found = (*converted)->graph().find("w");
  ASSERT_TRUE(found != nullptr && found->is_constant());
  EXPECT_EQ(found->initializer->size(), kElements);
  ASSERT_TRUE(found->initializer->is_external());
  EXPECT_EQ(found->initializer->external->path, folder / "w.data");
  EXPECT_TRUE(verify(**converted).empty());
  EXPECT_EQ(import_model(as_bytes(encode_model(**converted).flatten()), nullptr, folder / "m.onnx")
                .has_value(),
            true);
  std::filesystem::remove_all(folder);
}

TEST(ConvertOpset, SaysWhatItCannotDo) {
  auto model = parse_text_model(
      R"(<ir_version: 8, opset_import: ["" : 17, "f" : 1]> g (float[2] x) => (float[2] y) { y = f.twice(x) }
    <domain: "f", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) })");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_THAT(convert_opset(**model, 18).error().message, testing::HasSubstr("local functions"));
}

}  // namespace
}  // namespace acuate
