#include <gmock/gmock.h>

#include "evaluate/metric_test_support.h"

namespace acuate {

void register_evaluate_agreement_ap(MetricRegistry& registry);

namespace {

using ::testing::HasSubstr;

// Reads detections off rows of left, score; ten pixels wide and high, one class.
const Decoder kRows{"rows",
                    "",
                    "detections",
                    {},
                    [](const RawOutputs& raw, const DecoderOptions&) -> Result<Decoded> {
                      Decoded decoded;
                      const auto v = raw.outputs[0].values<float>();
                      for (size_t i = 0; i < v.size(); i += 2)
                        decoded.detections.push_back({{v[i], 0, v[i] + 10, 10}, v[i + 1], 0});
                      return decoded;
                    }};

Tensor rows(std::initializer_list<float> values) {
  return Tensor::of<float>({static_cast<int64_t>(values.size()) / 2, 2}, values);
}

MetricValue run(const std::vector<std::pair<Tensor, Tensor>>& pages) {
  return run_metric(register_evaluate_agreement_ap, pages, {.decoder = &kRows}).at(0);
}

TEST(AgreementAp, TakesTheFloatModelsSureDetectionsForTruth) {
  const Tensor two = rows({0, 0.9F, 50, 0.2F});
  const MetricValue same = run({{two, two}});
  EXPECT_DOUBLE_EQ(*same.converted, 1);
  EXPECT_EQ(same.baseline, 1);
  EXPECT_EQ(same.details.at("truth_boxes"), 1);
  EXPECT_EQ(same.details.at("detections"), 2);
  // The unsure one has become sure: false, and first.
  EXPECT_NEAR(*run({{two, rows({0, 0.5F, 50, 0.7F})}}).converted, 0.5, 1e-12);
  EXPECT_EQ(run({{two, rows({})}}).converted, 0);
}

TEST(AgreementAp, SaysWhyThereIsNone) {
  EXPECT_THAT(run({{rows({0, 0.2F}), rows({0, 0.9F})}}).reason, HasSubstr("finds nothing"));
  EXPECT_THAT(run({}).reason, HasSubstr("no samples"));
}

}  // namespace
}  // namespace acuate
