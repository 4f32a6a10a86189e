#include "targets/simulated_engine.h"

#include <gmock/gmock.h>

#include "onnx_io/export.h"
#include "onnx_io/text_form.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::string bytes_of(const std::string& graph) {
  auto model = parse_text_model("<ir_version: 8, opset_import: [\"\" : 17]>\n" + graph);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  auto bytes = model_bytes(**model);
  EXPECT_TRUE(bytes);
  return *bytes;
}

constexpr const char* kNetwork =
    R"(net (float[1,4] x) => (float[1,4] r) <float s = {0.25}, uint8 z = {100}> {
    q = QuantizeLinear(x, s, z)  a = DequantizeLinear(q, s, z)
    y = Relu(a)  p = QuantizeLinear(y, s, z)  b = DequantizeLinear(p, s, z)
    c = Cos(b)  o = QuantizeLinear(c, s, z)  r = DequantizeLinear(o, s, z) })";

TEST(SimulatedEngine, NamesWhatWasComputedInFloat) {
  const std::string bytes = bytes_of(kNetwork);
  const Target target = simulated(*targets().lookup("onnxruntime"));
  auto engine = target.load(ModelSource::memory(as_bytes(bytes)), {.threads = 1, .profile = true});
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ((*engine)->inputs()[0].name, "x");
  auto outputs = (*engine)->run(std::vector{Tensor::of<float>({1, 4}, {0, -5, 1, 3})});
  ASSERT_TRUE(outputs) << outputs.error().message;
  // cos 0, 0, 1, 3 on steps of a quarter.
  EXPECT_THAT((*outputs)[0].values<float>(), testing::ElementsAre(1, 1, 0.5F, -1));
  auto profile = (*engine)->profile();
  ASSERT_TRUE(profile);
  ASSERT_EQ(profile->kernels.size(), 4U);
  EXPECT_EQ(profile->kernels[1].op_type, "u8 Relu");
  EXPECT_EQ(profile->kernels[1].provider, kIntegers);
  EXPECT_EQ(profile->kernels[2].op_type, "float Cos");
  EXPECT_THAT(profile->kernels[2].provider, HasSubstr("float: there is no integer kernel"));
  EXPECT_EQ(profile->runs, 1);
}

TEST(SimulatedEngine, StandsForTargetsThatAreKnownByTheirTable) {
  EXPECT_TRUE(simulates(*targets().lookup("vsi_npu")));
  EXPECT_FALSE(simulates(*targets().lookup("onnxruntime")));
  EXPECT_FALSE(simulates(*targets().lookup("tensorrt")));
}

TEST(SimulatedEngine, RefusesWhatHasNoIntegers) {
  const std::string bytes = bytes_of("net (float[2] x) => (float[2] y) { y = Relu(x) }");
  const auto engine = load_simulated(ModelSource::memory(as_bytes(bytes)), {});
  ASSERT_FALSE(engine);
  EXPECT_THAT(engine.error().message, HasSubstr("not quantized"));
}

}  // namespace
}  // namespace acuate
