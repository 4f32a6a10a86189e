#include "convert/float_model.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "onnx_io/opset.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace {

constexpr int64_t kQuantizationOpset = 13;  // the first with per-channel QuantizeLinear

}  // namespace

void name_nodes(Model& model) {
  std::unordered_set<std::string> taken;
  for (Graph* graph : model.all_graphs()) {
    for (Node* node = graph->first(); node != nullptr; node = node->next()) {
      std::string name(node->name());
      if (!name.empty() && taken.insert(name).second) continue;
      const std::string stem =
          fmt::format("{}_{}", node->op_type(), node->output() ? node->output()->name : "");
      name = stem;
      for (int suffix = 1; !taken.insert(name).second; ++suffix)
        name = fmt::format("{}_{}", stem, suffix);
      node->set_name(name);
    }
  }
}

Result<FixedModel> fix_for(const Model& original, const ConvertOptions& options,
                           const Target& target, const Samples& samples) {
  FixedModel out;
  out.options = options.fix;
  auto proposals = propose_input_shapes(original, options, samples);
  if (!proposals) return proposals.error();
  out.is_proposed = !proposals->empty();
  for (auto& [input, shape] : *proposals) out.options.shapes[input] = std::move(shape);
  out.options.evaluate = make_evaluator(target);
  auto fixed = fix(original, out.options);
  if (!fixed) return fixed.error();
  // What follows from data may stay on the host.
  for (const StillDynamic& value : fixed->still_dynamic)
    if (options.precision == "int8" && value.source.starts_with("input "))
      return fail(
          "int8 needs static shapes, but '{}' is {} because of {} ({}); give --shape or --dim",
          value.value, value.type, value.source, value.chain);
  out.model = std::move(fixed->model);
  out.edits = std::move(fixed->edits);
  return out;
}

Result<std::unique_ptr<Model>> simplify_for(const Model& fixed, const ConvertOptions& options,
                                            const Target& target, std::vector<std::string>& edits) {
  auto model = fixed.clone();
  const PassContext context{.evaluate = make_evaluator(target)};
  auto records = simplify(*model, context,
                          {.exact_only = options.exact,
                           .disabled = options.disabled_passes,
                           .patterns = target.patterns});
  if (!records) return records.error();
  if (options.disabled_passes.empty()) {
    std::string line = options.exact ? "apply simplify-exact" : "apply simplify";
    if (!options.exact && !target.patterns.empty())
      line += ":" +
              to_kebab_case(join(std::vector(target.patterns.begin(), target.patterns.end()), ","));
    edits.push_back(std::move(line));
  } else {
    const std::vector<std::string> ids(options.disabled_passes.begin(),
                                       options.disabled_passes.end());
    edits.push_back("# with passes switched off: " + join(ids, ", "));
  }
  return model;
}

Result<void> prepare_quantization(std::unique_ptr<Model>& model) {
  auto converted = convert_opset(*model, std::max(kQuantizationOpset, model->opset_version()));
  if (!converted) return converted.error();
  model = std::move(*converted);
  infer_shapes(*model);
  name_nodes(*model);
  return {};
}

Result<Quantized> quantize_for(const Model& model, const ConvertOptions& options,
                               const Target& target,
                               const std::set<std::string, std::less<>>& on_host,
                               const SampleSet& samples) {
  QuantizeOptions quantize;
  quantize.request.on_host = on_host;
  if (!options.scheme.empty()) quantize.request.scheme = to_snake_case(options.scheme);
  quantize.request.exclude = options.exclude;
  quantize.range = options.range;
  quantize.calibration = {.threads = options.threads,
                          .max_memory_bytes = options.max_memory_bytes,
                          .progress = options.progress};
  return quantize_model(
      model, target, samples.size(), [&](size_t i) { return samples.load(i); }, quantize);
}

}  // namespace acuate
