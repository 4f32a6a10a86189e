#include "simulate/test_support.h"

namespace acuate {
namespace {

TEST(Simulator, ReadsGridsOffTheModel) {
  const auto out = simulate(on_grids("[3]", "float[1] w = {-2.0}, ", "y = Add(a, w)"),
                            Tensor::of<float>({3}, {1, 2, -5}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{-1, 0, -3}));  // -3 is the least
  ASSERT_EQ(out.nodes.size(), 2U);
  EXPECT_EQ(out.nodes[0].kind, "quantize");
  EXPECT_EQ(out.nodes[1].kind, "u8 Add");
  EXPECT_EQ(out.nodes[1].float_reason, "");
}

TEST(Simulator, AClipThatAloneReadsTheResultIsItsBounds) {
  const auto out =
      simulate(on_grids("[3]", "float[1] w = {0.0}, float low = {0.0}, float high = {6.0}, ",
                        "s = Add(a, w) y = Clip(s, low, high)"),
               Tensor::of<float>({3}, {-4, 3, 60}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{0, 3, 6}));
  EXPECT_EQ(out.nodes.size(), 2U);
}

TEST(Simulator, AnotherGridBehindAMoveIsARescaling) {
  const auto out =
      simulate(on_grids("[1,3]", "", "y = Transpose(a)"), Tensor::of<float>({1, 3}, {0.5, 1.5, 7}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.shape, (Shape{3, 1}));
  EXPECT_EQ(out.values, (std::vector<float>{0, 2, 7}));
  EXPECT_EQ(out.nodes.back().kind, "rescale");
}

TEST(Simulator, SaysWhatHasNoIntegerKernel) {
  const Tensor x = Tensor::of<float>({2}, {0, 0});
  EXPECT_NE(simulate(on_grids("[2]", "", "y = Sin(a)"), x).error.find("no integer kernel"),
            std::string::npos);
  EXPECT_NE(simulate(on_grids("[2]", "", "s = Sigmoid(a) y = Add(s, s)"), x)
                .error.find("its result is put on no grid"),
            std::string::npos);
}

TEST(Simulator, NodesInFloatTakeAndGiveReals) {
  auto model = parse_text_model(on_grids("[2]", "", "y = Sin(a)"));
  ASSERT_TRUE(model);
  size_t nodes = 0;
  const SimulatorOptions options{.load_float = [&](const Model& node) -> Result<FloatFunction> {
    nodes += node.graph().node_count();
    return FloatFunction([](std::span<const Tensor> inputs) -> Result<std::vector<Tensor>> {
      const auto x = inputs[0].values<float>();
      return std::vector{Tensor::of<float>({2}, {10 * x[0], 10 * x[1]})};
    });
  }};
  auto simulator = Simulator::build(**model, options);
  ASSERT_TRUE(simulator) << simulator.error().message;
  EXPECT_EQ(nodes, 1U);
  EXPECT_EQ(simulator->nodes()[1].float_reason, "there is no integer kernel for it");
  std::vector<double> node_us(simulator->nodes().size());
  auto results = simulator->run(std::vector{Tensor::of<float>({2}, {0.6F, -0.2F})}, node_us);
  ASSERT_TRUE(results);
  EXPECT_EQ((*results)[0].values<float>()[0], 5);
  EXPECT_EQ((*results)[0].values<float>()[1], 0);
  EXPECT_GT(node_us[0], 0);
}

TEST(Simulator, RefusesGridsThatItDoesNotCompute) {
  const std::string text = R"(<ir_version: 8, opset_import: ["" : 17]>
net (float[2] x) => (float[2] r) <float[1] s = {0.5}, int8[1] z = {4}> {
  q = QuantizeLinear(x, s, z)  r = DequantizeLinear(q, s, z) })";
  EXPECT_NE(simulate(text, Tensor::of<float>({2}, {0, 0})).error.find("signed integers"),
            std::string::npos);
}

TEST(Simulator, LongChains) {
  std::string nodes = "t0 = Neg(a) ";
  for (int i = 1; i < 20000; ++i) nodes += fmt::format("t{} = Identity(t{}) ", i, i - 1);
  // Neg has no grid of its own; Identity alone moves.
  nodes = nodes.replace(0, 12, "t0 = Identity(a) ");
  const auto out =
      simulate(on_grids("[2]", "", nodes + "y = Identity(t19999)"), Tensor::of<float>({2}, {1, 2}));
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.values, (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace acuate
