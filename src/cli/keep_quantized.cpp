#include "cli/keep_quantized.h"

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/models.h"
#include "quantize/import_qdq.h"
#include "quantize/quantize.h"
#include "shape/infer.h"

namespace acuate {
namespace {

// The first option that asks for other grids than the model has; empty where none does.
std::string asked_anew(const ConvertOptions& options) {
  const ConvertOptions unasked;
  if (options.encodings) return "--encodings";
  if (!options.scheme.empty()) return "--scheme";
  if (options.range != unasked.range) return "--range";
  if (options.weight_range != unasked.weight_range) return "--weight-range";
  if (options.recover != unasked.recover) return "--recover";
  if (!options.hybrid.empty()) return "--hybrid";
  if (!options.weights_only.empty()) return "--weights-only";
  if (!options.exclude.empty()) return "--exclude";
  return {};
}

}  // namespace

bool is_quantized(const Model& model) { return !refuse_quantized(model); }

Result<int> keep_quantized(const Model& model, const ConvertOptions& options,
                           const std::filesystem::path& encodings, const Console& console) {
  const auto refusal = refuse_quantized(model);
  if (const std::string option = asked_anew(options); !option.empty())
    return fail("{} asks for other grids, but {}", option, refusal.error().message);
  auto typed = model.clone();
  infer_shapes(*typed);
  auto parts = import_qdq(*typed);
  if (!parts) return fail("{}. {}", refusal.error().message, parts.error().message);
  if (auto saved =
          save_with_text(model, options.output, write_encodings(parts->encodings), encodings);
      !saved)
    return saved.error();
  console.print(fmt::format(
      "{} and {}: the model is quantized already; it is kept as it is, with its own parameters of "
      "{} tensors\n",
      options.output.string(), encodings.string(), parts->encodings.tensors.size()));
  if (auto written = console.write_json({{"output", options.output.string()},
                                         {"encodings", encodings.string()},
                                         {"tensors", parts->encodings.tensors.size()},
                                         {"kept", true}});
      !written)
    return written.error();
  return kDone;
}

}  // namespace acuate
