#include <algorithm>

#include "graph/model.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"
#include "targets/onnxruntime/kernels.h"
#include "targets/onnxruntime/session.h"
#include "targets/onnxruntime/widen_bfloat16.h"

namespace acuate {
namespace {

// Domains whose operators the CPU build of ONNX Runtime carries.
constexpr std::string_view kDomains[] = {"",
                                         "ai.onnx",
                                         "ai.onnx.ml",
                                         "com.microsoft",
                                         "com.microsoft.nchwc",
                                         "com.ms.internal.nhwc",
                                         "ai.onnx.preview"};

// Its x64 kernels take u8 activations: signed grids are renamed to u8 with zero point 128, and
// values that cannot be negative get the whole unsigned grid. With s8 activations convolutions
// whose tensors have several readers silently stay in float.
QuantizationRules rules() {
  return {.target = "ONNX Runtime",
          .schemes = {"u8", "s8", "u16", "s16", "dfp8", "dfp16", "fp16", "bf16"},
          .unsigned_where_positive = true,
          .transposed_convolutions = false,
          .signed_grid = QuantizationRules::SignedGrid::UnsignedWithOffset,
          .weight_only_schemes = {"s8", "s4"}};
}

class OnnxRuntimeTarget final : public TargetBackend {
 public:
  TargetStatus status() const override {
    const auto library = onnxruntime_library();
    const Availability engine = library
                                    ? Availability{true, "", (*library)->file, (*library)->version}
                                    : Availability{false, library.error().message, "", ""};
    // Knowing which domains it has needs no library.
    return {.diagnose = {true, "", engine.file, engine.version}, .build = engine, .run = engine};
  }

  // It takes dynamic shapes and control flow; which kernels it lacks probe() asks it.
  std::vector<Reason> why_not(const Node& node, const NodeContext&) const override {
    if (std::find(std::begin(kDomains), std::end(kDomains), node.domain()) != std::end(kDomains))
      return {};
    for (const Function& function : node.graph().model().functions())
      if (function.domain == node.domain() && function.name == node.op_type()) return {};
    return {
        {.id = "unsupported_operator",
         .message = fmt::format("ONNX Runtime has no operators of the domain '{}'", node.domain()),
         .evidence = fmt::format("operator {}; the model defines no function of that name",
                                 node.op_type())}};
  }

  Result<std::vector<Refusal>> probe(const Model& model) const override {
    const auto library = onnxruntime_library();
    if (!library) return std::vector<Refusal>();
    return refusals_of_kernels(**library, model);
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
    const auto library = onnxruntime_library();
    if (!library) return library.error();
    auto engine = load_onnxruntime_engine(**library, source, options);
    if (engine) return engine;
    auto widened = load_widened(**library, source, options);
    return widened && *widened != nullptr ? std::move(*widened) : std::move(engine);
  }

 private:
  // A network that computes in bfloat16, in float32 that is rounded to it; null: it holds none.
  static Result<std::unique_ptr<Engine>> load_widened(const OnnxRuntime& library,
                                                      const ModelSource& source,
                                                      const EngineOptions& options) {
    auto model = source.path.empty() ? import_model(source.bytes, nullptr, source.folder / "model")
                                     : import_model(source.path);
    if (!model) return model.error();
    const auto tensors = widen_bfloat16(**model);
    if (!tensors) return tensors.error();
    if (*tensors == 0) return std::unique_ptr<Engine>();
    const auto bytes = model_bytes(**model);
    if (!bytes) return bytes.error();
    return load_onnxruntime_engine(library, ModelSource::memory(as_bytes(*bytes)), options);
  }
};

}  // namespace

void register_targets_onnxruntime(TargetRegistry& registry) {
  registry.add({"onnxruntime", "ONNX Runtime on the CPU", std::make_shared<OnnxRuntimeTarget>()});
}

}  // namespace acuate
