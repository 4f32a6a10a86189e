#include "targets/unavailable.h"

namespace acuate {
namespace {

class Unavailable final : public TargetBackend {
 public:
  explicit Unavailable(UnavailableTarget target) : target_(std::move(target)) {}

  TargetStatus status() const override {
    const FoundLibrary found = find_library(target_.library);
    Availability none;
    const std::string own =
        fmt::format("this version of acuate has no engine for {}", target_.product);
    if (!found.path.empty()) {
      none.file = found.path.string();
      none.version = found.path.filename().string().substr(target_.library.stem.size());
      none.reason = fmt::format("{}; the library itself was found", own);
    } else if (!found.home.empty()) {
      none.reason = fmt::format("{}, and {} is '{}', where no {}* lies", own,
                                target_.library.home_variable, found.home, target_.library.stem);
    } else {
      none.reason = fmt::format("{}, and its library was not found either ({}, or set {})", own,
                                target_.how_to_get, target_.library.home_variable);
    }
    if (!target_.needs.empty()) none.reason += fmt::format("; it needs {}", target_.needs);
    return {.diagnose = none, .build = none, .run = none};
  }

  std::vector<Reason> why_not(const Node& node, const NodeContext&) const override {
    return {{.id = "unknown_support",
             .message = fmt::format("whether {} takes {} is not known to this version of acuate",
                                    target_.product, node.op_type()),
             .evidence = "no verdict of the engine and no table"}};
  }

  Result<QuantizationPlan> plan_quantization(Model& model,
                                             const QuantizationRequest& request) const override {
    return target_.quantization ? acuate::plan_quantization(model, request, *target_.quantization)
                                : TargetBackend::plan_quantization(model, request);
  }
  Result<void> emit_quantized(Model& model, const Encodings& encodings) const override {
    return target_.quantization ? emit_qdq(model, encodings, *target_.quantization)
                                : TargetBackend::emit_quantized(model, encodings);
  }

 private:
  UnavailableTarget target_;
};

}  // namespace

std::shared_ptr<const TargetBackend> make_unavailable_target(UnavailableTarget target) {
  return std::make_shared<Unavailable>(std::move(target));
}

}  // namespace acuate
