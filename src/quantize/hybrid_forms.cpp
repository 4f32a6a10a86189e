#include "quantize/hybrid_forms.h"

#include "quantize/apply_changes.h"

namespace acuate {

Result<HybridForms> HybridForms::of(const Quantizer& quantizer, const Prepared& prepared,
                                    const std::vector<const Recovery*>& used, size_t samples,
                                    const SampleLoader& load, Encodings wide) {
  HybridForms forms(quantizer, prepared);
  forms.wide_ = std::move(wide);
  std::set<std::string, std::less<>> all;
  for (const PlannedActivation& planned : prepared.plan.activations)
    all.emplace(planned.value->name);
  for (const Node* anchor : prepared.plan.anchors) {
    const std::string data(anchor->input(0)->name);
    forms.data_of_weight_.emplace(anchor->input(1)->name, data);
    forms.data_of_node_.emplace(anchor->address(), data);
  }
  auto narrow = quantizer.finish(prepared, prepared.encodings, used, samples, load);
  if (!narrow) return narrow.error();
  forms.narrow_changes_ = std::move(narrow->changes);
  forms.narrow_ = std::move(*narrow);
  forms.narrow_.float_model = nullptr;
  forms.narrow_.model = nullptr;
  if (forms.narrow_changes_.rounding.empty() && forms.narrow_changes_.biases.empty()) return forms;
  auto widest = quantizer.finish(prepared, forms.encodings_with(all), used, samples, load);
  if (!widest) return widest.error();
  forms.wide_changes_ = std::move(widest->changes);
  return forms;
}

Encodings HybridForms::encodings_with(const std::set<std::string, std::less<>>& wide) const {
  Encodings encodings;
  for (const TensorEncoding& encoding : prepared_->encodings.tensors) {
    if (wide.count(encoding.tensor) == 0)
      encodings.tensors.push_back(encoding);
    else if (const TensorEncoding* found = wide_.find(encoding.tensor))
      encodings.tensors.push_back(*found);
  }
  return encodings;
}

Result<Quantized> HybridForms::with(const std::set<std::string, std::less<>>& wide) const {
  Quantized result;
  result.encodings = encodings_with(wide);
  result.recovery = narrow_.recovery;
  result.anchors = narrow_.anchors;
  result.kept_float = narrow_.kept_float;
  // Those for wide data from the wide form, all others from the narrow one.
  GraphChanges added;
  const auto take = [&](const auto& changes, const auto& data_of, auto name_of, bool is_wide,
                        auto& to) {
    for (const auto& change : changes) {
      const auto data = data_of.find(name_of(change));
      const bool reads_wide = data != data_of.end() && wide.count(data->second) > 0;
      if (reads_wide == is_wide) to.push_back(change);
    }
  };
  const auto weight = [](const WeightRounding& change) { return change.tensor; };
  const auto node = [](const NodeBias& change) { return change.node; };
  take(narrow_changes_.rounding, data_of_weight_, weight, false, added.rounding);
  take(wide_changes_.rounding, data_of_weight_, weight, true, added.rounding);
  take(narrow_changes_.biases, data_of_node_, node, false, added.biases);
  take(wide_changes_.biases, data_of_node_, node, true, added.biases);

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
