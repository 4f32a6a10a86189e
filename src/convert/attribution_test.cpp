#include "convert/attribution.h"

#include <gtest/gtest.h>

#include "onnx_io/text_form.h"
#include "shape/infer.h"

namespace acuate {
namespace {

// [stem] Conv → Relu → [head] Conv → Add with the stem's Relu.
std::unique_ptr<Model> network() {
  auto model = parse_text_model(R"(<ir_version: 8, opset_import: ["" : 17]>
net (float[1,1,4,4] x) => (float[1,1,4,4] y)
<float[1,1,3,3] w = {1,1,1,1,1,1,1,1,1}, float[1,1,1,1] v = {2}> {
  [stem] c = Conv<pads = [1,1,1,1]>(x, w)
  [relu] r = Relu(c)
  [head] h = Conv(r, v)
  [add] s = Add(h, r)
  [neg] y = Neg(s)
})");
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  infer_shapes(**model);
  return std::move(*model);
}

KernelRecord kernel(const char* node, std::vector<std::string> origins = {}) {
  KernelRecord record;
  record.node = node;
  record.origins = std::move(origins);
  return record;
}

// `stem:1` or `stem:0.9 head:0.1`, one text for each kernel.
std::vector<std::string> shares_of(std::vector<KernelRecord> kernels) {
  Profile profile;
  profile.kernels = std::move(kernels);
  const auto model = network();
  std::vector<std::string> out;
  for (const auto& shares : attribute_kernels(model->graph(), profile)) {
    std::string& text = out.emplace_back();
    for (const KernelShare& share : shares)
      text += fmt::format("{}{}:{}", text.empty() ? "" : " ", share.node->name(), share.part);
  }
  return out;
}

using testing::ElementsAre;

TEST(Attribution, NamesAreFreedOfWhatEnginesAppend) {
  EXPECT_EQ(without_engine_suffix("conv_nchwc"), "conv");
  EXPECT_EQ(without_engine_suffix("conv_token_12"), "conv");
  EXPECT_EQ(without_engine_suffix("conv_quant"), "conv");
  EXPECT_EQ(without_engine_suffix("conv"), "conv");
}

TEST(Attribution, AFusionIsNamedAfterItsLastNodeAndCountsToAll) {
  // FusedConv(stem + relu), Conv(head), Add, Neg.
  EXPECT_THAT(shares_of({kernel("relu"), kernel("head_nchwc"), kernel("add"), kernel("neg")}),
              ElementsAre("relu:0 stem:1", "head:1", "add:1", "neg:1"));
  // Or after the tensor that it makes.
  EXPECT_THAT(shares_of({kernel("r_nchwc"), kernel("head"), kernel("add"), kernel("neg")}),
              ElementsAre("relu:0 stem:1", "head:1", "add:1", "neg:1"));
  // And where it is named after its first: what nobody else names and only it feeds.
  EXPECT_THAT(shares_of({kernel("stem"), kernel("head"), kernel("neg")}),
              ElementsAre("stem:1 relu:0", "head:1", "neg:0.5 add:0.5"));
}

TEST(Attribution, WhatTwoKernelsReadIsNotTakenByOne) {
  // The Relu is read by head and add.
  EXPECT_THAT(shares_of({kernel("stem"), kernel("head"), kernel("add"), kernel("neg")}),
              ElementsAre("stem:1 relu:0", "head:1", "add:1", "neg:1"));
}

TEST(Attribution, OriginsAreBelieved) {
  // 144 of the 160 multiply-accumulates are the stem's.
  EXPECT_THAT(shares_of({kernel("whatever", {"stem", "head", "no such node"})})[0],
              testing::StartsWith("stem:0.9 head:0.1"));
}

TEST(Attribution, QuantizingATensorCountsToWhoMakesIt) {
  EXPECT_THAT(shares_of({kernel("r_QuantizeLinear"), kernel("x_QuantizeLinear")}),
              ElementsAre(testing::StartsWith("relu:"), "stem:1"));
}

TEST(Attribution, KernelsOfNoNodeHaveNone) {
  EXPECT_THAT(shares_of({kernel("Reorder_x")}), ElementsAre(""));
}

}  // namespace
}  // namespace acuate
