#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_top5(MetricRegistry& registry);
void register_evaluate_classifier(DecoderRegistry& registry);

namespace {

Tensor row(std::initializer_list<float> values) {
  return Tensor::of<float>({1, static_cast<int64_t>(values.size())}, values);
}

MetricContext classifier() {
  static const DecoderRegistry registry = [] {
    DecoderRegistry all;
    register_evaluate_classifier(all);
    return all;
  }();
  const Decoder* decoder = registry.lookup("classifier");
  return {.decoder = decoder, .decoder_options = *complete_options(*decoder, {})};
}

std::vector<Truth> classes(std::initializer_list<int64_t> numbers) {
  std::vector<Truth> truths;
  for (const int64_t number : numbers) truths.push_back({.category = number});
  return truths;
}

// Of six classes the sixth is the only one that is not among five.
TEST(Top5, LooksAtFive) {
  const Tensor falling = row({6, 5, 4, 3, 2, 1}), rising = row({1, 2, 3, 4, 5, 6});
  const MetricValue value =
      run_metric(register_evaluate_top5, {{falling, rising}, {falling, falling}, {falling, rising}},
                 classifier(), classes({0, 4, 5}))
          .at(0);
  EXPECT_EQ(value.name, "top5");
  EXPECT_DOUBLE_EQ(*value.baseline, 2.0 / 3);   // classes 0 and 4
  EXPECT_DOUBLE_EQ(*value.converted, 2.0 / 3);  // not class 0
}

}  // namespace
}  // namespace acuate
