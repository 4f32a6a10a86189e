#include "quantize/hybrid_forms.h"

#include <algorithm>

#include "quantize/apply_changes.h"

namespace acuate {

Result<HybridForms> HybridForms::of(const Quantizer& quantizer, const Prepared& prepared,
                                    const HybridLayers& layers,
                                    const std::vector<const Recovery*>& used, size_t samples,
                                    const SampleLoader& load, Encodings wide) {
  HybridForms forms(quantizer, prepared, layers);
  forms.wide_ = std::move(wide);
  Names all;
  for (const PlannedActivation& planned : prepared.plan.activations)
    all.emplace(planned.value->name);
  for (const Node* anchor : prepared.plan.anchors)
    forms.data_of_node_.emplace(anchor->address(), anchor->input(0)->name);
  auto narrow = quantizer.finish(prepared, prepared.encodings, used, samples, load);
  if (!narrow) return narrow.error();
  forms.narrow_changes_ = std::move(narrow->changes);
  forms.narrow_ = std::move(*narrow);
  forms.narrow_.model = nullptr;
  if (forms.narrow_changes_.rounding.empty() && forms.narrow_changes_.biases.empty()) return forms;
  auto widest = quantizer.finish(prepared, forms.encodings_with(forms.with_weights(all)), used,
                                 samples, load);
  if (!widest) return widest.error();
  forms.wide_changes_ = std::move(widest->changes);
  return forms;
}

HybridForms::Names HybridForms::with_weights(const Names& wide) const {
  Names all = wide;
  for (const HybridLayers::Weight& weight : layers_->weights)
    if (!weight.data.empty() &&
        std::all_of(weight.data.begin(), weight.data.end(),
                    [&](const std::string& data) { return wide.count(data) > 0; }))
      all.insert(weight.tensor);
  return all;
}

Encodings HybridForms::encodings_with(const Names& wide_and_weights) const {
  const EncodingIndex wide(wide_);
  Encodings encodings;
  for (const TensorEncoding& narrow : prepared_->encodings.tensors) {
    const bool is_wide = wide_and_weights.count(narrow.tensor) > 0;
    const TensorEncoding* found = is_wide ? wide.find(narrow.tensor) : &narrow;
    const Value* value = prepared_->model->graph().find(narrow.tensor);
    if (found == nullptr && value->is_constant()) found = &narrow;
    if (found != nullptr) encodings.tensors.push_back(*found);
  }
  return encodings;
}

Result<Quantized> HybridForms::with(const Names& wide) const {
  const Names wide_and_weights = with_weights(wide);
  Quantized result;
  result.encodings = encodings_with(wide_and_weights);
  result.recovery = narrow_.recovery;
  result.anchors = narrow_.anchors;
  result.kept_float = narrow_.kept_float;
  // Those of wide layers from the wide form, all others from the narrow one.
  GraphChanges added;
  const auto take = [](const auto& changes, auto is_wide, bool wanted, auto& to) {
    for (const auto& change : changes)
      if (is_wide(change) == wanted) to.push_back(change);
  };
  const auto weight = [&](const WeightRounding& change) {
    return wide_and_weights.count(change.tensor) > 0;
  };
  const auto node = [&](const NodeBias& change) {
    const auto data = data_of_node_.find(change.node);
    return data != data_of_node_.end() && wide.count(data->second) > 0;
  };
  take(narrow_changes_.rounding, weight, false, added.rounding);
  take(wide_changes_.rounding, weight, true, added.rounding);
  take(narrow_changes_.biases, node, false, added.biases);
  take(wide_changes_.biases, node, true, added.biases);

  result.float_model = prepared_->model->clone();
  if (auto done = apply_changes(*result.float_model, added, result.encodings); !done)
    return done.error();
  result.changes = prepared_->changes;
  result.changes.rounding = std::move(added.rounding);
  result.changes.biases = std::move(added.biases);
  result.model = result.float_model->clone();
  if (auto emitted = quantizer_->target().backend->emit_quantized(*result.model, result.encodings);
      !emitted)
    return emitted.error();
  return result;
}

}  // namespace acuate
