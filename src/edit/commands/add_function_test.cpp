#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = "g (float[2] x) => (float[2] y) { y = Neg(x) }";

std::string add(const std::string& body) {
  return "add-function text:\"<ir_version: 8, opset_import: [\\\"\\\" : 17]> e (float[1] a) => "
         "(float[1] a) {} <domain: \\\"local\\\", opset_import: [\\\"\\\" : 17]> f (p) => (q) " +
         body + "\"\n";
}

TEST(AddFunction, IsCalledByNewNodes) {
  const std::string made =
      edited(kModel, add("{ q = Abs (p) }") +
                         "set-opset 1 local\nadd-node local.f y -> z\nadd-output z "
                         "float32[2]");
  EXPECT_THAT(made, HasSubstr("z = local.f (y)"));
  EXPECT_THAT(made, HasSubstr("q = Abs (p)"));
}

TEST(AddFunction, TakesThePlaceOfOneOfItsName) {
  const std::string made = edited(kModel, add("{ q = Abs (p) }") + add("{ q = Exp (p) }"));
  EXPECT_THAT(made, HasSubstr("q = Exp (p)"));
  EXPECT_THAT(made, testing::Not(HasSubstr("q = Abs (p)")));
}

TEST(AddFunction, RefusesAModelWithoutFunctions) {
  EXPECT_THAT(refusal(kModel, "add-function text:\"(a) => (b) { b = Abs (a) }\""),
              HasSubstr("it has no function"));
}

}  // namespace
}  // namespace acuate
