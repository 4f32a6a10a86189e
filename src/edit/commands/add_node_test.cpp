#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N] x, bool c) => (float[N] z) <float[N] y> {
    y = Relu (x)
    [choose] z = If (c) <then_branch = t () => (float[N] a) { a = Neg (y) },
                         else_branch = e () => (float[N] b) { b = Identity (y) }>
  })";

TEST(AddNode, WithAttributesAndName) {
  EditContext context;
  context.infer = true;
  EXPECT_THAT(
      edited(kModel, "add-node LeakyRelu y -> l alpha=0.5 --name leaky\nadd-output l", context),
      AllOf(HasSubstr("[leaky] l = LeakyRelu <alpha: float = 0.5> (y)"), HasSubstr("float[N] l)")));
}

TEST(AddNode, OmittedInputsAndSeveralOutputs) {
  EXPECT_THAT(edited(kModel, R"(add-node Clip y "" y -> k)"), HasSubstr(R"(k = Clip (y, "", y))"));
  EXPECT_THAT(edited(kModel, "add-node Dropout y -> d mask"), HasSubstr("d, mask = Dropout (y)"));
  EXPECT_THAT(edited(kModel, R"(add-node MaxPool y -> p "" kernel_shape=[2, 2] auto_pad="VALID")"),
              HasSubstr("kernel_shape: ints = [2, 2]"));
}

TEST(AddNode, InABodyItMayReadOutside) {
  EXPECT_THAT(edited(kModel, "add-node Abs x -> choose::then_branch::n"), HasSubstr("n = Abs (x)"));
  EXPECT_THAT(refusal(kModel, "add-node Abs choose::then_branch::a -> n"),
              HasSubstr("'choose::then_branch::a' cannot be seen from there"));
}

TEST(AddNode, FillsWhatNothingDefines) {
  const char* dangling = "agraph (float[N] x) => (float[N] z) { z = Neg (gone) }";
  EXPECT_EQ(edited(dangling, "add-node Abs x -> gone"),
            normalised("agraph (float[N] x) => (float[N] z) { gone = Abs (x)  z = Neg (gone) }"));
}

TEST(AddNode, ForeignDomainsAreImported) {
  Journal journal;
  EXPECT_THAT(edited(kModel, "add-node com.microsoft.Gelu x -> g", {}, &journal),
              HasSubstr("g = com.microsoft.Gelu (x)"));
  EXPECT_EQ(journal.at(0).notes.at(0), "imports domain 'com.microsoft', version 1");
}

TEST(AddNode, RefusesWhatTheSchemaDoesNotAllow) {
  EXPECT_THAT(refusal(kModel, "add-node Rleu x -> r"),
              HasSubstr("there is no operator 'Rleu' in opset 17; did you mean 'Relu'?"));
  EXPECT_THAT(refusal(kModel, "add-node LeakyRelu x -> r alhpa=1"),
              HasSubstr("did you mean 'alpha'?"));
  EXPECT_THAT(refusal(kModel, "add-node Relu x x -> r"), HasSubstr("would be refused"));
  EXPECT_THAT(refusal(kModel, "add-node Conv x x -> r pads=linear"),
              HasSubstr("expected a value of type ints"));
}

TEST(AddNode, RefusesTakenNamesAndCycles) {
  EXPECT_THAT(refusal(kModel, "add-node Abs x -> y"), HasSubstr("which the value 'y' has"));
  EXPECT_THAT(refusal(kModel, "add-node Abs x -> a"),
              HasSubstr("which the value 'choose::then_branch::a' has"));
  EXPECT_THAT(refusal(kModel, "add-node Abs x -> n --name choose"),
              HasSubstr("which a If in the same graph has"));
  EXPECT_THAT(
      refusal("agraph (float[N] x) => (float[N] z) { z = Neg (gone) }", "add-node Abs z -> gone"),
      HasSubstr("would form a cycle"));
  EXPECT_THAT(refusal(kModel, "add-node Abs x n"), HasSubstr("found no '->'"));
  EXPECT_THAT(refusal(kModel, "add-node Abs x -> n --nmae k"), HasSubstr("expected --name"));
  EXPECT_THAT(refusal(kModel, "add-node Dropout x -> n n"), HasSubstr("the output 'n' twice"));
}

}  // namespace
}  // namespace acuate
