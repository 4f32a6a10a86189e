#include "diagnose/fix.h"

#include "diagnose/test_support.h"
#include "edit/command.h"
#include "onnx_io/export.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTwo = R"(g (float[n, 3] x, float[n, m] y) => (float[n, k] z) {
  z = Concat <axis = 1> (x, y)
})";

FixOptions options(const std::vector<std::string>& shapes,
                   const std::vector<std::string>& dims = {}) {
  FixOptions made;
  for (const std::string& shape : shapes) made.shapes.insert(parse_shape_option(shape).value());
  for (const std::string& dim : dims) made.dims.insert(parse_dim_option(dim).value());
  return made;
}

std::string refusal(const char* graph, const FixOptions& asked) {
  const auto fixed = fix(*text_model(graph), asked);
  return fixed ? "" : fixed.error().message;
}

std::string type_of(const Model& model, const char* name) {
  return model.graph().find(name)->type.text();
}

TEST(ParseShapeOption, SplitsAtTheLastEquals) {
  const auto parsed = parse_shape_option("a=b:0=1x3x?x640");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->first, "a=b:0");
  EXPECT_EQ(parsed->second, (ShapeSpec{1, 3, std::nullopt, 640}));
}

TEST(ParseShapeOption, RefusesEverythingElse) {
  for (const char* wrong : {"", "x", "=1x2", "x=", "x=1x", "x=0x3", "x=-1", "x=1,3", "x=1xn"})
    EXPECT_FALSE(parse_shape_option(wrong)) << wrong;
  EXPECT_THAT(parse_shape_option("x=1xhx2").error().message, HasSubstr("'h'"));
}

TEST(ParseDimOption, TakesANameAndANumber) {
  EXPECT_EQ(*parse_dim_option("p2o.DynamicDimension.0=1"),
            std::pair(std::string("p2o.DynamicDimension.0"), int64_t{1}));
  for (const char* wrong : {"", "n", "=1", "n=", "n=0", "n=x"})
    EXPECT_FALSE(parse_dim_option(wrong)) << wrong;
}

TEST(Fix, RefusesShapesThatBreakAReshape) {
  constexpr const char* kReshape = R"(g (float[n, 3, h, w] x) => (float[n, 48] y)
    <int64[2] shape = {-1, 48}> { [flatten] y = Reshape(x, shape) })";
  EXPECT_THAT(
      refusal(kReshape, options({"x=1x3x5x5"})),
      AllOf(HasSubstr("cannot have these shapes: set-shape x 1 3 5 5"), HasSubstr("flatten")));
  EXPECT_EQ(refusal(kReshape, options({"x=1x3x4x4"})), "");
}

TEST(Fix, GivesInputsTheirShapeAndInfersTheRest) {
  const auto fixed = fix(*text_model(kTwo), options({"x=2x3", "y=2x5"}));
  ASSERT_TRUE(fixed) << fixed.error().message;
  EXPECT_THAT(fixed->edits, ElementsAre("set-shape x 2 3", "set-shape y 2 5"));
  EXPECT_EQ(type_of(*fixed->model, "z"), "float32[2, 8]");
  EXPECT_THAT(fixed->still_dynamic, IsEmpty());
}

TEST(Fix, OneNameIsOneNumber) {
  const auto fixed = fix(*text_model(kTwo), options({"x=2x3"}));
  ASSERT_TRUE(fixed) << fixed.error().message;
  EXPECT_THAT(fixed->edits, ElementsAre("set-shape x 2 3", "set-dim n 2"));
  EXPECT_EQ(type_of(*fixed->model, "y"), "float32[2, m]");
  ASSERT_EQ(fixed->still_dynamic.size(), 2U);
  EXPECT_EQ(fixed->still_dynamic[0].value, "y");
  EXPECT_EQ(fixed->still_dynamic[1].value, "z");
  EXPECT_EQ(fixed->still_dynamic[1].source, "input 'y'");
  EXPECT_EQ(fixed->still_dynamic[1].chain, "input 'y', axis 1 → Concat '@z'");
}

TEST(Fix, SetsDimensionsByName) {
  const auto fixed = fix(*text_model(kTwo), options({"y=?x5"}, {"n=2"}));
  ASSERT_TRUE(fixed) << fixed.error().message;
  EXPECT_THAT(fixed->edits, ElementsAre("set-dim n 2", "set-shape y 2 5"));
  EXPECT_EQ(type_of(*fixed->model, "z"), "float32[2, 8]");
}

TEST(Fix, LeavesAModelWithoutShapesAsItIs) {
  const auto model = text_model(kTwo);
  const auto fixed = fix(*model, {});
  ASSERT_TRUE(fixed);
  EXPECT_THAT(fixed->edits, IsEmpty());
  EXPECT_EQ(encode_model(*fixed->model).flatten(), encode_model(*model).flatten());
  EXPECT_EQ(fixed->still_dynamic.size(), 3U);
}

TEST(Fix, ItsEditsReplayToTheSameBytes) {
  const auto model = text_model(kTwo);
  const auto fixed = fix(*model, options({"x=2x3"}, {"m=7"}));
  ASSERT_TRUE(fixed);
  EditContext context;
  context.infer = true;
  const auto replayed = apply_script(*model, join(fixed->edits, "\n"), context);
  ASSERT_TRUE(replayed);
  EXPECT_EQ(encode_model(**replayed).flatten(), encode_model(*fixed->model).flatten());
}

TEST(Fix, RefusesWhatDoesNotFit) {
  EXPECT_THAT(
      refusal("g (float[n] image) => (float[n] y) { y = Relu(image) }", options({"imgae=1"})),
      HasSubstr("no input 'imgae'; did you mean 'image'?"));
  EXPECT_THAT(refusal(kTwo, options({"x=2x4"})),
              HasSubstr("dimension 1: found 4, but the model fixes it to 3"));
  EXPECT_THAT(refusal(kTwo, options({"x=2"})), HasSubstr("found 1 dimensions, expected 2"));
  EXPECT_THAT(refusal(kTwo, options({}, {"batch=1"})),
              HasSubstr("no input has a dimension 'batch'"));
  EXPECT_THAT(refusal(kTwo, options({"x=2x3"}, {"n=1"})),
              HasSubstr("dimension 0 ('n'): found 2, but dimension 'n' gives 1"));
  EXPECT_THAT(refusal(kTwo, options({"x=2x3", "y=4x5"})),
              HasSubstr("found 4, but dimension 0 of input 'x' gives 2"));
}

TEST(Fix, RefusesShapesThatTheModelCannotHave) {
  EXPECT_THAT(refusal("g (float[n, 4] x, float[m, 4] u) => (float[n, 4] y) { [sum] y = Add(x, u) }",
                      options({"x=2x4", "u=3x4"})),
              testing::AllOf(
                  HasSubstr("cannot have these shapes: set-shape u 3 4; set-shape x 2 4"),
                  HasSubstr("'x' float32[2, 4] (input)"), HasSubstr("'u' float32[3, 4] (input)")));
}

TEST(Fix, TellsWhatValuesKeepDynamic) {
  const auto fixed = fix(*text_model(R"(g (float[n] x) => (int64[1, m] z) {
    [act] p = Relu(x) [find] z = NonZero(p) })"),
                         options({"x=5"}));
  ASSERT_TRUE(fixed);
  ASSERT_EQ(fixed->still_dynamic.size(), 1U);
  EXPECT_EQ(fixed->still_dynamic[0].source, "NonZero 'find'");
}

TEST(Fix, FoldsWhatComputesShapesBeforeItJudges) {
  const char* graph = R"(g (float[n, 4] x) => (float[a, b] y)
      <int64 zero = {0}, float one = {1.0}, float nil = {0.0}, int64[2] rows = {-1, 1}> {
    s = Shape(x) c = Gather(s, zero) f = Cast <to = 1> (c) r = Range(nil, f, one)
    column = Reshape(r, rows) y = Add(x, column)
  })";
  FixOptions asked = options({"x=3x4"});
  asked.evaluate = make_evaluator(*resolve_target("onnxruntime"));
  ASSERT_TRUE(asked.evaluate);
  const auto fixed = fix(*text_model(graph), asked);
  ASSERT_TRUE(fixed) << fixed.error().message;
  for (const StillDynamic& left : fixed->still_dynamic) ADD_FAILURE() << left.value << left.type;
}

}  // namespace
}  // namespace acuate
