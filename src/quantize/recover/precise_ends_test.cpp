#include "quantize/quantize.h"
#include "quantize/test_support.h"
#include "targets/stand_in.h"

namespace acuate {
namespace {

// Two small layers around a large one.
std::string net() {
  std::string large;
  for (int i = 0; i < 64 * 64; ++i)
    large += (i == 0 ? "" : ", ") + std::to_string(((i * 37) % 101 - 50) / 400.0);
  std::string small;
  for (int i = 0; i < 64; ++i)
    small += (i == 0 ? "" : ", ") + std::to_string(((i * 29) % 17 - 8) / 10.0);
  return "net (float[1,1,6,6] x) => (float[1,1,6,6] y) <float[64,1,1,1] a = {" + small +
         "}, float[64,64,1,1] b = {" + large + "}, float[1,64,1,1] c = {" + small +
         "}> { p = Conv(x, a)  q = Relu(p)  r = Conv(q, b)  s = Relu(r)  y = Conv(s, c) }";
}

Result<Quantized> quantize_with(const Model& model, const Target& target,
                                std::vector<std::string> ids) {
  QuantizeOptions options;
  options.recover = std::move(ids);
  return quantize_model(model, target, 4, noise_samples({1, 1, 6, 6}), options);
}

TEST(PreciseEnds, InputsAndOutputsGet16Bits) {
  auto model = typed_model(net());
  auto plain = quantize_with(*model, runtime(), {});
  auto precise = quantize_with(*model, runtime(), {"precise-ends"});
  ASSERT_TRUE(plain && precise) << precise.error().message;
  EXPECT_EQ(precise->recovery[0].places, 3U);  // x, s and y
  for (const char* name : {"x", "s", "y"})
    EXPECT_EQ(precise->encodings.find(name)->quantization.bits, 16) << name;
  EXPECT_EQ(precise->encodings.find("q")->quantization.bits, 8);
  const auto inputs = *noise_samples({1, 1, 6, 6})(9);
  const Tensor exact = run_model(*model, inputs)[0];
  EXPECT_LT(relative_noise(exact, run_model(*precise->model, inputs)[0]),
            relative_noise(exact, run_model(*plain->model, inputs)[0]));
}

TEST(PreciseEnds, WithoutGridsOf16BitsTheyStayInFloat) {
  auto model = typed_model(net());
  auto precise =
      quantize_with(*model, *with_engine(*targets().lookup("tensorrt")), {"precise-ends"});
  ASSERT_TRUE(precise) << precise.error().message;
  EXPECT_EQ(precise->encodings.find("x"), nullptr);
  EXPECT_EQ(precise->encodings.find("s"), nullptr);
  EXPECT_NE(precise->encodings.find("q"), nullptr);
}

TEST(PreciseEnds, IsTriedWhereItIsNamedBesideAuto) {
  auto model = typed_model(net());
  const auto tried = [&](std::vector<std::string> ids) {
    auto quantized = quantize_with(*model, runtime(), std::move(ids));
    EXPECT_TRUE(quantized) << (quantized ? "" : quantized.error().message);
    std::vector<std::string> out;
    for (const RecoveryOutcome& outcome : quantized->recovery) {
      out.push_back(outcome.id);
      if (outcome.id == "precise_ends") {
        EXPECT_TRUE(outcome.gain_db);
      }
    }
    return out;
  };
  EXPECT_THAT(tried({"auto", "precise-ends"}), testing::Contains("precise_ends"));
  EXPECT_THAT(tried({"auto"}), testing::Not(testing::Contains("precise_ends")));
  EXPECT_THAT(tried({"auto"}), testing::Contains("round_weights"));
}

// A network of one layer is all ends.
TEST(PreciseEnds, LeavesLayersThatDoMuchOfTheWork) {
  auto model = typed_model(
      R"(net (float[1,1,6,6] x) => (float[1,1,6,6] y) <float[1,1,1,1] w = {2.0}> { y = Conv(x, w) })");
  auto precise = quantize_with(*model, runtime(), {"precise-ends"});
  ASSERT_TRUE(precise) << precise.error().message;
  EXPECT_EQ(precise->recovery[0].places, 0U);
}

}  // namespace
}  // namespace acuate
