#include "export/decoder_graph_test_support.h"

namespace acuate {
namespace {

TEST(CtcGraph, ReadsWhatItsDecoderDoes) {
  // Few symbols, so that repeats and blanks come.
  const auto both = decode_both("ctc", {random_tensor({1, 200, 3}, 0, 1)}, {});
  ASSERT_EQ(both.found.size(), 1u);
  const auto found = both.found[0].values<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(found.begin(), found.end()), both.expected.symbols);
  EXPECT_GT(found.size(), 20u);
  EXPECT_LT(found.size(), 180u);
}

TEST(CtcGraph, RefusesMoreThanOneLine) {
  const auto model =
      decoder_model("ctc", options_of("ctc", {}), ports_of({random_tensor({2, 200, 3}, 0, 1)}, {}));
  EXPECT_THAT(model.error().message, testing::HasSubstr("expected one output 1xSTEPSxSYMBOLS"));
}

}  // namespace
}  // namespace acuate
