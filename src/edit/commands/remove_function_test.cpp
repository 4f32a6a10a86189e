#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

std::unique_ptr<Model> with_functions() {
  auto model = parse_text_model(R"(
<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
g (float[2] x) => (float[2] y) { y = Neg(x) [call] z = local.keep(x) }
<domain: "local", opset_import: ["" : 17, "local" : 1]> outer (p) => (q) { q = local.inner(p) }
<domain: "local", opset_import: ["" : 17]> inner (p) => (q) { q = Abs(p) }
<domain: "local", opset_import: ["" : 17]> keep (p) => (q) { q = Exp(p) })");
  EXPECT_TRUE(model) << model.error().message;
  return *std::move(model);
}

TEST(RemoveFunction, TakesThoseThatNothingCalls) {
  const auto model = with_functions();
  const std::string script = "remove-function local.inner local.outer";
  const auto made = apply_script(*model, script, {});
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ((*made)->functions().size(), 1U);
  EXPECT_EQ((*made)->functions().front().name, "keep");
  expect_undone(*model, script, {}, bytes_of(**made));
}

TEST(RemoveFunction, RefusesWhatIsCalledOrNotThere) {
  const auto model = with_functions();
  const auto message = [&](const char* script) {
    return apply_script(*model, script, {}).error().message;
  };
  EXPECT_THAT(message("remove-function local.keep"),
              HasSubstr("'call' calls the function 'local.keep'"));
  EXPECT_THAT(message("remove-function local.inner"),
              HasSubstr("calls the function 'local.inner'"));
  EXPECT_THAT(message("remove-function local.none"),
              HasSubstr("there is no function 'local.none'; there are: local.outer, local.inner"));
}

}  // namespace
}  // namespace acuate
