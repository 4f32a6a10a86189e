#include "targets/openvino/capability.h"
#include "targets/openvino/engine.h"

namespace acuate {
namespace {

// As its own quantizer (NNCF) places them: on what weighted layers read, in u8 for convolutional
// networks; u8 leaves products of activations in float, s8 does not.
QuantizationRules rules() {
  return {.target = "OpenVINO",
          .placement = QuantizationRules::Placement::Inputs,
          .schemes = {"u8", "s8"},
          .attention_scheme = "s8",
          .unsigned_where_positive = true,
          .integer_bias = false,
          .weight_only_schemes = {"s8", "s4"}};
}

class OpenVinoTarget final : public TargetBackend {
 public:
  TargetStatus status() const override {
    const openvino::Library& library = openvino::library();
    const Availability engine = {library.module != nullptr, library.reason, library.file,
                                 library.version};
    return {.diagnose = engine, .build = engine, .run = engine};
  }

  std::vector<Reason> why_not(const Node& node, const NodeContext& context) const override {
    const openvino::Library& library = openvino::library();
    if (library.module != nullptr) return openvino::why_not(library, node, context);
    return {{.id = "unknown_support",
             .message = fmt::format("whether OpenVINO takes {} is not known without its library",
                                    node.op_type()),
             .evidence = library.reason}};
  }

  Result<QuantizationPlan> plan_quantization(Model& model,
                                             const QuantizationRequest& request) const override {
    return acuate::plan_quantization(model, request, rules());
  }
  Result<void> emit_quantized(Model& model, const Encodings& encodings) const override {
    return emit_qdq(model, encodings, rules());
  }

  Result<std::unique_ptr<Engine>> load(const ModelSource& source,
                                       const EngineOptions& options) const override {
    const openvino::Library& library = openvino::library();
    if (library.module == nullptr)
      return fail("{} cannot be loaded: {}", source.text(), library.reason);
    return openvino::load_engine(library, source, options);
  }
};

}  // namespace

void register_targets_openvino(TargetRegistry& registry) {
  Target target{"openvino", "OpenVINO on the CPU", std::make_shared<OpenVinoTarget>()};
  target.computes_in_bfloat16 = true;
  registry.add(std::move(target));
}

}  // namespace acuate
