#include "shape/test_support.h"

namespace acuate {
namespace {

TEST(ControlFlowRules, BranchesHaveWhatIsCommon) {
  const Inferred m(R"((float[n,h] x, float[n,w] z, bool c) => (float[] y) {
    y = If (c) <then_branch = t () => (float[] a) { a = Relu(x) }, else_branch = e () => (float[] b) { b = Relu(z) }> })");
  EXPECT_EQ(m.type("y"), "float32[n, ?'y'.1]");
}

TEST(ControlFlowRules, AKnownConditionDecides) {
  const Inferred m(R"((float[n,3] x) => (float[] y) <int64 one = {1}, int64 three = {3}> {
    s = Shape(x) d = Gather(s, one) c = Equal(d, three)
    y = If (c) <then_branch = t () => (float[] a) { a = Relu(x) }, else_branch = e () => (float[] b) { b = Flatten(x) }> })");
  EXPECT_EQ(m.type("y"), "float32[n, 3]");
}

TEST(ControlFlowRules, LoopsLoosenWhatTheyCarry) {
  const Inferred m(R"((float[n,h] x, int64 count) => (float[] y) {
    c = Constant<value = bool {1}>()
    y, scan = Loop (count, c, x) <body = b (int64 i, bool go, float[] v) => (bool on, float[] next, float[] each) {
      on = Identity(go) next = Concat<axis=1>(v, x) each = Relu(x) }> })");
  EXPECT_EQ(m.type("y"), "float32[n, ?'y'.1]");
  EXPECT_EQ(m.type("scan"), "float32[?'scan'.0, n, h]");
}

TEST(ControlFlowRules, ALoopOfKnownLength) {
  const Inferred m(R"((float[n,h] x) => (float[] y) <int64 five = {5}> {
    c = Constant<value = bool {1}>()
    y, scan = Loop (five, c, x) <body = b (int64 i, bool go, float[] v) => (bool on, float[] next, float[] each) {
      on = Identity(go) next = Relu(v) each = Relu(v) }> })");
  EXPECT_EQ(m.type("y"), "float32[n, h]");
  EXPECT_EQ(m.type("scan"), "float32[5, n, h]");
}

// ONNX Runtime hands the number of the run in as the body declares it.
TEST(ControlFlowRules, ALoopsCounterMayBeAListOfOne) {
  const Inferred m(R"((float[2] x, int64 count) => (float[] y) {
    y, rows = Loop (count, , x) <body = b (int64[1] i, bool[1] go, float[2] v) => (bool on, float[2] next, int64[] each) {
      on = Identity(go) next = Relu(v) each = Add(i, i) }> })");
  EXPECT_EQ(m.type("rows"), "int64[?'rows'.0, 1]");
  EXPECT_EQ(m.type("y"), "float32[2]");
}

TEST(ControlFlowRules, ScanTakesOneStepAtATime) {
  const Inferred m(R"((float[h] s, float[t,n,h] xs) => (float[] y) {
    y, ys = Scan<num_scan_inputs = 1, body = b (float[] state, float[] x) => (float[] next, float[] out) {
      next = Identity(state) out = Add(x, state) }> (s, xs) })");
  EXPECT_EQ(m.type("y"), "float32[h]");
  EXPECT_EQ(m.type("ys"), "float32[t, n, h]");
}

}  // namespace
}  // namespace acuate
