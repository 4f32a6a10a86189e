// What other tools fell into, one model each: all that must hold for any model holds for it, on the
// engine, with two sets of dimensions. Models that the engine itself refuses stand in the tests of
// the rooms.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <onnx/defs/parser.h>

#include "property/random.h"
#include "property/shrink.h"

namespace acuate::property {
namespace {

struct Trap {
  const char* name;
  const char* text;  // after the header
  int64_t opset = 17;
  int64_t ir_version = 8;
};

void PrintTo(const Trap& trap, std::ostream* out) { *out << trap.name; }

const Trap kTraps[] = {
    {"WeightsUsedOnlyInsideAnIfBody",
     R"(g (float[N, 3] x, bool c) => (float[N, 2] y) <float[3, 2] w = {1, 2, 3, 4, 5, 6}, float[2] b = {1, -1}> {
       y = If (c) <then_branch = t () => (float[N, 2] a) { a = MatMul (x, w) },
                   else_branch = e () => (float[N, 2] d) { m = MatMul (x, w) d = Add (m, b) }>
     })"},
    {"WeightsOfABodyWithinABody",
     R"(g (float[N, 2] x, bool c) => (float[N, 2] y) <float[2] w = {2, 3}> {
       y = If (c) <then_branch = t () => (float[N, 2] a) {
                     a = If (c) <then_branch = tt () => (float[N, 2] aa) { aa = Mul (x, w) },
                                 else_branch = te () => (float[N, 2] ab) { ab = Add (x, w) }> },
                   else_branch = e () => (float[N, 2] d) <float[2] v = {4, 5}> { d = Sub (x, v) }>
     })"},
    {"TiedWeightsScaledForOneUser",
     R"(g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y, float[N, 2, 4, 4] z)
       <float[2, 2, 1, 1] w = {1, 2, 3, 4}, float[2, 1, 1] s = {2, 3}> {
       a = Conv (x, w) y = Mul (a, s) z = Conv (y, w)
     })"},
    {"TiedWeightsBehindOneTranspose",
     R"(g (float[N, 3] x) => (float[N, 2] y, float[N, 2] z) <float[2, 3] w = {1, 2, 3, 4, 5, 6}> {
       t = Transpose <perm = [1, 0]> (w) y = MatMul (x, t) r = Relu (x) z = MatMul (r, t)
     })"},
    {"BatchNormBehindASecondUse",
     R"(g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] y, float[N, 2, 4, 4] z)
       <float[2, 2, 1, 1] w = {1, 2, 3, 4}, float[2] s = {1.5, 0.5}, float[2] b = {0.1, 0.2}, float[2] m = {0.3, -0.3}, float[2] v = {1, 2}> {
       a = Conv (x, w) y = BatchNormalization (a, s, b, m, v) z = Relu (a)
     })"},
    {"BatchNormOfAGraphOutput",
     R"(g (float[N, 2, 4, 4] x) => (float[N, 2, 4, 4] a, float[N, 2, 4, 4] y)
       <float[2, 2, 1, 1] w = {1, 2, 3, 4}, float[2] s = {1.5, 0.5}, float[2] b = {0.1, 0.2}, float[2] m = {0.3, -0.3}, float[2] v = {1, 2}> {
       a = Conv (x, w) y = BatchNormalization (a, s, b, m, v)
     })"},
    {"BatchNormUsedInABody",
     R"(g (float[N, 2, 4, 4] x, bool c) => (float[N, 2, 4, 4] y, float[N, 2, 4, 4] z)
       <float[2, 2, 1, 1] w = {1, 2, 3, 4}, float[2] s = {1.5, 0.5}, float[2] b = {0.1, 0.2}, float[2] m = {0.3, -0.3}, float[2] v = {1, 2}> {
       a = Conv (x, w) y = BatchNormalization (a, s, b, m, v)
       z = If (c) <then_branch = t () => (float[N, 2, 4, 4] p) { p = Relu (a) }, else_branch = e () => (float[N, 2, 4, 4] q) { q = Neg (a) }>
     })"},
    {"DynamicOutputStaysDynamic",
     R"(g (float[N, 4] x) => (float[N, 2, 2] y) <int64[1] zero = {0}, int64[2] rest = {2, 2}> {
       s = Shape (x) n = Gather <axis = 0> (s, zero) t = Concat <axis = 0> (n, rest) y = Reshape (x, t)
     })"},
    {"ReshapeWithZeroAndMinusOne",
     R"(g (float[N, 3, 4] x) => (float[N, K] y, float[N, L, 2] z, float[A, B] p)
       <int64[2] a = {0, -1}, int64[3] b = {0, -1, 2}, int64[2] c = {-1, 3}> {
       y = Reshape (x, a) z = Reshape (x, b) m = Reshape (x, a) t = Transpose (m) p = Reshape (t, c)
     })"},
    {"ReshapeOfNothing",
     R"(g (float[0, 3] x) => (float[A, B] y, float[C, D] z) <int64[2] a = {3, 0}, int64[2] b = {1, 0}> {
       y = Reshape <allowzero = 1> (x, a) z = Reshape (y, b) q = Relu (z)
     })"},
    {"ReshapeTwiceWhereZeroMeansTheFirstShape",
     R"(g (float[N, 6] x) => (float[A, B, C] y) <int64[3] a = {0, 2, 3}, int64[3] b = {-1, 0, 3}> {
       m = Reshape (x, a) y = Reshape (m, b)
     })"},
    {"NamesWithQuotesNewlinesAndColons",
     R"(g (float[N] "a \"b\"\n::c") => (float[N] "::") <float[1] "\\" = {2}> {
       ["first \"node\""] "x::then_branch::y" = Mul ("a \"b\"\n::c", "\\")
       ["first::node"] "\t" = Identity ("x::then_branch::y")
       "::" = Relu ("\t")
     })"},
    {"NodesWithoutNames",
     R"(g (float[N] x) => (float[N] y) { a = Identity (x) b = Relu (a) c = Identity (b) d = Relu (c) y = Identity (d) })"},
    {"BranchesThatUseTheSameNames",
     R"(g (float[N] x, bool c) => (float[N] y) {
       y = If (c) <then_branch = t () => (float[N] out) { m = Relu (x) out = Neg (m) },
                   else_branch = e () => (float[N] out) { m = Neg (x) out = Relu (m) }>
     })"},
    {"NamesOfABodyThatComeLaterOutside",
     R"(g (float[N] x, bool c) => (float[N] y) {
       a = If (c) <then_branch = t () => (float[N] p) { late = Relu (x) p = Identity (late) },
                   else_branch = e () => (float[N] q) { q = Neg (x) }>
       late = Identity (a) y = Neg (late)
     })"},
    {"InitializersThatAreInputs",
     R"(g (float[N, 2] x, float[2] w, float[2] b) => (float[N, 2] y) <float[2] w = {1, 1}, float[2] b = {0, 0}> {
       a = Mul (x, w) n = Neg (b) c = Neg (n) y = Add (a, c)
     })"},
    {"InitializersThatAreInputsOfIrVersion3",
     R"(g (float[N, 2] x, float[2] w, int64[1] axis) => (float[N, 2] y) <float[2] w = {1, 1}, int64[1] axis = {0}> {
       t = Identity (w) a = Mul (x, t) y = Relu (a)
     })",
     8, 3},
    {"FunctionNamedAsItsNode",
     R"(g (float[N] x) => (float[N] y) { [Twice] a = local.Twice (x) [add] y = local.Twice (a) }
       <domain: "local", opset_import: ["" : 17]>
       Twice (x) => (y) { [Twice] y = Add (x, x) })"},
    {"FunctionNamedAsAStandardOperator",
     R"(g (float[N] x) => (float[N] y) { a = local.Identity (x) y = local.Identity (a) }
       <domain: "local", opset_import: ["" : 17]>
       Identity (x) => (y) { y = Neg (x) })"},
    {"OutputThatIsAnInput",
     R"(g (float[N] x) => (float[N] x, float[N] y) { a = Identity (x) y = Identity (a) })"},
    {"OutputThatIsAnInitializer",
     R"(g (float[N] x) => (float[2] w, float[N] y) <float[2] w = {1, 2}, float[1] v = {3}> { y = Mul (x, v) })"},
    {"OutputsThatAreFoldedConstants",
     R"(g (float[N] x) => (float[2] p, float[2] q, float[N] y) <float[2] w = {1, 2}> {
       p = Neg (w) q = Identity (w) y = Relu (x)
     })"},
    {"OutputInTheMiddleOfWhatGoes",
     R"(g (float[N] x) => (float[N] a, float[N] y) { a = Identity (x) b = Identity (a) y = Identity (b) })"},
    {"TwoOutputsOfOneValue",
     R"(g (float[N] x) => (float[N] y, float[N] z) { a = Relu (x) y = Identity (a) z = Identity (a) })"},
    {"DuplicateNodesThatAreOutputs",
     R"(g (float[N] x) => (float[N] y, float[N] z) { y = Relu (x) z = Relu (x) })"},
    {"NegativeZero",
     R"(g (float[N] x) => (float[N] y) <float zero = {0}> { a = Mul (x, zero) y = Add (a, zero) })"},
    {"ConditionThatIsConstant",
     R"(g (float[N] x) => (float[N] y) <bool c = {1}, float[1] w = {3}> {
       y = If (c) <then_branch = t () => (float[N] a) { m = Mul (x, w) a = Relu (m) },
                   else_branch = e () => (float[N] b) { b = Identity (x) }>
     })"},
    {"BranchesOfDifferentShapes",
     R"(g (float[N, 2] x, bool c) => (float[A, B] y) <int64[2] flat = {1, -1}> {
       y = If (c) <then_branch = t () => (float[A, B] a) { a = Reshape (x, flat) },
                   else_branch = e () => (float[A, B] b) { b = Identity (x) }>
       r = Shape (y)
     })"},
    {"LoopWhoseValueGrows",
     R"(g (float[N] x) => (float[M] y) <int64 trips = {3}, bool go = {1}> {
       y = Loop (trips, go, x) <body = b (int64 i, bool on, float[K] v) => (bool off, float[L] w) {
         off = Identity (on) w = Concat <axis = 0> (v, v) }>
     })"},
    {"OptionalInputsLeftOut",
     R"(g (float[N] x) => (float[N] y) <float high = {0.5}> { y = Clip (x, , high) })"},
    {"ScalarAndVectorOfOne",
     R"(g (float[N] x, float s) => (float[N] y, float[1] z) <float[1] one = {1}> {
       z = Mul (s, one) y = Mul (x, z)
     })"},
    {"MultiplyByOneThatBroadcasts",
     R"(g (float[N] x) => (float[1, N] y) <float[1, 1] one = {1}> { y = Mul (x, one) })"},
    {"ExpandThatBroadcastsBothWays",
     R"(g (float[N, 1] x) => (float[N, 3] y) <int64[2] to = {1, 3}> { y = Expand (x, to) })"},
    {"SliceBeyondTheEnd",
     R"(g (float[N, 4] x) => (float[N, A] y) <int64[1] from = {1}, int64[1] to = {9223372036854775807}, int64[1] axis = {1}> {
       a = Slice (x, from, to, axis) y = Slice (a, from, to, axis)
     })"},
    {"CastThatLosesBits",
     R"(g (float[N] x) => (float[N] y) { a = Cast <to = 6> (x) y = Cast <to = 1> (a) })"},
    {"TransposesOfSizesThatAreOne",
     R"(g (float[N, 1, 3] x) => (float[A, B, C] y) { a = Transpose <perm = [1, 0, 2]> (x) b = Relu (a) y = Transpose <perm = [1, 0, 2]> (b) })"},
};

Tensor values_of(const onnx::ValueInfoProto& input, int64_t named_dim, Random& random) {
  const auto& type = input.type().tensor_type();
  Shape shape;
  for (const auto& dim : type.shape().dim())
    shape.push_back(dim.has_dim_value() ? dim.dim_value() : named_dim);
  Tensor tensor = Tensor::allocate(static_cast<ElementType>(type.elem_type()), shape);
  if (tensor.type() == ElementType::Float)
    for (float& x : tensor.mutable_values<float>())
      x = static_cast<float>(random.between(-8, 8)) / 4;
  if (tensor.type() == ElementType::Bool)
    for (std::byte& x : tensor.mutable_bytes()) x = std::byte(named_dim % 2);
  return tensor;
}

class TrapTest : public testing::TestWithParam<Trap> {};

TEST_P(TrapTest, IsAvoided) {
  const Trap& trap = GetParam();
  const std::string text =
      fmt::format("<ir_version: {}, opset_import: [\"\" : {}, \"local\" : 1]>\n{}", trap.ir_version,
                  trap.opset, trap.text);
  Case made;
  made.tame = true;
  made.largest = 100;
  onnx::OnnxParser parser(text.c_str());
  const auto status = parser.Parse(made.model);
  ASSERT_TRUE(status.IsOK()) << status.ErrorMessage();
  Random random(1);
  for (const auto& input : made.model.graph().input()) {
    made.inputs[input.name()] = values_of(input, 2, random);
    made.other_inputs[input.name()] = values_of(input, 3, random);
  }
  const Verdict verdict = check(made);
  ASSERT_TRUE(verdict.is_valid) << "the engine refuses it";
  EXPECT_TRUE(verdict.other_runs);
  if (verdict.failure) ADD_FAILURE() << describe(made, *verdict.failure);
}

INSTANTIATE_TEST_SUITE_P(Traps, TrapTest, testing::ValuesIn(kTraps),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace acuate::property
