#include "targets/stand_in.h"

namespace acuate {
namespace {

constexpr std::string_view kStandIn = "onnxruntime";

class StandIn final : public TargetBackend {
 public:
  StandIn(std::shared_ptr<const TargetBackend> rules, std::shared_ptr<const TargetBackend> engine)
      : rules_(std::move(rules)), engine_(std::move(engine)) {}

  TargetStatus status() const override {
    const TargetStatus engine = engine_->status();
    return {.diagnose = rules_->status().diagnose, .build = engine.build, .run = engine.run};
  }
  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    return rules_->why_not(node, context);
  }
  Result<std::vector<Refusal>> probe(const Model& model) const override {
    return rules_->probe(model);
  }
  Result<QuantizationPlan> plan_quantization(Model& model,
                                             const QuantizationRequest& request) const override {
    return rules_->plan_quantization(model, request);
  }
  Result<void> emit_quantized(Model& model, const Encodings& encodings) const override {
    return rules_->emit_quantized(model, encodings);
  }
  Result<std::optional<BuiltEngine>> build(const Model& model,
                                           const BuildOptions& options) const override {
    return rules_->build(model, options);
  }
  Result<std::string> engine_maker() const override { return rules_->engine_maker(); }
  Result<std::unique_ptr<Engine>> load(const ModelSource& source,
                                       const EngineOptions& options) const override {
    return engine_->load(source, options);
  }

 private:
  std::shared_ptr<const TargetBackend> rules_, engine_;
};

}  // namespace

Result<Target> with_engine(const Target& target) {
  if (target.status().run.available) return target;
  const Target* engine = targets().lookup(kStandIn);
  ACUATE_CHECK(engine != nullptr, "there is no engine to stand in");
  if (const Availability run = engine->status().run; !run.available)
    return fail("{} does not run here ({}), nor does {}, which would stand in: {}", target.id,
                target.status().run.reason, kStandIn, run.reason);
  Target result = target;
  result.backend = std::make_shared<StandIn>(target.backend, engine->backend);
  result.stand_in = kStandIn;
  return result;
}

}  // namespace acuate
