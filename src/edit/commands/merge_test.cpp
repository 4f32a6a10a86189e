#include <filesystem>
#include <fstream>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x) => (float[N] y, float[N] z) <float[1] w = {2}> {
    [first] y = Mul (x, w)
    z = Neg (y)
  })";
const std::string kOther =
    R"(text:"(float[M] i, float[M] k) => (float[M] o) <float[1] v = {3}> { s = Mul (i, v)  o = Add (s, k) }")";

TEST(Merge, TheirInputReadsMine) {
  EXPECT_THAT(edited(kModel, "merge " + kOther + " y=i"),
              AllOf(HasSubstr("(float[N] x, float[M] k) => (float[] z, float[] o)"),
                    HasSubstr("s = Mul (y, v)"), HasSubstr("float[1] v")));
}

TEST(Merge, TheirOutputFeedsMine) {
  EXPECT_THAT(edited(kModel, "merge " + kOther + " x=o"),
              AllOf(HasSubstr("(float[M] i, float[M] k) => (float[] y, float[] z)"),
                    HasSubstr("x = Add (s, k)\n   [first] y = Mul (x, w)")));
}

TEST(Merge, SideBySideUnderAPrefix) {
  EXPECT_THAT(edited(kModel, "merge " + kOther + " --prefix b/"),
              AllOf(HasSubstr("float[N] x, float[M] \"b/i\""), HasSubstr("\"b/o\" = Add")));
  EXPECT_THAT(refusal(kModel, R"(merge text:"(float[M] x) => (float[M] y) { y = Abs (x) }")"),
              HasSubstr("both have value 'y', value 'x'; rename one of them or give a prefix"));
}

TEST(Merge, TheNewerOpsetHolds) {
  const std::string newer =
      R"(merge text:"<ir_version: 10, opset_import: [\"\" : 21]> g (float[M] i) => (float[M] o) { o = Gelu (i) }" y=i)";
  EXPECT_THAT(edited(kModel, newer),
              AllOf(HasSubstr("[\"\" : 21"), HasSubstr("ir_version: 10"), HasSubstr("Gelu (y)")));
  const std::string older =
      R"(merge text:"<ir_version: 6, opset_import: [\"\" : 11]> g (float[M] i) => (float[1, M] o) { o = Unsqueeze <axes = [0]> (i) }" y=i)";
  EXPECT_THAT(edited(kModel, older), AllOf(HasSubstr("[\"\" : 17"), HasSubstr("Unsqueeze (y, ")));
}

TEST(Merge, MetadataOfBothStays) {
  const std::string other =
      R"(merge text:"<ir_version: 8, opset_import: [\"\" : 17], metadata_props: [\"a\" : \"1\", \"b\" : \"2\"]> g (float[M] i) => (float[M] o) { o = Abs (i) }" y=i)";
  EXPECT_THAT(edited(kModel, "set-metadata a 1\n" + other), HasSubstr("\"b\": \"2\""));
  EXPECT_THAT(refusal(kModel, "set-metadata a 3\n" + other),
              HasSubstr("say different things of 'a'"));
}

TEST(Merge, RefusesWhatDoesNotFit) {
  EXPECT_THAT(refusal(kModel, "merge " + kOther + " y=q"),
              HasSubstr("no input or output 'q'; inputs: i, k; outputs: o"));
  EXPECT_THAT(refusal(kModel, "merge " + kOther + " y=i z=i"), HasSubstr("connected twice"));
  EXPECT_THAT(refusal(kModel, "merge " + kOther + " y=o"),
              HasSubstr("feeds inputs of this one, but 'y' is none"));
  EXPECT_THAT(refusal(kModel, "merge " + kOther + " y=i x=o"), HasSubstr("would form a cycle"));
  EXPECT_THAT(refusal(kModel, "merge " + kOther + " yi"), HasSubstr("expected MINE=THEIRS"));
  EXPECT_THAT(refusal(kModel, R"(merge text:"(int64[M] i) => (int64[M] o) { o = Abs (i) }" y=i)"),
              HasSubstr("cannot stand for 'i', which is int64[M]"));
}

TEST(Merge, FunctionsOfBothStay) {
  const auto with_function = [](std::string_view op) {
    return fmt::format(R"(merge text:"<ir_version: 8, opset_import: [\"\" : 17, \"own\" : 1]> )"
                       R"(g (float[M] i) => (float[M] o) {{ o = own.f <a = 2.0> (i) }} )"
                       R"(<domain: \"own\", opset_import: [\"\" : 17]> f <a> (v) => (r) )"
                       R"({{ r = {} <alpha: float = @a> (v) }}" y=i)",
                       op);
  };
  const std::string once = edited(kModel, with_function("Elu"));
  EXPECT_THAT(once, AllOf(HasSubstr("own.f"), HasSubstr("Elu <alpha: float = @a> (v)"),
                          HasSubstr("f <a>")));
  EXPECT_THAT(edited(kModel, with_function("Elu") + "\n" + with_function("Elu") + " --prefix b/"),
              HasSubstr("\"b/o\" = own.f"));
  EXPECT_THAT(
      refusal(kModel, with_function("Elu") + "\n" + with_function("LeakyRelu") + " --prefix b/"),
      HasSubstr("both have a function 'own.f', and they differ"));
}

// A model whose weight lies in `w.bin` beside it.
void write_external_model(const fs::path& folder, float weight) {
  fs::create_directories(folder);
  std::ofstream(folder / "w.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(&weight), sizeof weight);
  const auto model =
      text_model("agraph (float[1] x) => (float[1] y) <float[1] w = {0}> { y = Mul (x, w) }");
  onnx::ModelProto proto;
  ASSERT_TRUE(proto.ParseFromString(encode_model(*model).flatten()));
  onnx::TensorProto& tensor = *proto.mutable_graph()->mutable_initializer(0);
  tensor.clear_float_data();
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& entry = *tensor.add_external_data();
  entry.set_key("location");
  entry.set_value("w.bin");
  std::ofstream(folder / "m.onnx", std::ios::binary) << proto.SerializeAsString();
}

TEST(Merge, DataFilesOfTheSameNameStayApart) {
  const fs::path root =
      fs::temp_directory_path() / ("acuate_merge_" + std::to_string(std::random_device()()));
  write_external_model(root / "a", 2);
  write_external_model(root / "b", 3);
  const auto model = import_model(root / "a" / "m.onnx");
  ASSERT_TRUE(model) << model.error().message;
  EditContext context;
  context.folder = root;
  const auto merged = apply_script(**model, "merge b/m.onnx y=x --prefix b/", context);
  ASSERT_TRUE(merged) << merged.error().message;
  fs::create_directory(root / "out");
  const auto saved = save_model(**merged, root / "out" / "m.onnx");
  ASSERT_TRUE(saved) << saved.error().message;
  const auto again = import_model(root / "out" / "m.onnx");
  ASSERT_TRUE(again) << again.error().message;
  const auto weight = [&](std::string_view name) {
    return (*again)->load(*(*again)->graph().find(name)->initializer)->values<float>()[0];
  };
  EXPECT_EQ(weight("w"), 2.0F);
  EXPECT_EQ(weight("b/w"), 3.0F);
  EXPECT_TRUE(fs::exists(root / "out" / "w_1.bin"));
  fs::remove_all(root);
}

}  // namespace
}  // namespace acuate
