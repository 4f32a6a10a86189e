#include "evaluate/judge.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

// A class a value; refuses what has no row of them.
const Decoder kScores{"scores",
                      "",
                      "class_scores",
                      {},
                      [](const RawOutputs& raw, const DecoderOptions&) -> Result<Decoded> {
                        if (raw.outputs[0].shape().size() != 2) return fail("expected a row");
                        Decoded decoded;
                        for (const float value : raw.outputs[0].values<float>())
                          decoded.class_scores.push_back(value);
                        return decoded;
                      }};

const MetricRegistry& metric_units() {
  static const MetricRegistry registry = [] {
    MetricRegistry all;
    register_all_metrics(all);
    return all;
  }();
  return registry;
}

Tensor row(std::initializer_list<float> values) {
  return Tensor::of<float>({1, static_cast<int64_t>(values.size())}, values);
}

// As a search does it: references once, then one candidate after the other.
TEST(Judge, JudgesManyCandidatesAgainstOneDecoding) {
  Evaluation evaluation{{metric_units().lookup("sqnr")}, {.output_names = {"y"}}};
  evaluation.context.resamples = 0;
  const std::vector<Reference> references = {
      *make_reference(evaluation, "a", {}, {row({1, 0})}, std::nullopt),
      *make_reference(evaluation, "b", {}, {row({0, 1})}, std::nullopt)};
  for (const float noise : {0.1F, 0.01F}) {
    Candidate candidate(evaluation);
    for (const Reference& reference : references) {
      Tensor output = row({noise, noise});
      for (size_t i = 0; i < 2; ++i)
        output.mutable_values<float>()[i] += reference.outputs[0].values<float>()[i];
      ASSERT_TRUE(candidate.add(reference, {&output, 1}));
    }
    const MetricValue value = candidate.finish().at(0);
    EXPECT_NEAR(*value.converted, 10 * std::log10(1 / (2 * noise * noise)), 1e-4);
    EXPECT_FALSE(value.interval);
  }
}

TEST(Judge, NamesTheSampleThatCannotBeDecoded) {
  const Evaluation evaluation{{}, {.output_names = {"y"}, .decoder = &kScores}};
  const Tensor good = row({1}), bad = Tensor::of<float>({1}, {0});
  EXPECT_EQ(make_reference(evaluation, "p1.png", {}, {bad}, std::nullopt).error().message,
            "p1.png: float model: expected a row");
  const auto reference = make_reference(evaluation, "p1.png", {}, {good}, std::nullopt);
  ASSERT_TRUE(reference);
  EXPECT_THAT(reference->decoded.class_scores, testing::ElementsAre(1));
  Candidate candidate(evaluation);
  EXPECT_EQ(candidate.add(*reference, {&bad, 1}).error().message,
            "p1.png: converted model: expected a row");
}

TEST(ImageInputSize, KnowsBothLayouts) {
  const auto size = [](Shape shape) {
    const Tensor tensor = Tensor::allocate(ElementType::Float, std::move(shape));
    return image_input_size({&tensor, 1});
  };
  EXPECT_EQ(size({1, 3, 80, 60}), (ImageSize{60, 80}));
  EXPECT_EQ(size({1, 80, 60, 3}), (ImageSize{60, 80}));
  EXPECT_EQ(size({1, 80}), ImageSize{});
}

}  // namespace
}  // namespace acuate
