#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[2, 3] x) => (float[2, 3] z) <int64[1] axes = {1}> {
    [sum] y = ReduceMean <axes = [1], keepdims = 1> (x)
    [add] z = Add (x, y)
  })";

TEST(SetOpset, UpAndDownAgain) {
  Journal journal;
  EXPECT_THAT(edited(kModel, "set-opset 18\nrename-node add total", {}, &journal),
              testing::AllOf(HasSubstr("[\"\" : 18]"), HasSubstr("[total]"),
                             testing::Not(HasSubstr("axes: ints"))));
  EXPECT_EQ(journal.at(0).notes.at(0), "from 17 by the onnx library's converter");
  EXPECT_THAT(edited(kModel, "set-opset 14"), HasSubstr("[\"\" : 14]"));
  EXPECT_EQ(edited(kModel, "set-opset 17"), normalised(kModel));
}

TEST(SetOpset, OtherDomainsAreOnlyDeclared) {
  EXPECT_THAT(edited(kModel, "set-opset 2 com.example"),
              HasSubstr(R"(["" : 17, "com.example" : 2])"));
}

TEST(SetOpset, RefusesVersionsThatThereAreNot) {
  EXPECT_THAT(refusal(kModel, "set-opset 999"), HasSubstr("the linked onnx library knows"));
  EXPECT_THAT(refusal(kModel, "set-opset x"), HasSubstr("found the version 'x'"));
  EXPECT_THAT(refusal(kModel, "set-opset 0"), HasSubstr("expected a number from 1"));
}

TEST(SetOpset, RefusesWhatIsNotValid) {
  EXPECT_THAT(refusal("agraph (float[N] x) => (float[N] y) { y = Add (x, gone) }", "set-opset 18"),
              HasSubstr("must be valid to be converted: node '@y' (Add) reads 'gone'"));
  EXPECT_THAT(refusal("agraph (float[N] x) => (float[N] y) { y = Upsample (x) }", "set-opset 18"),
              HasSubstr("must be valid to be converted"));
}

}  // namespace
}  // namespace acuate
