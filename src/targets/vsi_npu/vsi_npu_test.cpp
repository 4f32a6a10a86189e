#include <set>

#include <gtest/gtest.h>

#include "graph/model.h"
#include "targets/quantization_test_support.h"
#include "targets/table.h"

namespace acuate {
namespace {

using testing::HasSubstr;

// A model built here, whose values have types as inference would give them.
class VsiNpu : public testing::Test {
 protected:
  Value* value(const std::string& name, ElementType element, const std::vector<std::string>& dims) {
    Value* made = model.graph().add_value(model.intern(name));
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = element;
    type.shape.emplace();
    for (const std::string& dim : dims) {
      const bool is_number = dim.find_first_not_of("0123456789") == dim.npos;
      type.shape->push_back(is_number ? Dim{std::stoll(dim), {}} : Dim{-1, model.intern(dim)});
    }
    model.graph().set_type(*made, type);
    return made;
  }
  Value* floats(const std::string& name, const std::vector<std::string>& dims) {
    return value(name, ElementType::Float, dims);
  }
  Value* constant(const std::string& name, std::vector<int64_t> values) {
    Value* made = model.graph().add_value(model.intern(name));
    const Shape shape = {static_cast<int64_t>(values.size())};
    model.graph().set_initializer(*made,
                                  Tensor::of<int64_t>(shape, std::span<const int64_t>(values)));
    return made;
  }
  Node* node(const std::string& op, std::vector<Value*> inputs, std::vector<Value*> outputs,
             const std::string& domain = "") {
    return model.graph().add_node(model.intern(op), model.intern(domain), model.intern("n"), inputs,
                                  outputs);
  }
  std::set<std::string> ids(const Node* node) {
    std::set<std::string> found;
    for (const Reason& reason : target.why_not(*node)) found.insert(reason.id);
    return found;
  }
  using Ids = std::set<std::string>;
  Model model;
  Target target = *resolve_target("vsi-npu");
};

TEST_F(VsiNpu, DiagnosesAndSimulates) {
  const TargetStatus status = target.status();
  EXPECT_TRUE(status.diagnose.available);
  EXPECT_EQ(status.diagnose.file, "built in");
  EXPECT_FALSE(status.build.available);
  EXPECT_FALSE(status.run.available);
  EXPECT_THAT(status.run.reason, HasSubstr("acuate export --acuity"));
}

TEST_F(VsiNpu, TakesAStaticConvolution) {
  const Node* conv =
      node("Conv", {floats("x", {"1", "3", "8", "8"}), floats("w", {"4", "3", "3", "3"})},
           {floats("y", {"1", "4", "6", "6"})});
  EXPECT_EQ(ids(conv), Ids());
}

TEST_F(VsiNpu, RefusesDynamicShapesAndNamesThem) {
  const Node* relu = node("Relu", {floats("x", {"1", "p2o.DynamicDimension.0", "8"})},
                          {floats("y", {"1", "h", "8"})});
  const auto reasons = target.why_not(*relu);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].id, "dynamic_shape");
  EXPECT_TRUE(reasons[0].blocks);
  EXPECT_THAT(reasons[0].evidence, HasSubstr("'x' float32[1, p2o.DynamicDimension.0, 8]"));
  EXPECT_THAT(reasons[0].evidence, HasSubstr("'y'"));
}

TEST_F(VsiNpu, UnknownShapesAreNotTakenForStatic) {
  EXPECT_EQ(ids(node("Relu", {model.graph().add_value("x")}, {floats("y", {"1"})})),
            Ids{"dynamic_shape"});
}

TEST_F(VsiNpu, UsesInferredTypesOfTheCaller) {
  Value* x = model.graph().add_value("x");
  const Node* relu = node("Relu", {x}, {floats("y", {"1"})});
  NodeContext context;
  context.type_of = [&](const Value& asked) -> std::optional<ValueType> {
    if (&asked != x) return std::nullopt;
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = ElementType::Float;
    type.shape = {{Dim{1, {}}}};
    return type;
  };
  EXPECT_TRUE(target.why_not(*relu, context).empty());
}

TEST_F(VsiNpu, RefusesHighRanks) {
  EXPECT_EQ(ids(node("Transpose", {floats("a", {"1", "1", "1", "1", "1", "2"})},
                     {floats("b", {"1", "1", "1", "1", "1", "2"})})),
            Ids());
  EXPECT_EQ(ids(node("Transpose", {floats("x", {"1", "1", "1", "1", "1", "2", "2"})},
                     {floats("y", {"1", "1", "1", "1", "1", "2", "2"})})),
            Ids{"rank_too_high"});
  // The row of the operator has its own limit.
  EXPECT_EQ(ids(node("AveragePool", {floats("p", {"1", "1", "2", "2", "2"})},
                     {floats("q", {"1", "1", "1", "1", "1"})})),
            Ids{"rank_too_high"});
}

TEST_F(VsiNpu, RefusesControlFlow) {
  const Node* branch = node("If", {value("c", ElementType::Bool, {"1"})}, {floats("y", {"1"})});
  EXPECT_EQ(ids(branch), Ids{"control_flow"});
}

TEST_F(VsiNpu, RefusesSizesThatFollowFromValues) {
  EXPECT_EQ(
      ids(node("NonZero", {floats("x", {"4"})}, {value("i", ElementType::Int32, {"1", "n"})})),
      (Ids{"data_dependent_shape", "dynamic_shape"}));
  const std::vector<Value*> inputs = {floats("boxes", {"1", "8", "4"}),
                                      floats("scores", {"1", "2", "8"})};
  EXPECT_EQ(ids(node("NonMaxSuppression", inputs, {value("k", ElementType::Int64, {"n", "3"})})),
            (Ids{"data_dependent_shape", "dynamic_shape", "int64_narrowed"}));
}

TEST_F(VsiNpu, RefusesComputedShapesButTakesConstantOnes) {
  Value* x = floats("x", {"1", "12"});
  EXPECT_EQ(ids(node("Reshape", {x, constant("s", {3, 4})}, {floats("y", {"3", "4"})})), Ids());
  const Node* computed =
      node("Reshape", {x, value("t", ElementType::Int64, {"2"})}, {floats("z", {"3", "4"})});
  EXPECT_EQ(ids(computed), (Ids{"data_dependent_shape", "int64_narrowed"}));
  EXPECT_EQ(target.why_not(*computed)[0].evidence, "computed: 't'");
}

TEST_F(VsiNpu, RefusesTypesItDoesNotComputeIn) {
  const Node* relu = node("Relu", {value("x", ElementType::Double, {"2"})},
                          {value("y", ElementType::Double, {"2"})});
  EXPECT_EQ(ids(relu), Ids{"unsupported_type"});
  EXPECT_THAT(target.why_not(*relu)[0].evidence, HasSubstr("'x' float64[2]"));
}

TEST_F(VsiNpu, SaysThat64BitIntegersBecomeNarrow) {
  const Node* add = node("Add", {value("x", ElementType::Int64, {"2"}), constant("c", {1, 2})},
                         {value("y", ElementType::Int64, {"2"})});
  const auto reasons = target.why_not(*add);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].id, "int64_narrowed");
  EXPECT_FALSE(reasons[0].blocks);
  EXPECT_THAT(reasons[0].evidence, testing::Not(HasSubstr("'c'")));
}

TEST_F(VsiNpu, WhatTheTableDoesNotNameIsUnknown) {
  EXPECT_EQ(ids(node("Det", {floats("x", {"2", "2"})}, {floats("y", {})})), Ids{"unknown_support"});
  EXPECT_EQ(ids(node("Conv", {floats("a", {"1", "1", "2", "2"})},
                     {floats("b", {"1", "1", "2", "2"})}, "my.domain")),
            Ids{"unknown_support"});
  EXPECT_EQ(ids(node("Round", {floats("c", {"2"})}, {floats("d", {"2"})})),
            Ids{"unsupported_operator"});
}

TEST_F(VsiNpu, AttributesOutsideTheRowAreRefused) {
  Node* nearest =
      node("Resize", {floats("x", {"1", "1", "2", "2"})}, {floats("y", {"1", "1", "4", "4"})});
  EXPECT_EQ(ids(nearest), Ids{"slow_on_target"});
  nearest->set_attribute(encode_attribute("mode", std::string_view("linear")));
  EXPECT_EQ(ids(nearest), Ids{"slow_on_target"});
  nearest->set_attribute(encode_attribute("mode", std::string_view("cubic")));
  EXPECT_EQ(ids(nearest), Ids{"unsupported_attribute"});
  EXPECT_THAT(target.why_not(*nearest)[0].evidence, HasSubstr("mode is cubic"));
}

// Stride 1 and kernels up to 15 are for the convolution engine; the kernel is read off the weights.
TEST_F(VsiNpu, SaysWhichConvolutionsAreSlow) {
  const auto conv = [&](const std::string& kernel) {
    return node("Conv",
                {floats("x" + kernel, {"1", "3", "32", "32"}),
                 floats("w" + kernel, {"4", "3", kernel, kernel})},
                {floats("y" + kernel, {"1", "4", "8", "8"})});
  };
  EXPECT_EQ(ids(conv("16")), Ids{"slow_on_target"});
  Node* strided = conv("3");
  EXPECT_EQ(ids(strided), Ids());
  const int64_t strides[] = {1, 2};
  strided->set_attribute(encode_attribute("strides", std::span<const int64_t>(strides)));
  const auto reasons = target.why_not(*strided);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].id, "slow_on_target");
  EXPECT_FALSE(reasons[0].blocks);
  EXPECT_THAT(reasons[0].evidence, HasSubstr("strides is [1, 2]"));
}

TEST_F(VsiNpu, TopKAlongTheLastAxisOnly) {
  Node* top = node("TopK", {floats("x", {"2", "8"}), constant("k", {3})},
                   {floats("v", {"2", "3"}), value("i", ElementType::Int32, {"2", "3"})});
  for (const int64_t axis : {-1, 1}) {
    top->set_attribute(encode_attribute("axis", axis));
    EXPECT_EQ(ids(top), Ids()) << axis;
  }
  top->set_attribute(encode_attribute("axis", int64_t{0}));
  EXPECT_EQ(ids(top), Ids{"unsupported_attribute"});
}

TEST_F(VsiNpu, EveryReasonAtOnce) {
  const Node* node_ =
      node("Round", {value("x", ElementType::Double, {"n", "1", "1", "1", "1", "1", "1"})},
           {floats("y", {"1"})});
  EXPECT_EQ(ids(node_),
            (Ids{"dynamic_shape", "rank_too_high", "unsupported_operator", "unsupported_type"}));
}

TEST_F(VsiNpu, ReasonsAreOfTheDeclaredSetAndTheTableCitesItsSources) {
  const auto table = parse_table(embedded_table("vsi_npu"), "built in");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_GT(table->operators.size(), 90u);
  for (const auto& [name, row] : table->operators) EXPECT_FALSE(row.sources.empty()) << name;
}

TEST(VsiNpuQuantization, EveryTensorBetweenOperatorsHasOneScale) {
  auto net = typed_model(kResidual);
  const auto plan = plan_of(*net, "vsi_npu");
  // c and s are inside fused kernels; f has the grid of t.
  EXPECT_EQ(activations_of(plan), "x:u8 r:u8 h:u8 t:u8 g:u8 y:u8");
  EXPECT_EQ(weights_of(plan), "w:u8/-1 v:u8/-1 m:u8/-1");
  const auto fixed = plan_of(*net, "vsi_npu", {"dfp16", {}, {}});
  EXPECT_EQ(activations_of(fixed), "x:dfp16 r:dfp16 h:dfp16 t:dfp16 g:dfp16 y:dfp16");
  EXPECT_EQ(weights_of(fixed), "w:dfp16/-1 v:dfp16/-1 m:dfp16/-1");
}

TEST(VsiNpuQuantization, WhatIsExcludedIsReadInFloat) {
  auto net = typed_model(kResidual);
  const auto plan = plan_of(*net, "vsi_npu", {"", {"@g"}, {}});
  EXPECT_EQ(activations_of(plan), "x:u8 r:u8 h:u8 t:u8 g:u8 y:u8");  // g is what Softmax reads
  EXPECT_EQ(weights_of(plan), "w:u8/-1 v:u8/-1");
}

TEST(VsiNpuQuantization, NoGridReachesForInfinity) {
  auto net = typed_model(
      R"(net (float[1,1,4,4] x, bool[1,1,4,4] mask) => (float[1,1,4,4] y) <float none = {-inf}, float low = {-3.4e38}, int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}, float[1,1,1,1] w = {2.0}> {
      c = Conv(x, w)  p = Pad(c, pads, none)  m = MaxPool<kernel_shape = [3, 3]>(p)
      hidden = Where(mask, m, low)  scores = Add(hidden, x)  y = Softmax(scores) })");
  EXPECT_EQ(activations_of(plan_of(*net, "vsi_npu")), "x:u8 c:u8 y:u8");
}

}  // namespace
}  // namespace acuate
