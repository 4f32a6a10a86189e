#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "quantize/apply_changes.h"
#include "quantize/quantize.h"

namespace acuate {
namespace {

// Whether the encoding fits the value that the graph has under its name.
Result<void> check_encoding(const Graph& graph, const TensorEncoding& encoding) {
  const std::string where = "tensor '" + to_valid_utf8(encoding.tensor) + "'";
  const Value* value = graph.find(encoding.tensor);
  if (value == nullptr || !value->is_defined())
    return fail("{}: the simplified float model has no such tensor", where);
  const Quantization& quantization = encoding.quantization;
  const int axis = quantization.per_channel_axis;
  if (!value->is_constant()) {
    if (value->type.element != ElementType::Float)
      return fail("{}: it is {}, and only float32 is quantized", where,
                  element_type_name(value->type.element));
    if (axis >= 0) return fail("{}: an activation takes one scale, found one by channel", where);
    return {};
  }
  if (value->initializer->type != ElementType::Float)
    return fail("{}: it is a constant of another type than float32", where);
  const Shape& shape = value->initializer->shape;
  if (quantization.block_size > 0 || quantization.bits < 8) {
    if (shape.size() != 2)
      return fail("{}: blocks and 4 bits are for the matrix of a product, its shape is {}", where,
                  format_shape(shape));
  }
  if (axis < 0) return {};
  if (static_cast<size_t>(axis) >= shape.size())
    return fail("{}: per_channel_axis is {}, but its shape is {}", where, axis,
                format_shape(shape));
  int64_t scales = shape[axis];
  if (const int64_t block = quantization.block_size; block > 0)
    scales = (shape[axis] + block - 1) / block * shape[1 - axis];
  if (static_cast<size_t>(scales) != quantization.scale.size())
    return fail("{}: {} scales, but axis {} of its shape {} has {}{}", where,
                quantization.scale.size(), axis, format_shape(shape), scales,
                quantization.block_size > 0 ? " in blocks" : "");
  return {};
}

bool is_weights_only(const Graph& graph, const Encodings& encodings) {
  return std::all_of(
      encodings.tensors.begin(), encodings.tensors.end(),
      [&](const TensorEncoding& each) { return graph.find(each.tensor)->is_constant(); });
}

// The first of a node's tensors that integers need and that has no grid; empty where all have.
// Not every target gives the result one.
std::string missing_grid(const Node& anchor, const std::unordered_set<const Value*>& planned,
                         const EncodingIndex& encodings) {
  const Value* output = quantized_output(anchor);
  for (const Value* value : {static_cast<const Value*>(anchor.input(0)),
                             static_cast<const Value*>(anchor.input(1)), output})
    if (encodings.find(value->name) == nullptr && (value != output || planned.count(output) > 0))
      return to_valid_utf8(value->name);
  return {};
}

// Which operators run in integers by these encodings.
Result<void> judge_anchors(const QuantizationPlan& plan, const EncodingIndex& encodings,
                           bool weights_only, Quantized& result) {
  std::unordered_set<const Value*> planned;
  for (const PlannedActivation& activation : plan.activations) planned.insert(activation.value);
  for (const Node* node : plan.anchors) {
    const std::string missing = weights_only && encodings.find(node->input(1)->name) != nullptr
                                    ? std::string()
                                    : missing_grid(*node, planned, encodings);
    if (missing.empty())
      result.anchors.push_back(node->address());
    else
      result.kept_float.emplace_back(node->address(),
                                     "the encodings have none for '" + missing + "'");
  }
  for (const KeptFloat& kept : plan.kept_float)
    result.kept_float.emplace_back(kept.node->address(), kept.reason);
  if (!result.anchors.empty()) return {};
  return fail("nothing is quantized by these encodings{}",
              result.kept_float.empty()
                  ? ""
                  : "; the first that stays in float is '" + result.kept_float[0].first +
                        "': " + result.kept_float[0].second);
}

// What the grids do to the values that were found.
void measure(const Calibration& calibration, Encodings& encodings) {
  for (TensorEncoding& encoding : encodings.tensors)
    if (const auto found = calibration.histograms.find(encoding.tensor);
        found != calibration.histograms.end())
      measure_encoding(found->second, encoding);
}

}  // namespace

Result<Quantized> apply_encodings(const Model& model, const Target& target,
                                  const Encodings& encodings, const GraphChanges& changes,
                                  size_t samples, const SampleLoader& load,
                                  const QuantizeOptions& options) {
  if (auto fresh = refuse_quantized(model); !fresh) return fresh.error();
  Quantized result;
  result.float_model = model.clone();
  result.encodings = encodings;
  result.changes = changes;
  Model& changed = *result.float_model;
  if (auto done = apply_changes(changed, changes, encodings); !done) return done.error();
  for (const TensorEncoding& encoding : encodings.tensors)
    if (auto fits = check_encoding(changed.graph(), encoding); !fits) return fits.error();
  auto plan = target.backend->plan_quantization(changed, options.request);
  if (!plan) return plan.error();
  if (auto some = judge_anchors(*plan, EncodingIndex(encodings),
                                is_weights_only(changed.graph(), encodings), result);
      !some)
    return some.error();
  if (samples > 0) {
    std::vector<std::string> activations;
    for (const TensorEncoding& encoding : encodings.tensors)
      if (!changed.graph().find(encoding.tensor)->is_constant())
        activations.push_back(encoding.tensor);
    auto calibration = calibrate(changed, target, activations, samples, load, options.calibration);
    if (!calibration) return calibration.error();
    if (auto finite = refuse_non_finite(*calibration); !finite) return finite.error();
    measure(*calibration, result.encodings);
    result.calibration = std::move(*calibration);
  }
  result.model = changed.clone();
  if (auto emitted = target.backend->emit_quantized(*result.model, result.encodings); !emitted)
    return emitted.error();
  return result;
}

}  // namespace acuate
