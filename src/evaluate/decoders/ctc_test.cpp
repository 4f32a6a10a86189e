#include <gmock/gmock.h>

#include "evaluate/decoder_test_support.h"

namespace acuate {

void register_evaluate_ctc(DecoderRegistry& registry);

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// tests/decoders_test.py holds real networks' outputs to a decoder of its own.

// Steps whose likeliest symbol is given.
Tensor steps(const std::vector<size_t>& symbols) {
  Tensor tensor =
      Tensor::allocate(ElementType::Float, {1, static_cast<int64_t>(symbols.size()), 4});
  for (size_t i = 0; i < symbols.size(); ++i)
    tensor.mutable_values<float>()[i * 4 + symbols[i]] = 1;
  return tensor;
}

TEST(Ctc, MergesRepeatsAndDropsBlanks) {
  EXPECT_THAT(run_decoder(register_evaluate_ctc, {steps({0, 1, 1, 0, 1, 2, 2, 3, 0})})->symbols,
              ElementsAre(1, 1, 2, 3));
  EXPECT_THAT(
      run_decoder(register_evaluate_ctc, {steps({0, 3, 3, 0, 1})}, {}, {{"blank", 3}})->symbols,
      ElementsAre(0, 0, 1));
  EXPECT_TRUE(run_decoder(register_evaluate_ctc, {steps({})})->symbols.empty());
}

TEST(Ctc, RefusesOtherShapes) {
  EXPECT_THAT(run_decoder(register_evaluate_ctc, {Tensor::allocate(ElementType::Float, {2, 3, 4})})
                  .error()
                  .message,
              HasSubstr("expected one output 1xSTEPSxSYMBOLS or STEPSx1xSYMBOLS, found 2x3x4"));
}

}  // namespace
}  // namespace acuate
