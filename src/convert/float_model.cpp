#include "convert/float_model.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "convert/data_findings.h"
#include "convert/hybrid_options.h"
#include "convert/lower_precision.h"
#include "convert/mend.h"
#include "convert/pin_sizes.h"
#include "diagnose/legalize.h"
#include "edit/address.h"
#include "edit/command.h"
#include "onnx_io/opset.h"
#include "quantize/encoding_format.h"
#include "rewrite/legalizer.h"
#include "shape/dynamic.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace {

constexpr int64_t kQuantizationOpset = 13;  // the first with per-channel QuantizeLinear
constexpr int64_t kBlocksOpset = 21;        // the first with 4 bits and scales in blocks
constexpr int64_t kBfloat16Opset = 22;      // the first in which Conv and the pools take bfloat16
constexpr int kDefaultGroup = 128;          // of 4 bits

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
  out.proposals = std::move(*proposals);
  for (const auto& [input, proposal] : out.proposals) out.options.shapes[input] = proposal.shape;
  out.options.evaluate = make_evaluator(target);
  auto fixed = fix(original, out.options);
  if (!fixed) return fixed.error();
  // What follows from data may stay on the host.
  const bool may_stay_open = !options.fix.ranges.empty() || options.signature;
  for (const StillDynamic& value : fixed->still_dynamic)
    if (options.precision == "int8" && !may_stay_open && value.source.starts_with("input "))
      return fail(
          "int8 needs static shapes, but '{}' is {} because of {} ({}); give --shape or --dim, or "
          "--shape-range where sizes are to stay open",
          value.value, value.type, value.source, value.chain);
  out.model = std::move(fixed->model);
  out.edits = std::move(fixed->edits);
  out.ranges = std::move(fixed->ranges);
  return out;
}

std::string simplify_line(const ConvertOptions& options, const Target& target) {
  if (options.exact) return "apply simplify-exact";
  if (target.patterns.empty()) return "apply simplify";
  return "apply simplify:" +
         to_kebab_case(join(std::vector(target.patterns.begin(), target.patterns.end()), ","));
}

Result<std::unique_ptr<Model>> simplify_for(const Model& fixed, const ConvertOptions& options,
                                            const Target& target, std::vector<std::string>& edits) {
  const PassContext context{.evaluate = make_evaluator(target)};
  const auto run_passes = [&](Model& model) -> Result<std::string> {
    auto records = simplify(model, context,
                            {.exact_only = options.exact,
                             .disabled = options.disabled_passes,
                             .patterns = target.patterns});
    return records ? Result<std::string>(std::string()) : records.error();
  };
  // Tensors to cut at are outputs for as long as passes run, so that they are still there behind.
  std::vector<std::string> kept;
  if (cuts_by_name(options)) {
    auto cuts = cut_values(fixed, options.cut);
    if (!cuts) return cuts.error();
    for (const Value* cut : *cuts)
      if (!cut->is_output()) kept.push_back(value_path(*cut));
  }
  const auto line = [](std::string_view command, const std::string& argument) {
    return format_command(command, std::vector<std::string>{argument});
  };
  std::vector<std::string> before, behind;
  for (const std::string& path : kept) {
    before.push_back(line("add-output", path));
    behind.push_back(line("remove-output", path));
  }
  const auto edit = [](const Model& from, const std::vector<std::string>& lines) {
    EditContext inferring;
    inferring.infer = true;
    return lines.empty() ? Result<std::unique_ptr<Model>>(from.clone())
                         : apply_script(from, join(lines, "\n"), inferring);
  };
  auto model = edit(fixed, before);
  if (!model) return model.error();
  if (auto done = run_passes(**model); !done) return done.error();
  if (!behind.empty()) model = edit(**model, behind);
  if (!model) return model.error();
  edits.insert(edits.end(), before.begin(), before.end());
  if (options.disabled_passes.empty()) {
    edits.push_back(simplify_line(options, target));
  } else {
    const std::vector<std::string> ids(options.disabled_passes.begin(),
                                       options.disabled_passes.end());
    edits.push_back("# with passes switched off: " + join(ids, ", "));
  }
  edits.insert(edits.end(), behind.begin(), behind.end());
  return model;
}

namespace {

// Of `apply LEGALIZER NODE…`.
const Legalizer& legalizer_of(const std::string& line) {
  const std::vector<std::string> words = split(line, ' ');
  const Legalizer* used = legalizers().lookup(to_snake_case(words.at(1)));
  ACUATE_CHECK(used != nullptr, "a legalization is no legalizer: " + line);
  return *used;
}

}  // namespace

Result<LegalModel> legalize_for(const Model& model, const ConvertOptions& options,
                                const Target& target) {
  auto legal = legalize(model, target);
  if (!legal) return legal.error();
  LegalModel out;
  for (const std::string& line : legal->edits)
    if (const Legalizer& used = legalizer_of(line); used.exactness == Exactness::Rounding)
      out.bounds.emplace(used.id, used.bound);
  if (options.exact && !out.bounds.empty()) {
    out.note =
        "no operator is replaced, since " + to_kebab_case(out.bounds.begin()->first) + " rounds";
    out.bounds.clear();
  } else if (!legal->edits.empty()) {
    out.model = std::move(legal->model);
    out.edits = std::move(legal->edits);
  }
  return out;
}

namespace {

// The graph at this opset or a later one that it has already.
Result<std::unique_ptr<Model>> from_opset(const Model& model, int64_t version) {
  auto converted = convert_opset(model, std::max(version, model.opset_version()));
  if (!converted) return converted.error();
  infer_shapes(**converted);
  name_nodes(**converted);
  return converted;
}

}  // namespace

Result<void> prepare_quantization(std::unique_ptr<Model>& model) {
  auto converted = from_opset(*model, kQuantizationOpset);
  if (!converted) return converted.error();
  model = std::move(*converted);
  return {};
}

namespace {

Result<Quantized> quantize_weights_for(const Model& model, const ConvertOptions& options,
                                       const Target& target, QuantizationRequest request) {
  request.weights_only = to_snake_case(options.weights_only);
  request.group = options.group.value_or(request.weights_only == "s4" ? kDefaultGroup : 0);
  if (request.weights_only != "s4" && request.group == 0)
    return quantize_weights(model, target, request);
  auto converted = from_opset(model, kBlocksOpset);
  if (!converted) return converted.error();
  return quantize_weights(**converted, target, request);
}

// quantize_for() of a network whose sizes are known.
Result<Quantized> quantize_pinned(const Model& original, const Model& model,
                                  const ConvertOptions& options, const Target& target,
                                  const std::set<std::string, std::less<>>& on_host,
                                  const Samples& data, const Calibration* measured) {
  const SampleSet* samples = data.calibration ? &*data.calibration : nullptr;
  QuantizeOptions quantize;
  quantize.request.on_host = on_host;
  if (!options.scheme.empty()) quantize.request.scheme = to_snake_case(options.scheme);
  quantize.request.exclude = options.exclude;
  if (!options.weights_only.empty())
    return quantize_weights_for(model, options, target, std::move(quantize.request));
  quantize.range = options.range;
  quantize.weight_range = options.weight_range;
  if (options.recover == std::vector<std::string>{"none"})
    quantize.recover.emplace();
  else if (options.recover != std::vector<std::string>{"auto"})
    quantize.recover = options.recover;
  if (auto set = set_hybrid(model, options, target, data, quantize); !set) return set.error();
  quantize.calibration = {.threads = options.threads,
                          .max_memory_bytes = options.max_memory_bytes,
                          .progress = options.progress};
  quantize.measured = measured;
  size_t loaded = 0;  // which sample a calibration of some of them has as its own
  const SampleLoader load = [&](size_t i) {
    loaded = i;
    return samples->load(i);
  };
  if (measured == nullptr && samples != nullptr)
    quantize.explain_non_finite = [&](const Calibration& met, const SampleLoader& part) {
      if (auto again = part(met.non_finite.front().sample); !again) return again.error();
      return explain_non_finite(original, model, target, *samples, loaded, quantize.calibration,
                                met);
    };
  if (!options.encodings)
    return quantize_model(model, target, samples == nullptr ? 0 : samples->size(), load, quantize);
  auto text = read_text_file(*options.encodings);
  if (!text) return text.error();
  const std::string file = options.encodings->string();
  auto imported = read_encodings(*text, file, model);
  if (!imported) return imported.error();
  if (options.note)
    for (const auto& [name, reason] : imported->left_out)
      options.note(fmt::format("{}: '{}' is left out: {}", file, to_valid_utf8(name), reason));
  std::unique_ptr<Model> converted;
  const auto& tensors = imported->encodings.tensors;
  if (std::any_of(tensors.begin(), tensors.end(), [](const TensorEncoding& each) {
        return each.quantization.bits < 8 || each.quantization.block_size > 0;
      })) {
    auto made = from_opset(model, kBlocksOpset);
    if (!made) return made.error();
    converted = std::move(*made);
  }
  auto quantized =
      apply_encodings(converted ? *converted : model, target, imported->encodings,
                      imported->changes, samples == nullptr ? 0 : samples->size(), load, quantize);
  if (!quantized) return fail("{}: {}", file, quantized.error().message);
  return quantized;
}

}  // namespace

Result<Quantized> quantize_for(const Model& original, const Model& model,
                               const ConvertOptions& options, const Target& target,
                               const std::set<std::string, std::less<>>& on_host,
                               const Samples& data, const Calibration* measured) {
  const std::vector<Value*> inputs = fed_inputs(model);
  const bool is_open = std::any_of(inputs.begin(), inputs.end(),
                                   [](const Value* v) { return is_dynamic_input(*v); });
  if (!is_open || !data.calibration)
    return quantize_pinned(original, model, options, target, on_host, data, measured);
  auto sample = data.calibration->load(0);
  if (!sample) return sample.error();
  auto pinned = pin_sizes(model, *sample);
  if (!pinned) return pinned.error();
  auto quantized = quantize_pinned(original, **pinned, options, target, on_host, data, measured);
  if (!quantized) return quantized.error();
  open_sizes(*quantized->model, model);
  return quantized;
}

Result<LoweredModel> lower_for(const Model& original, const Model& measured, const Model& model,
                               const ConvertOptions& options, const Target& target,
                               const Division& division, const SampleSet* samples) {
  LoweredModel out;
  const bool all = options.precision == "fp16" || options.precision == "bf16";
  if (!all && division.in_float16.empty()) return out;
  std::optional<Calibration> ranges;
  if (samples != nullptr && (options.precision == "fp16" || !division.in_float16.empty())) {
    auto calibration = calibrate(measured, target, float_activations(measured), samples->size(),
                                 [samples](size_t i) { return samples->load(i); },
                                 {.threads = options.threads,
                                  .max_memory_bytes = options.max_memory_bytes,
                                  .progress = options.progress});
    if (!calibration) return calibration.error();
    ranges = std::move(*calibration);
  }
  // Where an opset that has the type in all operators is out of reach, the rest stays float32.
  auto later = options.precision == "bf16" ? from_opset(model, kBfloat16Opset)
                                           : Result<std::unique_ptr<Model>>(model.clone());
  out.model = later ? std::move(*later) : model.clone();
  const auto lower = [&](ElementType type,
                         const std::function<bool(const Node&)>& is_meant) -> Result<void> {
    auto lowering =
        lower_precision(*out.model, target, {type, is_meant, ranges ? &*ranges : nullptr});
    if (!lowering) return lowering.error();
    if (lowering->nodes.empty() && !lowering->kept.empty()) {
      const auto& [node, reason] = lowering->kept.front();
      return fail("none of the {} nodes that are asked for in {} can be, first '{}': {}",
                  lowering->kept.size(), element_type_name(type), node->address(), reason);
    }
    const auto modules = ModelModuleTree::carried_over(*out.model, original);
    for (Finding& finding : lowering_findings(*lowering, modules, target.id, ranges.has_value()))
      out.findings.push_back(std::move(finding));
    if (!lowering->nodes.empty())
      out.notes.push_back(
          fmt::format("{} nodes compute in {}", lowering->nodes.size(), element_type_name(type)));
    return {};
  };
  const auto is_named = [&](const Node& node) {
    return division.in_float16.count(node.name()) > 0;
  };
  if (!division.in_float16.empty())
    if (auto done = lower(ElementType::Float16, is_named); !done) return done.error();
  // Casts that the first pass wrote are named after no node of the division.
  const auto is_other = [&](const Node& node) {
    return !is_named(node) && !node.is_op("Cast") &&
           (division.is_whole || division.label_of(node) != kHost);
  };
  if (all)
    if (auto done = lower(
            options.precision == "bf16" ? ElementType::Bfloat16 : ElementType::Float16, is_other);
        !done)
      return done.error();
  return out;
}

}  // namespace acuate
