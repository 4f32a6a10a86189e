#include "runtime/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "runtime/artifact.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> values(const Tensor& tensor) {
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

const std::vector<IoSpec> kInputs = {{"x", ElementType::Float, {1, 1, 4, 4}, {}},
                                     {"m", ElementType::Int64, {1, 4, 4}, {}}};
const std::vector<IoSpec> kOutputs = {{"boxes", ElementType::Float, {1, 2, 4}, {}},
                                      {"map", ElementType::Float, {1, 1, 2, 2}, {}}};

PadAdapter adapter() {
  PadAdapter out;
  out.input = "x";
  out.size = {4, 4};
  out.fill = {9};
  out.masks = {{"m", 0}};
  return out;
}

std::vector<Tensor> image(int64_t height, int64_t width) {
  Tensor x = Tensor::allocate(ElementType::Float, {1, 1, height, width});
  for (size_t i = 0; i < x.values<float>().size(); ++i)
    x.mutable_values<float>()[i] = static_cast<float>(i);
  Tensor m = Tensor::allocate(ElementType::Int64, {1, height, width});
  std::ranges::fill(m.mutable_values<int64_t>(), 1);
  return {x, m};
}

TEST(OutputKind, IsReadAndWritten) {
  for (const char* text : {"none", "xyxy", "cxcywh-normalized", "points@1", "xywh@1:2", "mask@-2",
                           "points-normalized@2:4"})
    EXPECT_EQ(OutputKind::parse(text).value().text(), text);
  EXPECT_EQ(OutputKind::parse("mask")->axis, -2);
  EXPECT_EQ(OutputKind::parse("xyxy@-1:2")->first, 2);
  for (const char* wrong :
       {"", "box", "mask-normalized", "none-normalized", "xyxy@", "xyxy@1:-2", "xyxy@a", "xyxy@1:"})
    EXPECT_THAT(OutputKind::parse(wrong).error().message, HasSubstr("expected")) << wrong;
  EXPECT_EQ(parse_output_kind("a=b=xyxy")->first, "a=b");
  EXPECT_FALSE(parse_output_kind("xyxy"));
}

TEST(PadAdapter, ASmallerImageIsOnlyFilledUp) {
  const PadAdapter pad = adapter();
  ASSERT_TRUE(pad.check(kInputs, kOutputs));
  auto inputs = image(2, 3);
  const auto run = AdaptedRun::begin(pad, kInputs, inputs);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_THAT(values(inputs[0]), ElementsAre(0, 1, 2, 9, 3, 4, 5, 9, 9, 9, 9, 9, 9, 9, 9, 9));
  EXPECT_EQ(inputs[0].shape(), (Shape{1, 1, 4, 4}));
  const auto mask = inputs[1].values<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(mask.begin(), mask.end()),
            (std::vector<int64_t>{1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(PadAdapter, ALargerImageIsScaledAndBoxesGrowBack) {
  PadAdapter pad = adapter();
  pad.outputs = {{"boxes", OutputKind::parse("xyxy").value()}};
  auto inputs = image(4, 8);
  const auto run = AdaptedRun::begin(pad, kInputs, inputs);
  ASSERT_TRUE(run);
  // Columns in pairs and rows in pairs under the triangle of antialiasing; two rows of filling.
  const auto x = values(inputs[0]);
  for (size_t i = 8; i < 16; ++i) EXPECT_EQ(x[i], 9);
  for (size_t i = 0; i < 8; ++i) EXPECT_LT(x[i], 32);
  std::vector<Tensor> outputs = {Tensor::of<float>({1, 2, 4}, {0, 0, 4, 2, 1, 0.5, 2, 1}),
                                 Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4})};
  ASSERT_TRUE(run->end(kOutputs, outputs));
  EXPECT_THAT(values(outputs[0]), ElementsAre(0, 0, 8, 4, 2, 1, 4, 2));
  EXPECT_THAT(values(outputs[1]), ElementsAre(1, 2, 3, 4));  // nothing was said of it
}

TEST(PadAdapter, NormalizedCoordinatesAndMasksLeaveOutThePadding) {
  PadAdapter pad = adapter();
  pad.outputs = {{"boxes", OutputKind::parse("cxcywh-normalized@1").value()},
                 {"map", OutputKind::parse("mask").value()}};
  const std::vector<IoSpec> outs = {{"boxes", ElementType::Float, {1, 5, 1}, {}}, kOutputs[1]};
  ASSERT_TRUE(pad.check(kInputs, outs));
  auto inputs = image(2, 4);
  const auto run = AdaptedRun::begin(pad, kInputs, inputs);
  std::vector<Tensor> outputs = {Tensor::of<float>({1, 5, 1}, {0.5, 0.25, 1, 0.5, 0.75}),
                                 Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4})};
  ASSERT_TRUE(run->end(outs, outputs));
  EXPECT_THAT(values(outputs[0]), ElementsAre(0.5, 0.5, 1, 1, 0.75));
  EXPECT_EQ(outputs[1].shape(), (Shape{1, 1, 1, 2}));
  EXPECT_THAT(values(outputs[1]), ElementsAre(1, 2));
}

// What `kind` makes of rows of four where an image of 2x3 lies in 4x4, or one of `height`x`width`.
std::vector<float> told(const std::string& kind, const std::vector<float>& rows, int64_t height = 2,
                        int64_t width = 3) {
  PadAdapter pad = adapter();
  pad.outputs = {{"boxes", OutputKind::parse(kind).value()}};
  auto inputs = image(height, width);
  const auto run = AdaptedRun::begin(pad, kInputs, inputs);
  EXPECT_TRUE(run);
  const auto count = static_cast<int64_t>(rows.size() / 4);
  std::vector<Tensor> outputs = {Tensor::allocate(ElementType::Float, {1, count, 4}),
                                 Tensor::of<float>({1, 1, 2, 2}, {1, 2, 3, 4})};
  std::copy(rows.begin(), rows.end(), outputs[0].mutable_values<float>().begin());
  EXPECT_TRUE(run->end(kOutputs, outputs));
  EXPECT_EQ(outputs[0].shape(), (Shape{1, count, 4}));
  return values(outputs[0]);
}

TEST(PadAdapter, BoxesAndPointsAreClippedToTheImage) {
  // Within; over the right and the lower edge; over the left; all in the padding.
  EXPECT_THAT(told("xyxy", {0.1F, 0, 3, 2, 1, 1, 4, 4, -1, 0, 1, 1, 3.5F, 3, 4, 4}),
              ElementsAre(0.1F, 0, 3, 2, 1, 1, 3, 2, 0, 0, 1, 1, 3, 2, 3, 2));
  EXPECT_THAT(told("xywh", {1, 1, 3, 3, -1, 0, 2, 1}), ElementsAre(1, 1, 2, 1, 0, 0, 1, 1));
  EXPECT_THAT(told("cxcywh", {2.5F, 1.5F, 3, 3}), ElementsAre(2, 1, 2, 2));
  EXPECT_THAT(told("points", {-1, 1, 4, 3}), ElementsAre(0, 1, 3, 2));
  // 3 of 4 columns are the image: what is normalized reaches 1 there.
  EXPECT_THAT(told("xyxy-normalized", {0, 0, 1, 1}), ElementsAre(0, 0, 1, 1));
  // A larger image, scaled to 2x4: of its own 4x8.
  EXPECT_THAT(told("xyxy", {1, 1, 4, 4}, 4, 8), ElementsAre(2, 2, 8, 4));
  EXPECT_THAT(told("xyxy", {-1, 0, 9, 9}, 4, 4), ElementsAre(-1, 0, 9, 9)) << "the fixed size";
}

TEST(PadAdapter, TheFixedSizeChangesNothing) {
  PadAdapter pad = adapter();
  pad.outputs = {{"boxes", OutputKind::parse("xyxy").value()}};
  auto inputs = image(4, 4);
  const std::byte* before = inputs[0].bytes().data();
  const auto run = AdaptedRun::begin(pad, kInputs, inputs);
  EXPECT_EQ(inputs[0].bytes().data(), before);
}

TEST(PadAdapter, LastAxisChannels) {
  PadAdapter pad;
  pad.input = "x";
  pad.layout = Preprocess::Layout::Nhwc;
  pad.size = {2, 2};
  pad.fill = {7, 8};
  const std::vector<IoSpec> specs = {{"x", ElementType::Uint8, {1, 2, 2, 2}, {}}};
  ASSERT_TRUE(pad.check(specs, {}));
  std::vector<Tensor> inputs = {Tensor::of<uint8_t>({1, 1, 2, 2}, {1, 2, 3, 4})};
  ASSERT_TRUE(AdaptedRun::begin(pad, specs, inputs));
  const auto found = inputs[0].values<uint8_t>();
  EXPECT_THAT(std::vector<int>(found.begin(), found.end()), ElementsAre(1, 2, 3, 4, 7, 8, 7, 8));
}

TEST(PadAdapter, SaysWhatDoesNotFit) {
  const auto refusal = [](const PadAdapter& pad) {
    const auto fits = pad.check(kInputs, kOutputs);
    return fits ? "" : fits.error().message;
  };
  PadAdapter pad = adapter();
  pad.size = {8, 4};
  EXPECT_THAT(refusal(pad), HasSubstr("pads to 4x8"));
  pad = adapter();
  pad.fill = {1, 2};
  EXPECT_THAT(refusal(pad), HasSubstr("1 channels, the adapter fills 2"));
  pad = adapter();
  pad.outputs = {{"box", OutputKind()}};
  EXPECT_THAT(refusal(pad), HasSubstr("there is no output 'box'"));
  pad.outputs = {{"boxes", OutputKind::parse("xyxy@1").value()}};
  EXPECT_THAT(refusal(pad), HasSubstr("has 2 places, needed are 4"));
  pad.outputs = {{"boxes", OutputKind::parse("xyxy@3").value()}};
  EXPECT_THAT(refusal(pad), HasSubstr("no such axis"));
  auto inputs = image(2, 3);
  inputs[1] = image(3, 3)[1];
  EXPECT_THAT(AdaptedRun::begin(adapter(), kInputs, inputs).error().message,
              HasSubstr("mask input 'm' is 1x3x3; expected the size of 'x', 2x3"));
}

// x → Relu → y at a fixed 4x4, and the mean over what the mask shows.
class AdaptedArtifact : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "adapted";
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "modules");
    auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1, 1, 4, 4] x, int64[1, 4, 4] m) => (float[1, 1, 4, 4] y, float s) {
        y = Relu(x) f = Cast <to = 1> (m) p = Mul(x, f) s = ReduceSum <keepdims = 0> (p) })");
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_TRUE(save_model(**model, folder_ / "modules/a.onnx"));
    manifest_.acuate = "test";
    manifest_.target = "onnxruntime";
    manifest_.inputs = kInputs;
    manifest_.outputs = {{"y", ElementType::Float, {1, 1, 4, 4}, {}},
                         {"s", ElementType::Float, {}, {}}};
    manifest_.adapters = {adapter()};
    manifest_.adapters[0].outputs = {{"y", OutputKind::parse("mask").value()}, {"s", OutputKind()}};
    manifest_.adapters[0].open_sizes(manifest_.inputs);
    manifest_.modules = {{"onnx", "modules/a.onnx", "onnxruntime", {"x", "m"}, {"y", "s"}}};
    manifest_.files = {*describe_file(folder_, "modules/a.onnx")};
  }
  Result<Artifact> open() {
    EXPECT_TRUE(write_text_file(folder_ / kManifestName, write_manifest(manifest_)));
    return Artifact::open(folder_);
  }
  fs::path folder_;
  Manifest manifest_;
};

TEST_F(AdaptedArtifact, TakesOtherSizes) {
  auto artifact = open();
  ASSERT_TRUE(artifact) << artifact.error().message;
  EXPECT_EQ(artifact->inputs()[0].text(), "float32[1, 1, height, width]");
  EXPECT_EQ(artifact->network_inputs()[0].shape, (Shape{1, 1, 4, 4}));
  EXPECT_EQ(artifact->image_shape(0, {7, 5}), (Shape{1, 1, 5, 7}));
  const auto inputs = image(2, 3);
  const auto outputs = artifact->run(inputs);
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].shape(), (Shape{1, 1, 2, 3}));
  EXPECT_EQ(values((*outputs)[0]), values(inputs[0]));
  EXPECT_THAT(values((*outputs)[1]), ElementsAre(15));
}

TEST_F(AdaptedArtifact, ManifestRoundTripsAndIsStrict) {
  const std::string text = write_manifest(manifest_);
  auto again = parse_manifest(text, "m");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(write_manifest(*again), text);
  const auto refuses = [&](const std::string& from, const std::string& to) {
    std::string wrong = text;
    wrong.replace(wrong.find(from), from.size(), to);
    EXPECT_FALSE(parse_manifest(wrong, "m")) << to;
  };
  refuses("\"pad\"", "\"crop\"");
  refuses("\"nchw\"", "\"chw\"");
  refuses("\"mask@-2\"", "\"masks\"");
  refuses("\"height\": 4", "\"height\": 0");
  refuses("\"padding\": 0.0", "\"padding\": null");
  manifest_.adapters[0].size = {5, 4};
  EXPECT_THAT(open().error().message, HasSubstr("pads to 4x5"));
}

}  // namespace
}  // namespace acuate
