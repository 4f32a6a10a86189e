#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "agraph (float[2] x) => (float[2] y) { y = Neg (x) }";

TEST(AddInitializer, ANewOneWithItsType) {
  EXPECT_THAT(edited(kModel, "add-initializer w float32:[1, 2.5]"), HasSubstr("float[2] w"));
  EXPECT_THAT(edited(kModel, "add-initializer w [[1], [2]]"), HasSubstr("int64[2,1] w"));
  EXPECT_THAT(edited(kModel, "add-initializer w true"), HasSubstr("bool w"));
  EXPECT_THAT(edited(kModel, R"(add-initializer w ["a b", "c"])"), HasSubstr(R"(string[2] w)"));
}

TEST(AddInitializer, DefinesWhatNothingDefines) {
  const char* dangling = "agraph (float[2] x) => (float[2] y) { y = Add (x, gone) }";
  EXPECT_THAT(edited(dangling, "add-initializer gone float32:[1, 2]"), HasSubstr("float[2] gone"));
}

TEST(AddInitializer, AnInputGetsADefaultValue) {
  Journal journal;
  EXPECT_THAT(edited("agraph (float[N] x) => (float[N] y) { y = Neg (x) }",
                     "add-initializer x float32:[1, 2]", {}, &journal),
              HasSubstr("(float[N] x)"));
  EXPECT_THAT(journal.at(0).notes.at(0), HasSubstr("a default value of the input"));
}

TEST(AddInitializer, RefusesWhatIsDefinedOrDoesNotFit) {
  EXPECT_THAT(refusal(kModel, "add-initializer y 1"), HasSubstr("'y' is computed by '@y'"));
  EXPECT_THAT(refusal(kModel, "add-initializer x 1"), HasSubstr("found int64 for the input 'x'"));
  EXPECT_THAT(refusal(kModel, "add-initializer w abc"), HasSubstr("found 'abc'; expected numbers"));
  EXPECT_THAT(refusal(kModel, "add-initializer w 1\nadd-initializer w 2"),
              HasSubstr("line 2, column 17: add-initializer: 'w' is an initializer already"));
  EXPECT_THAT(refusal(kModel, "add-initializer w w.npy"), HasSubstr("cannot be read from here"));
}

}  // namespace
}  // namespace acuate
