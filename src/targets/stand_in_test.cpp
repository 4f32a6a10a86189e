#include "targets/stand_in.h"

#include <gtest/gtest.h>

#include "graph/verify.h"
#include "numeric/quantize_values.h"
#include "targets/quantization_test_support.h"

namespace acuate {
namespace {

TEST(WithEngine, ATargetThatRunsIsItself) {
  const Target& runtime = *targets().lookup("onnxruntime");
  const auto same = with_engine(runtime);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(same->backend, runtime.backend);
  EXPECT_EQ(same->stand_in, "");
}

// Whatever a target's rules, what it emits for every scheme that it takes is a valid model, which
// ONNX Runtime runs as the same numbers with and without its optimizations, within a step or two.
class Emitted : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Emitted, RunsOnTheStandIn) {
  const auto [id, scheme] = GetParam();
  const auto target = with_engine(*targets().lookup(id));
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_TRUE(target->status().run.available);
  auto model = typed_model(kResidual);
  auto plan = target->backend->plan_quantization(*model, {scheme, {}, {}});
  ASSERT_TRUE(plan) << plan.error().message;
  Encodings encodings;
  const auto add = [&](const Value& value, Quantization quantization) {
    TensorEncoding& encoding = encodings.tensors.emplace_back();
    encoding.tensor = std::string(value.name);
    encoding.quantization = std::move(quantization);
  };
  for (const PlannedActivation& planned : plan->activations)
    add(*planned.value, schemes().lookup(planned.scheme)->from_range(-6, 7));
  for (const PlannedWeight& planned : plan->weights) {
    const Scheme& of_weight = *schemes().lookup(planned.scheme);
    const auto values = model->load(*planned.value->initializer);
    const auto grid = quantization_of(*values, of_weight, planned.per_channel_axis,
                                      of_weight.symmetric && !of_weight.is_float());
    ASSERT_TRUE(grid) << grid.error().message;
    add(*planned.value, *grid);
  }
  const auto float_model = model->clone();
  auto emitted = target->backend->emit_quantized(*model, encodings);
  ASSERT_TRUE(emitted) << emitted.error().message;
  EXPECT_TRUE(verify(*model).empty());
  check_invariants(*model);

  Tensor x = Tensor::allocate(ElementType::Float, {1, 2, 4, 4});
  for (size_t i = 0; i < 32; ++i)
    x.mutable_values<float>()[i] = static_cast<float>(i * 7 % 32) / 16 - 1;
  const auto run = [&](const Model& made, Optimization optimization) {
    auto bytes = model_bytes(made);
    auto engine = target->load(ModelSource::memory(as_bytes(*bytes)),
                               {.threads = 1, .optimization = optimization});
    EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
    auto outputs = (*engine)->run(std::vector<Tensor>{x});
    EXPECT_TRUE(outputs) << (outputs ? "" : outputs.error().message);
    return (*outputs)[0];
  };
  const Tensor exact = run(*float_model, Optimization::None);
  const bool narrow =
      std::any_of(encodings.tensors.begin(), encodings.tensors.end(),
                  [](const TensorEncoding& each) { return each.quantization.bits == 8; });
  for (const Optimization optimization : {Optimization::None, Optimization::All}) {
    const Tensor y = run(*model, optimization);
    for (size_t i = 0; i < 3; ++i)
      EXPECT_NEAR(y.values<float>()[i], exact.values<float>()[i], narrow ? 0.15 : 0.02) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Targets, Emitted,
    testing::Values(std::pair("onnxruntime", "u8"), std::pair("onnxruntime", "s8"),
                    std::pair("onnxruntime", "u16"), std::pair("onnxruntime", "s16"),
                    std::pair("onnxruntime", "dfp8"), std::pair("onnxruntime", "dfp16"),
                    std::pair("onnxruntime", "fp16"), std::pair("onnxruntime", "bf16"),
                    std::pair("openvino", "u8"), std::pair("openvino", "s8"),
                    std::pair("tensorrt", "s8"), std::pair("vsi_npu", "u8"),
                    std::pair("vsi_npu", "s8"), std::pair("vsi_npu", "u16"),
                    std::pair("vsi_npu", "s16"), std::pair("vsi_npu", "dfp8"),
                    std::pair("vsi_npu", "dfp16"), std::pair("vsi_npu", "fp16"),
                    std::pair("vsi_npu", "bf16")),
    [](const auto& test) { return std::string(test.param.first) + "_" + test.param.second; });

}  // namespace
}  // namespace acuate
