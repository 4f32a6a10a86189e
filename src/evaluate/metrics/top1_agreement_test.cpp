#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_top1_agreement(MetricRegistry& registry);
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

TEST(Top1Agreement, ComparesTheFirstClass) {
  const MetricValue value =
      run_metric(register_evaluate_top1_agreement,
                 {{row({1, 2}), row({0, 9})}, {row({2, 1}), row({1, 2})}}, classifier())
          .at(0);
  EXPECT_EQ(value.name, "top1_agreement");
  EXPECT_EQ(value.baseline, 1);
  EXPECT_EQ(value.converted, 0.5);
}

}  // namespace
}  // namespace acuate
