#include "targets/simulated_engine.h"

#include <algorithm>
#include <mutex>

#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "simulate/quantized_graph.h"
#include "simulate/simulator.h"

namespace acuate {
namespace {

// Each node alone, without the engine's own optimizations.
Result<FloatFunction> load_float(const Model& model) {
  const Target* target = targets().lookup("onnxruntime");
  ACUATE_CHECK(target != nullptr, "there is no engine for what is computed in float");
  auto bytes = model_bytes(model);
  if (!bytes) return bytes.error();
  auto engine = target->load(ModelSource::memory(as_bytes(*bytes)),
                             {.threads = 1, .optimization = Optimization::None});
  if (!engine) return engine.error();
  return FloatFunction([shared = std::shared_ptr<Engine>(std::move(*engine))](
                           std::span<const Tensor> inputs) { return shared->run(inputs); });
}

class SimulatedEngine final : public Engine {
 public:
  SimulatedEngine(const Model& model, Simulator simulator, bool profiles)
      : simulator_(std::move(simulator)), profiles_(profiles) {
    for (const Value* input : model.graph().inputs())
      if (!input->is_constant()) inputs_.push_back(io_spec(*input));
    for (const Value* output : model.graph().outputs()) outputs_.push_back(io_spec(*output));
    node_us_.resize(simulator_.nodes().size());
  }

  Result<Profile> profile() override {
    if (!profiles_)
      return fail("nothing was recorded: the engine was not loaded with EngineOptions::profile");
    const std::lock_guard lock(mutex_);
    Profile profile;
    for (size_t i = 0; i < node_us_.size(); ++i) {
      const SimulatedNode& node = simulator_.nodes()[i];
      const std::string provider = node.float_reason.empty()
                                       ? std::string(kIntegers)
                                       : std::string(kInFloat) + node.float_reason;
      profile.kernels.push_back({node.node, {node.node}, node.kind, provider, node_us_[i], runs_});
      profile.time_us += node_us_[i];
    }
    profile.runs = runs_;
    return profile;
  }

 protected:
  Result<std::vector<Tensor>> run_checked(std::span<const Tensor> inputs,
                                          std::span<const size_t> outputs) override {
    std::vector<double> node_us(profiles_ ? node_us_.size() : 0);
    auto all = simulator_.run(inputs, node_us);
    if (!all) return all.error();
    if (profiles_) {
      const std::lock_guard lock(mutex_);
      for (size_t i = 0; i < node_us.size(); ++i) node_us_[i] += node_us[i];
      ++runs_;
    }
    std::vector<Tensor> chosen;
    for (const size_t output : outputs) chosen.push_back((*all)[output]);
    return chosen;
  }

 private:
  const Simulator simulator_;
  const bool profiles_;
  std::mutex mutex_;
  std::vector<double> node_us_;
  int64_t runs_ = 0;
};

class Simulation final : public TargetBackend {
 public:
  explicit Simulation(std::shared_ptr<const TargetBackend> rules) : rules_(std::move(rules)) {}

  TargetStatus status() const override { return rules_->status(); }
  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    return rules_->why_not(node, context);
  }
  Result<std::unique_ptr<Engine>> load(const ModelSource& source,
                                       const EngineOptions& options) const override {
    return load_simulated(source, options);
  }

 private:
  std::shared_ptr<const TargetBackend> rules_;
};

}  // namespace

Target simulated(const Target& target) {
  Target result = target;
  result.backend = std::make_shared<Simulation>(target.backend);
  return result;
}

Result<std::unique_ptr<Engine>> load_simulated(const ModelSource& source,
                                               const EngineOptions& options) {
  // Constants stay where they are, so bytes that go after load() are copied.
  const auto kept = std::make_shared<std::string>(as_text(source.bytes));
  auto model = source.path.empty()
                   ? import_model(as_bytes(*kept), kept, source.folder / "model.onnx")
                   : import_model(source.path);
  if (!model) return model.error();
  bool is_quantized = false;
  for (const Node* node = (*model)->graph().first(); node != nullptr; node = node->next())
    is_quantized |= is_quantize(*node);
  if (!is_quantized)
    return fail(
        "{} is not quantized, so there are no integers to simulate; `acuate quantize` makes it so",
        source.text());
  auto simulator =
      Simulator::build(**model, {.load_float = load_float, .threads = options.threads});
  if (!simulator)
    return fail("{} cannot be simulated: {}", source.text(), simulator.error().message);
  return std::unique_ptr<Engine>(
      std::make_unique<SimulatedEngine>(**model, std::move(*simulator), options.profile));
}

}  // namespace acuate
