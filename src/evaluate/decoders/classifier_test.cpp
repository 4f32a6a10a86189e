#include <gmock/gmock.h>

#include "evaluate/decoder_test_support.h"

namespace acuate {

void register_evaluate_classifier(DecoderRegistry& registry);

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// tests/decoders_test.py holds real networks' outputs to a decoder of its own.

TEST(Classifier, GivesTheScoresOfAnyShape) {
  const Tensor row = Tensor::of<float>({1, 3, 1, 1}, {3, -1, 2});
  EXPECT_THAT(run_decoder(register_evaluate_classifier, {row})->class_scores,
              ElementsAre(3, -1, 2));
  EXPECT_THAT(
      run_decoder(register_evaluate_classifier, {Tensor(), row}, {}, {{"output", 1}})->class_scores,
      ElementsAre(3, -1, 2));
}

TEST(Classifier, RefusesWhatIsNoRowOfScores) {
  const auto error = [](const std::vector<Tensor>& outputs) {
    return run_decoder(register_evaluate_classifier, outputs).error().message;
  };
  EXPECT_THAT(error({Tensor::allocate(ElementType::Float, {2, 3})}),
              HasSubstr("expected scores 1xCLASSES, found 2x3"));
  EXPECT_THAT(error({}), HasSubstr("output 0 is asked for, the network has 0"));
}

}  // namespace
}  // namespace acuate
