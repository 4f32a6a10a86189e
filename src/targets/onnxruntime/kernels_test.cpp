#include "targets/onnxruntime/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/model.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {
using testing::HasSubstr;

std::vector<Refusal> refusals(const Model& model) {
  auto found = resolve_target("onnxruntime")->backend->probe(model);
  EXPECT_TRUE(found) << found.error().message;
  return std::move(*found);
}

std::unique_ptr<Model> net(std::string_view text) {
  auto model = parse_text_model(text);
  EXPECT_TRUE(model) << model.error().message;
  return std::move(*model);
}

TEST(OnnxRuntimeKernels, TellsTypesWithoutAKernel) {
  const auto model = net(R"(<ir_version: 8, opset_import: ["" : 13]>
    n (uint16[2] x, uint16[2] s, float[2] f) => (uint16[2] y, float[2] g) {
      y = BitShift<direction = "LEFT">(x, s) g = Relu(f) })");
  const auto found = refusals(*model);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].node, model->graph().first());
  EXPECT_EQ(found[0].reason.id, "unsupported_type");
  EXPECT_THAT(found[0].reason.message, HasSubstr("no kernel for BitShift of opset 13"));
  EXPECT_THAT(found[0].reason.evidence, HasSubstr("uint16, uint16"));
}

TEST(OnnxRuntimeKernels, TellsAttributesThatAKernelRefuses) {
  const auto model = net(R"(<ir_version: 8, opset_import: ["" : 14]>
    n (float[1,3,2] x, float[1,5,2] w, float[1,5,5] r) => (float[1,3,1,5] y) {
      y = RNN<hidden_size = 5, layout = 1>(x, w, r) })");
  const auto found = refusals(*model);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].reason.id, "unsupported_attribute");
}

TEST(OnnxRuntimeKernels, TellsNodesOfBodiesOnTheirOwner) {
  const auto model = net(R"(<ir_version: 8, opset_import: ["" : 13]>
    n (bool c, uint16[2] x) => (uint16[2] y) {
      y = If(c) <then_branch = t () => (uint16[2] u) { u = BitShift<direction = "LEFT">(x, x) },
                 else_branch = e () => (uint16[2] v) { v = Identity(x) }> })");
  const auto found = refusals(*model);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].node->op_type(), "If");
}

TEST(OnnxRuntimeKernels, SaysNothingWhereTypesAreNotKnown) {
  const auto model = net(R"(<ir_version: 8, opset_import: ["" : 13]>
    n (uint16[2] x) => (uint16[2] y) { a = Identity(x) y = BitShift<direction = "LEFT">(a, a) })");
  EXPECT_TRUE(refusals(*model).empty());  // `a` was not inferred
}

TEST(OnnxRuntimeKernels, SmallConstantsAreThere) {
  const auto model = net(R"(<ir_version: 8, opset_import: ["" : 13]>
    n (float[1,512] x) => (float[2,512] y) <int64[2] s = {2, 512}> {
      y = Expand(x, s) })");
  EXPECT_TRUE(refusals(*model).empty());
}

}  // namespace
}  // namespace acuate
