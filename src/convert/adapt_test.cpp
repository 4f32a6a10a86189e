#include "convert/adapt.h"

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "convert/convert.h"
#include "data/npy.h"
#include "onnx_io/export.h"
#include "onnx_io/text_form.h"
#include "runtime/artifact.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// A detector of one bright rectangle: where rows and columns first and last exceed a half.
// `box` makes [1, 4] of l, t, r, b, all [1, 1].
std::string detector(const std::string& box) {
  return R"(<ir_version: 8, opset_import: ["" : 13]>
  net (float[1, 1, 96, 128] x) => (float[1, 1, 4] boxes, float[1, 1, 1] scores, float[1, 1, 48, 64] map)
    <float[1] half = {0.5}, float[1] one = {1}, float[1] wide = {128}, float[1] high = {96},
     int64[3] box_shape = {1, 1, 4}, int64[3] score_shape = {1, 1, 1}> {
    across = ReduceMax <axes = [1, 2], keepdims = 0> (x)
    down = ReduceMax <axes = [1, 3], keepdims = 0> (x)
    over_x = Greater(across, half)
    over_y = Greater(down, half)
    on_x = Cast <to = 1> (over_x)
    on_y = Cast <to = 1> (over_y)
    li = ArgMax <axis = 1> (on_x)
    ti = ArgMax <axis = 1> (on_y)
    ri = ArgMax <axis = 1, select_last_index = 1> (on_x)
    bi = ArgMax <axis = 1, select_last_index = 1> (on_y)
    l = Cast <to = 1> (li)
    t = Cast <to = 1> (ti)
    r0 = Cast <to = 1> (ri)
    b0 = Cast <to = 1> (bi)
    r = Add(r0, one)
    b = Add(b0, one)
    w = Sub(r, l)
    h = Sub(b, t)
    )" + box +
         R"(
    boxes = Reshape(row, box_shape)
    most = ReduceMax <axes = [1, 2, 3], keepdims = 1> (x)
    scores = Reshape(most, score_shape)
    map = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
  })";
}

const std::string kXyxy = "row = Concat <axis = 1> (l, t, r, b)";
const std::string kXywh =
    "nl = Div(l, wide) nt = Div(t, high) nw = Div(w, wide) nh = Div(h, high) "
    "row = Concat <axis = 1> (nl, nt, nw, nh)";
const std::string kCxcywh =
    "w2 = Mul(w, half) h2 = Mul(h, half) cx = Add(l, w2) cy = Add(t, h2) "
    "row = Concat <axis = 1> (cx, cy, w, h)";

// A bright rectangle on black.
Tensor bright(int64_t height, int64_t width, int64_t left, int64_t top, int64_t right,
              int64_t bottom) {
  Tensor x = Tensor::allocate(ElementType::Float, {1, 1, height, width});
  auto values = x.mutable_values<float>();
  for (int64_t y = top; y < bottom; ++y)
    for (int64_t i = left; i < right; ++i) values[static_cast<size_t>(y * width + i)] = 1;
  return x;
}

struct Network {
  std::unique_ptr<Engine> engine;
  explicit Network(const std::string& text) {
    auto model = parse_text_model(text);
    EXPECT_TRUE(model) << (model ? "" : model.error().message);
    const std::string bytes = model_bytes(**model).value();
    engine =
        resolve_target("auto")->load(ModelSource::memory(std::as_bytes(std::span(bytes)))).value();
  }
  std::string proposal(const std::vector<std::string>& names) {
    PadAdapter adapter;
    adapter.input = "x";
    adapter.size = {128, 96};
    adapter.fill = {0};
    const auto proposals = propose_output_kinds(
        adapter, engine->inputs(), engine->outputs(), names,
        [this](std::span<const Tensor> inputs) { return engine->run(inputs); },
        [](size_t) { return Result<std::vector<Tensor>>({bright(96, 128, 20, 16, 84, 72)}); }, 1);
    EXPECT_TRUE(proposals) << (proposals ? "" : proposals.error().message);
    std::string text;
    for (const KindProposal& each : *proposals)
      text += (text.empty() ? "" : " ") + each.output + "=" + (each.kind ? each.kind->text() : "?");
    return text;
  }
};

TEST(ProposeOutputKinds, ByHowOutputsMove) {
  const std::vector<std::string> names = {"boxes", "scores", "map"};
  EXPECT_EQ(Network(detector(kXyxy)).proposal(names), "boxes=xyxy scores=? map=mask@-2");
  EXPECT_EQ(Network(detector(kXywh)).proposal(names), "boxes=xywh-normalized scores=? map=mask@-2");
  EXPECT_EQ(Network(detector(kCxcywh)).proposal(names), "boxes=cxcywh scores=? map=mask@-2");
}

TEST(ProposeOutputKinds, NothingForWhatDoesNotMove) {
  // Four numbers and a map that have nothing to do with where the object is.
  Network still(R"(<ir_version: 8, opset_import: ["" : 13]>
    net (float[1, 1, 96, 128] x) => (float[1, 1, 4] boxes, float[1, 1, 48, 64] map)
      <int64[3] shape = {1, 1, 4}, float[1, 1, 1, 4] scale = {10, 20, 70, 80}, int64[4] size = {1, 1, 48, 64}> {
      m = ReduceMax <axes = [1, 2, 3], keepdims = 1> (x)
      n = Mul(m, scale)
      boxes = Reshape(n, shape)
      map = Expand(m, size)
    })");
  EXPECT_EQ(still.proposal({"boxes", "map"}), "boxes=? map=?");
}

class Adapt : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "adapt";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    auto model = parse_text_model(detector(kXyxy));
    ASSERT_TRUE(model && save_model(**model, folder_ / "m.onnx"));
    ASSERT_TRUE(write_npy(folder_ / "x.npy", bright(96, 128, 20, 16, 84, 72)));
    options_.model = folder_ / "m.onnx";
    options_.output = folder_ / "out";
    options_.data = folder_ / "x.npy";
    options_.runs = 0;
    options_.adapter = "pad:0";
  }
  std::string refusal() {
    const auto done = convert(options_);
    return done ? "" : done.error().message;
  }
  fs::path folder_;
  ConvertOptions options_;
};

TEST_F(Adapt, BoxesAndMapsAreToldInTheImageThatCame) {
  options_.output_kinds = {"boxes=xyxy", "scores=none", "map=mask"};
  const auto done = convert(options_);
  ASSERT_TRUE(done) << done.error().message;
  for (const Finding& finding : done->report.findings) EXPECT_NE(finding.id, "output_kind_unknown");
  auto artifact = Artifact::open(options_.output);
  ASSERT_TRUE(artifact) << artifact.error().message;
  struct Case {
    int64_t height, width;
  };
  for (const auto [height, width] :
       {Case{96, 128}, Case{64, 100}, Case{192, 256}, Case{400, 100}}) {
    const int64_t l = width / 5, t = height / 6, r = width * 3 / 4, b = height / 2;
    const std::vector<Tensor> inputs = {bright(height, width, l, t, r, b)};
    const auto outputs = artifact->run(inputs);
    ASSERT_TRUE(outputs) << outputs.error().message;
    const auto box = (*outputs)[0].values<float>();
    const double scale =
        std::max({1.0, static_cast<double>(width) / 128, static_cast<double>(height) / 96});
    const int64_t expected[] = {l, t, r, b};
    for (size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(box[i], static_cast<double>(expected[i]), scale > 1 ? scale : 0)
          << width << " " << i;
    EXPECT_EQ((*outputs)[2].shape(), (Shape{1, 1, height / 2, width / 2}));
  }
}

TEST_F(Adapt, WhatNobodySaidIsAFindingWithAProposal) {
  options_.output_kinds = {"scores=none"};
  const auto done = convert(options_);
  ASSERT_TRUE(done) << done.error().message;
  const auto& findings = done->report.findings;
  const auto found = std::ranges::find(findings, "output_kind_unknown", &Finding::id);
  ASSERT_NE(found, findings.end());
  EXPECT_THAT(found->evidence, HasSubstr("--output-kind boxes=xyxy --output-kind map=mask@-2"));
  EXPECT_THAT(found->cause, HasSubstr("'boxes', 'map'"));
  auto artifact = Artifact::open(options_.output);
  ASSERT_TRUE(artifact);
  // Nothing is applied before it is confirmed.
  const std::vector<Tensor> inputs = {bright(64, 100, 10, 10, 60, 40)};
  EXPECT_EQ(artifact->run(inputs).value()[2].shape(), (Shape{1, 1, 48, 64}));
}

TEST_F(Adapt, SaysWhatDoesNotFit) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> kKinds = {
      {{"box=xyxy"}, "there is no output 'box'"},
      {{"boxes=square"}, "expected none, mask"},
      {{"boxes=xyxy", "boxes=xywh"}, "given twice"},
      {{"scores=xyxy"}, "needed are 4"}};
  for (const auto& [kinds, message] : kKinds) {
    options_.output_kinds = kinds;
    EXPECT_THAT(refusal(), HasSubstr(message));
  }
  options_.output_kinds = {};
  for (const auto& [text, message] :
       {std::pair("crop", "expected pad"), std::pair("pad:grey", "expected pad"),
        std::pair("y=pad", "there is no input 'y'")}) {
    options_.adapter = text;
    EXPECT_THAT(refusal(), HasSubstr(message));
  }
  options_.adapter = "";
  options_.output_kinds = {"boxes=xyxy"};
  EXPECT_THAT(refusal(), HasSubstr("belong to --adapter"));
}

TEST_F(Adapt, AnInputOfTheImagesSizeMustBeExplained) {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 13]>
    net (float[1, 3, 8, 8] image, int64[1, 8, 8] seen) => (float[1, 3, 8, 8] y) {
      f = Cast <to = 1> (seen) y = Mul(image, f) })");
  ASSERT_TRUE(model && save_model(**model, options_.model));
  options_.data.reset();
  EXPECT_THAT(refusal(), HasSubstr("--mask-input seen=valid"));
  options_.mask_inputs = {"seen=here"};
  EXPECT_THAT(refusal(), HasSubstr("NAME=valid"));
  options_.mask_inputs = {"seen"};
  options_.output_kinds = {"y=mask"};
  EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace acuate
