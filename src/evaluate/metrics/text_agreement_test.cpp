#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_text_agreement(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

// The values are the symbols.
const Decoder kSymbols{"symbols",
                       "",
                       "symbols",
                       {},
                       [](const RawOutputs& raw, const DecoderOptions&) -> Result<Decoded> {
                         Decoded decoded;
                         for (const float value : raw.outputs[0].values<float>())
                           decoded.symbols.push_back(static_cast<int64_t>(value));
                         return decoded;
                       }};

Tensor text(std::initializer_list<float> symbols) {
  return Tensor::of<float>({static_cast<int64_t>(symbols.size())}, symbols);
}

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& lines) {
  return run_metric(register_evaluate_text_agreement, lines, {.decoder = &kSymbols}).at(0);
}

// kitten, sitting: 3 edits of 7 (Levenshtein's example); the other line of 3 is equal.
TEST(TextAgreement, CountsEdits) {
  const MetricValue value = run({{text({11, 9, 20, 20, 5, 14}), text({19, 9, 20, 20, 9, 14, 7})},
                                 {text({1, 2, 3}), text({1, 2, 3})}});
  EXPECT_DOUBLE_EQ(*value.converted, 1 - 3.0 / 10);
  EXPECT_EQ(value.baseline, 1);
  EXPECT_EQ(value.details.at("equal_lines"), 1);
  ASSERT_TRUE(value.interval);
  EXPECT_DOUBLE_EQ((*value.interval)[0], 1 - 3.0 / 7);
}

TEST(TextAgreement, OfNothingInCommonIsZero) {
  EXPECT_EQ(run({{text({1, 2}), text({})}}).converted, 0);
  EXPECT_THAT(run({{text({}), text({})}}).reason, HasSubstr("neither model reads a symbol"));
}

}  // namespace
}  // namespace acuate
