#include <gmock/gmock.h>

#include "edit/test_support.h"
#include "shape/infer.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[N, 4] x, float[N, 4] u) => (float[N, 4] y, float[N, 4] z) <float[1] w = {2}, int64[2] n = {2, 2}> {
    a = Mul (x, w)
    s, t = Split (a, n) <axis = 1>
    b = Add (s, t)
    y = Concat (b, s) <axis = 1>
    z = Relu (u)
  })";

TEST(Extract, BetweenTensors) {
  EXPECT_EQ(edited(kModel, "extract s t -> b", inferring()), normalised(R"(
  agraph (float[N, 2] s, float[N, 2] t) => (float[N, 2] b) {
    b = Add (s, t)
  })"));
}

TEST(Extract, FromTheInputsOfTheModel) {
  Journal journal;
  EXPECT_EQ(edited(kModel, "extract -> a", inferring(), &journal), normalised(R"(
  agraph (float[N, 4] x) => (float[N, 4] a) <float[1] w = {2}> { a = Mul (x, w) })"));
  EXPECT_EQ(journal.at(0).notes.at(0), "kept 1 nodes, removed 4; inputs that nothing reads: u");
}

TEST(Extract, AnInputWhoseNodeIsNeededForAnotherOutput) {
  EXPECT_EQ(edited(kModel, "extract x s -> y", inferring()), normalised(R"(
  agraph (float[N, 4] x, float[N, 2] s) => (float[N, 4] y) <float[1] w = {2}, int64[2] n = {2, 2}> {
    a = Mul (x, w)
    s_unused, t = Split (a, n) <axis = 1>
    b = Add (s, t)
    y = Concat (b, s) <axis = 1>
  })"));
}

TEST(Extract, AConstantBecomesAnInput) {
  EXPECT_THAT(edited(kModel, "extract x w -> a", inferring()),
              HasSubstr("(float[N,4] x, float[1] w) => (float[N,4] a)"));
}

TEST(Extract, NamesWhatIsMissing) {
  EXPECT_THAT(refusal(kModel, "extract s -> y", inferring()), HasSubstr("the outputs need 'x'"));
  EXPECT_THAT(refusal(kModel, "extract a -> a", inferring()),
              HasSubstr("'a' would not be computed by a node"));
  EXPECT_THAT(refusal(kModel, "extract a b", inferring()), HasSubstr("found no '->'"));
  EXPECT_THAT(refusal(kModel, "extract a ->", inferring()), HasSubstr("found no '->'"));
}

}  // namespace
}  // namespace acuate
