// What the engine of every target that runs here is held to, whatever stands behind it.
#include <cmath>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "targets/quantization_test_support.h"
#include "targets/tiny_model_test.h"

namespace acuate {
namespace {

using testing::HasSubstr;

std::vector<std::string> running() {
  std::vector<std::string> ids;
  for (const Target& target : targets().all())
    if (target.status().run.available) ids.push_back(target.id);
  return ids;
}

std::vector<float> floats(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

class EngineConformance : public testing::TestWithParam<std::string> {
 protected:
  Result<std::unique_ptr<Engine>> try_load(const std::string& bytes,
                                           const EngineOptions& options = {}) const {
    return targets().lookup(GetParam())->load(ModelSource::memory(as_bytes(bytes)), options);
  }
  std::unique_ptr<Engine> load(const std::string& bytes, const EngineOptions& options = {}) const {
    auto engine = try_load(bytes, options);
    if (!engine) throw std::runtime_error(engine.error().message);
    return std::move(*engine);
  }

  const Tensor a_ = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor b_ = Tensor::of<float>({2, 3}, {6, 5, 4, 3, 2, 1});
  const std::vector<float> y_ = {7, 14, 21, 28, 35, 42};
};

INSTANTIATE_TEST_SUITE_P(Targets, EngineConformance, testing::ValuesIn(running()),
                         [](const auto& instance) { return instance.param; });

TEST_P(EngineConformance, RunsAModelFromMemory) {
  const auto engine = load(add_mul_model().bytes());
  ASSERT_EQ(engine->inputs().size(), 2u);
  EXPECT_EQ(engine->inputs()[1].name, "b");
  EXPECT_EQ(engine->inputs()[1].text(), "float32[n, 3]");
  EXPECT_EQ(engine->inputs()[1].shape, (std::vector<int64_t>{-1, 3}));
  EXPECT_EQ(engine->outputs()[0].text(), "float32[n, 3]");
  auto outputs = engine->run(std::vector{a_, b_});
  ASSERT_TRUE(outputs) << outputs.error().message;
  ASSERT_EQ(outputs->size(), 2u);
  EXPECT_EQ(floats((*outputs)[0]), (std::vector<float>{7, 7, 7, 7, 7, 7}));
  EXPECT_EQ(floats((*outputs)[1]), y_);
}

TEST_P(EngineConformance, RunsAModelFromAFile) {
  const auto path = std::filesystem::path(testing::TempDir()) / "acuate_targets_tiny.onnx";
  std::ofstream(path, std::ios::binary) << add_mul_model().bytes();
  auto engine = targets().lookup(GetParam())->load(ModelSource::file(path));
  std::filesystem::remove(path);
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ(floats((*engine)->run(std::vector{a_, b_})->at(1)), y_);
}

TEST_P(EngineConformance, OutputsAreChosenByNameAndOutliveTheEngine) {
  auto engine = load(add_mul_model().bytes());
  auto outputs = engine->run(std::vector{a_, b_}, std::vector<std::string>{"y"});
  ASSERT_TRUE(outputs) << outputs.error().message;
  // Neither the next run nor the engine's end may touch them.
  ASSERT_TRUE(engine->run(std::vector{b_, b_}));
  engine.reset();
  ASSERT_EQ(outputs->size(), 1u);
  EXPECT_EQ(floats(outputs->front()), y_);
}

TEST_P(EngineConformance, InputsByNameInAnyOrder) {
  const auto engine = load(add_mul_model().bytes());
  auto outputs = engine->run(std::map<std::string, Tensor>{{"b", b_}, {"a", a_}},
                             std::vector<std::string>{"y"});
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(floats(outputs->front()), y_);
}

// One engine, other sizes from run to run.
TEST_P(EngineConformance, DynamicSizesAreTakenAsTheyCome) {
  const auto engine = load(add_mul_model().bytes());
  for (const int64_t n : {2, 5, 1, 2, 0}) {
    Tensor a = Tensor::allocate(ElementType::Float, {n, 3});
    for (float& x : a.mutable_values<float>()) x = static_cast<float>(n);
    auto outputs = engine->run(std::vector{a, a});
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(outputs->at(1).shape(), (Shape{n, 3}));
    EXPECT_EQ(floats(outputs->at(1)),
              std::vector<float>(static_cast<size_t>(3 * n), static_cast<float>(2 * n * n)));
  }
}

TEST_P(EngineConformance, StaticSizesAndSharedOutputs) {
  const auto engine = load(
      TinyModel{.inputs = {{"x", ElementType::Float, {"4"}}, {"unused", ElementType::Int64, {"1"}}},
                .outputs = {{"y", ElementType::Float, {"4"}}, {"z", ElementType::Float, {"4"}}},
                .ops = {{"Neg", {"x"}, "y", ""}, {"Identity", {"y"}, "z", ""}}}
          .bytes());
  ASSERT_EQ(engine->inputs().size(), 2U) << "an input that nothing reads is one";
  const Tensor unused = Tensor::of<int64_t>({1}, {7});
  for (const float x : {1.F, 2.F}) {
    auto outputs = engine->run(std::vector{Tensor::of<float>({4}, {x, x, x, x}), unused});
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_EQ(floats(outputs->at(0)), std::vector<float>(4, -x));
    EXPECT_EQ(floats(outputs->at(1)), std::vector<float>(4, -x));
  }
}

TEST_P(EngineConformance, WrongInputsAreRefusedWithNameFoundAndExpected) {
  const auto engine = load(add_mul_model().bytes());
  const auto message = [&](const std::vector<Tensor>& inputs) {
    return engine->run(inputs).error().message;
  };
  EXPECT_EQ(message({a_, Tensor::of<float>({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})}),
            "input 'b': found float32[2, 4], expected float32[n, 3]");
  EXPECT_EQ(message({Tensor::of<double>({2, 3}, {1, 2, 3, 4, 5, 6}), b_}),
            "input 'a': found float64[2, 3], expected float32[n, 3]");
  EXPECT_EQ(message({Tensor::of<float>({3}, {1, 2, 3}), b_}),
            "input 'a': found float32[3], expected float32[n, 3]");
  EXPECT_EQ(message({a_}), "input 'b' (float32[n, 3]) is missing: 1 of 2 inputs were given");
  EXPECT_EQ(message({a_, b_, b_}), "3 inputs were given, but the model has 2: a, b");
  EXPECT_THAT(engine->run(std::map<std::string, Tensor>{{"a", a_}}).error().message,
              HasSubstr("'b' (float32[n, 3]) is missing"));
  EXPECT_THAT(
      engine->run(std::map<std::string, Tensor>{{"a", a_}, {"b", b_}, {"c", b_}}).error().message,
      HasSubstr("no input 'c'"));
  EXPECT_THAT(engine->run(std::vector{a_, b_}, std::vector<std::string>{"x"}).error().message,
              HasSubstr("no output 'x'"));
  // What only the engine can see, it says: n differs between the inputs.
  EXPECT_THAT(message({a_, Tensor::of<float>({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})}),
              HasSubstr("could not run"));
  EXPECT_TRUE(engine->run(std::vector{a_, b_})) << "the engine must survive refused inputs";
}

TEST_P(EngineConformance, StringsAreRefused) {
  const auto engine = try_load(TinyModel{.inputs = {{"s", ElementType::String, {"1"}}},
                                         .outputs = {{"t", ElementType::String, {"1"}}},
                                         .ops = {{"Identity", {"s"}, "t", ""}}}
                                   .bytes());
  const std::string message =
      engine ? (*engine)->run(std::vector{a_}).error().message : engine.error().message;
  EXPECT_THAT(message, HasSubstr("string"));
}

TEST_P(EngineConformance, EveryTypeOfFixedWidthPasses) {
  for (const ElementType type :
       {ElementType::Float, ElementType::Double, ElementType::Float16, ElementType::Bool,
        ElementType::Int8, ElementType::Uint8, ElementType::Int16, ElementType::Uint16,
        ElementType::Int32, ElementType::Uint32, ElementType::Int64, ElementType::Uint64}) {
    SCOPED_TRACE(element_type_name(type));
    const auto engine = load(TinyModel{.inputs = {{"x", type, {"2", "2"}}},
                                       .outputs = {{"y", type, {"2", "2"}}},
                                       .ops = {{"Transpose", {"x"}, "y", ""}}}
                                 .bytes());
    Tensor x = Tensor::allocate(type, {2, 2});
    const size_t width = x.bytes().size() / 4;
    x.mutable_bytes()[width] = std::byte{1};  // the element at [0, 1]
    auto outputs = engine->run(std::vector{x});
    ASSERT_TRUE(outputs) << outputs.error().message;
    ASSERT_EQ(outputs->at(0).type(), type);
    // Half-precision denormals may be flushed.
    if (type == ElementType::Float || type == ElementType::Double || type == ElementType::Float16)
      continue;
    EXPECT_EQ(outputs->at(0).bytes()[2 * width], std::byte{1});
    EXPECT_EQ(outputs->at(0).bytes()[width], std::byte{0});
  }
}

TEST_P(EngineConformance, BrokenModelsAreRefused) {
  const std::string good = add_mul_model().bytes();
  for (const std::string& bytes :
       {std::string("no model"), good.substr(0, good.size() / 2), std::string()})
    EXPECT_FALSE(try_load(bytes)) << bytes.size();
  EXPECT_THAT(targets().lookup(GetParam())->load(ModelSource::file("missing.onnx")).error().message,
              HasSubstr("missing.onnx"));
  const auto unknown = try_load(TinyModel{.inputs = {{"x", ElementType::Float, {"2"}}},
                                          .outputs = {{"y", ElementType::Float, {"2"}}},
                                          .ops = {{"Nothing", {"x"}, "y", ""}}}
                                    .bytes());
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("Nothing"));
  EXPECT_THAT(unknown.error().message, HasSubstr("n_y")) << "the node is named";
}

TEST_P(EngineConformance, NothingIsPrinted) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  (void)try_load("no model");
  const auto engine = load(add_mul_model().bytes());
  (void)engine->run(std::vector{a_, Tensor::of<float>({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_P(EngineConformance, ProfileIsTakenOnceAndNamesNodes) {
  const auto engine = load(add_mul_model().bytes(),
                           {.threads = 1, .optimization = Optimization::None, .profile = true});
  // Large enough for clocks that count microseconds.
  const Tensor a = Tensor::allocate(ElementType::Float, {200'000, 3});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(engine->run(std::vector{a, a}));
  auto profile = engine->profile();
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->runs, 3);
  EXPECT_GT(profile->time_us, 0);
  std::set<std::string> named;
  for (const KernelRecord& kernel : profile->kernels) {
    EXPECT_EQ(kernel.calls, 3) << kernel.node;
    EXPECT_FALSE(kernel.op_type.empty());
    named.insert(kernel.node);
    named.insert(kernel.origins.begin(), kernel.origins.end());
  }
  EXPECT_TRUE(named.contains("n_sum"));
  EXPECT_TRUE(named.contains("n_y"));
  EXPECT_FALSE(engine->profile()) << "the profile is taken once";
  EXPECT_TRUE(engine->run(std::vector{a_, b_}));
  EXPECT_FALSE(load(add_mul_model().bytes())->profile());
}

TEST_P(EngineConformance, TwoEnginesAndManyThreadsAtOnce) {
  const auto first = load(add_mul_model().bytes(), {.threads = 2, .spinning = false});
  const auto second =
      load(add_mul_model().bytes(), {.threads = 1, .optimization = Optimization::Basic});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Engine& engine = t % 2 == 0 ? *first : *second;
      const float value = static_cast<float>(t + 1);
      const Tensor a = Tensor::of<float>({1, 3}, {value, value, value});
      for (int i = 0; i < 50; ++i) {
        auto outputs = engine.run(std::vector{a, a});
        if (!outputs || floats(outputs->at(1)) != std::vector<float>(3, 2 * value * value)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// A convolution network that is large enough for integer kernels.
std::string network() {
  std::string weights, bias;
  for (int i = 0; i < 16 * 16 * 9; ++i)
    weights += fmt::format("{}{}", i == 0 ? "" : ", ", 0.01 * (i * 37 % 41 - 20));
  for (int i = 0; i < 16; ++i) bias += fmt::format("{}{}", i == 0 ? "" : ", ", 0.05 * (i % 5 - 2));
  return fmt::format(R"(net (float[1,16,12,12] x) => (float[1,16,12,12] y)
    <float[16,16,3,3] w = {{{}}}, float[16] b = {{{}}}, float low = {{0.0}}, float high = {{6.0}}> {{
      c = Conv<pads = [1,1,1,1]>(x, w, b)  r = Relu(c)
      d = Conv<pads = [1,1,1,1]>(r, w, b)  e = Clip(d, low, high)
      f = Conv<pads = [1,1,1,1]>(e, w, b)  y = Add(f, x) }})",
                     weights, bias);
}

Tensor wave() {
  Tensor x = Tensor::allocate(ElementType::Float, {1, 16, 12, 12});
  for (size_t i = 0; i < x.values<float>().size(); ++i)
    x.mutable_values<float>()[i] = std::sin(static_cast<float>(i)) * 0.9F;
  return x;
}

// Of every planned tensor, from what it holds on this input and from the weights themselves.
Encodings encodings_for(Model& model, const QuantizationPlan& plan, const Tensor& x) {
  const auto observed = model.clone();
  std::vector<std::string> names;
  for (const PlannedActivation& planned : plan.activations) {
    names.emplace_back(planned.value->name);
    Value* value = observed->graph().find(planned.value->name);
    if (!value->is_output() && !value->is_input) observed->graph().add_output(*value);
  }
  const std::string bytes = *model_bytes(*observed);
  const auto engine = targets().lookup("onnxruntime")->load(ModelSource::memory(as_bytes(bytes)));
  Encodings encodings;
  for (const PlannedActivation& planned : plan.activations) {
    const std::string name(planned.value->name);
    const Tensor values =
        planned.value->is_input
            ? x
            : (*(*engine)->run(std::vector{x}, std::vector<std::string>{name}))[0];
    const auto [low, high] = std::ranges::minmax(values.values<float>());
    encodings.tensors.push_back({name,
                                 schemes().lookup(planned.scheme)->from_range(low, high),
                                 low,
                                 high,
                                 "",
                                 {},
                                 {},
                                 {},
                                 {}});
  }
  for (const PlannedWeight& planned : plan.weights) {
    const Tensor values = *model.load(*planned.value->initializer);
    const auto all = values.values<float>();
    const size_t channels = static_cast<size_t>(values.shape()[0]), each = all.size() / channels;
    std::vector<FloatRange> ranges;
    for (size_t c = 0; c < channels; ++c) {
      const auto [low, high] = std::ranges::minmax(all.subspan(c * each, each));
      ranges.push_back({low, high});
    }
    EXPECT_EQ(planned.per_channel_axis, 0);
    encodings.tensors.push_back({std::string(planned.value->name),
                                 schemes().lookup(planned.scheme)->from_ranges(ranges, 0, true),
                                 0,
                                 0,
                                 "",
                                 {},
                                 {},
                                 {},
                                 {}});
  }
  return encodings;
}

double sqnr_db(const Tensor& reference, const Tensor& other) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < reference.values<float>().size(); ++i) {
    const double x = reference.values<float>()[i], e = x - other.values<float>()[i];
    signal += x * x;
    noise += e * e;
  }
  return 10 * std::log10(signal / noise);
}

// The quantized form that the target asks for is one that its engine takes, close to the float
// network, and executed in integers.
TEST_P(EngineConformance, QuantizedFormsRunInIntegers) {
  const Target& target = *targets().lookup(GetParam());
  const Tensor x = wave();
  const auto reference = typed_model(network());
  const Tensor expected = (*targets()
                                .lookup("onnxruntime")
                                ->load(ModelSource::memory(as_bytes(*model_bytes(*reference)))))
                              ->run(std::vector{x})
                              ->at(0);
  for (const char* scheme : {"", "u8", "s8"}) {
    SCOPED_TRACE(scheme);
    const auto model = typed_model(network());
    const auto plan = target.backend->plan_quantization(*model, {scheme, {}, {}});
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->anchors.size(), 3U);
    const Encodings encodings = encodings_for(*model, *plan, x);
    const auto emitted = target.backend->emit_quantized(*model, encodings);
    ASSERT_TRUE(emitted) << emitted.error().message;
    const std::string bytes = *model_bytes(*model);
    const auto engine = load(bytes, {.threads = 1, .profile = true});
    const auto outputs = engine->run(std::vector{x});
    ASSERT_TRUE(outputs) << outputs.error().message;
    EXPECT_GT(sqnr_db(expected, outputs->at(0)), 25);
    EXPECT_LT(sqnr_db(expected, outputs->at(0)), 70) << "nothing was quantized";
    size_t integer = 0, in_float = 0;
    std::string kernels;
    const auto profile = engine->profile();
    ASSERT_TRUE(profile) << profile.error().message;
    for (const KernelRecord& kernel : profile->kernels) {
      kernels += fmt::format("{} {}\n", kernel.node, kernel.op_type);
      if (kernel.op_type.find("Conv") == kernel.op_type.npos) continue;
      const bool is_integer =
          kernel.op_type.find("QLinear") != kernel.op_type.npos || kernel.op_type.ends_with("_I8");
      ++(is_integer ? integer : in_float);
    }
    EXPECT_EQ(integer, 3U) << kernels;
    EXPECT_EQ(in_float, 0U) << kernels;
  }
}

}  // namespace
}  // namespace acuate
