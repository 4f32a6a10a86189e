#include "cli/inputs.h"
#include "cli/test_support.h"

namespace acuate {
namespace {

using BenchTest = CommandTest;

TEST_F(BenchTest, EveryContenderIsTimedTheSameNumberOfTimes) {
  const auto json = run_json({"bench", model(), path("m.onnx"), "--runs", "5", "--threads", "1"});
  ASSERT_EQ(json["contenders"].size(), 2);
  for (const auto& contender : json["contenders"]) {
    EXPECT_EQ(contender["wall_ms"].size(), 5);
    EXPECT_GT(contender["median_ms"], 0);
  }
  EXPECT_EQ(json["contenders"][0]["ratio"], 1);
}

TEST_F(BenchTest, OpenSizesMustBeGiven) {
  const std::string dynamic =
      model("d.onnx", "g (float[n, h] x) => (float[n, h] y) { y = Relu(x) }");
  EXPECT_EQ(run({"bench", dynamic, "--runs", "1"}), 2);
  EXPECT_NE(err.find("--shape x=…"), std::string::npos) << err;
  EXPECT_EQ(run({"bench", dynamic, "--runs", "1", "--dim", "h=7"}), 0) << err;
  EXPECT_EQ(run({"bench", dynamic, "--runs", "1", "--shape", "x=2x3"}), 0) << err;
  EXPECT_EQ(run({"bench", dynamic, "--runs", "1", "--shape", "x=2x3x4"}), 2);
  EXPECT_EQ(run({"bench", dynamic, "--runs", "1", "--shape", "z=2x3"}), 2);
  EXPECT_EQ(run({"bench", model(), "--runs", "1", "--shape", "x=1x5"}), 2);  // it is 1x4
  EXPECT_EQ(run({"bench", model(), "--runs", "0"}), 2);
}

TEST(RandomTensor, ReproducibleInRangeAndDifferentByName) {
  const IoSpec x{.name = "x", .type = ElementType::Float, .shape = {}, .dim_names = {}};
  IoSpec z = x;
  z.name = "z";
  const auto values = [](const Tensor& tensor) {
    return std::vector<float>(tensor.values<float>().begin(), tensor.values<float>().end());
  };
  const auto first = values(random_tensor(x, {1000}, 3));
  EXPECT_EQ(first, values(random_tensor(x, {1000}, 3)));
  EXPECT_NE(first, values(random_tensor(x, {1000}, 4)));
  EXPECT_NE(first, values(random_tensor(z, {1000}, 3)));
  double sum = 0;
  for (const float value : first) {
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);
}

}  // namespace
}  // namespace acuate
