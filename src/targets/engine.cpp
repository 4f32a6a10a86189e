#include "targets/engine.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

std::vector<std::string> names_of(std::span<const IoSpec> specs) {
  std::vector<std::string> names;
  for (const IoSpec& spec : specs) names.push_back(spec.name);
  return names;
}

std::string text_of(const Tensor& tensor) {
  return fmt::format("{}[{}]", element_type_name(tensor.type()), fmt::join(tensor.shape(), ", "));
}

bool shape_fits(const IoSpec& spec, const Shape& shape) {
  if (!spec.has_shape) return true;
  if (spec.shape.size() != shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (spec.shape[i] >= 0 && spec.shape[i] != shape[i]) return false;
  return true;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const auto match = closest_match(name, candidates);
  return match ? fmt::format("; did you mean '{}'?", *match) : std::string();
}

}  // namespace

IoSpec io_spec(const Value& value) {
  IoSpec spec{
      .name = std::string(value.name), .type = value.type.element, .shape = {}, .dim_names = {}};
  spec.has_shape = value.type.shape.has_value();
  spec.is_tensor = value.type.kind == ValueType::Kind::Tensor;
  for (const Dim& dim : value.type.shape.value_or(std::vector<Dim>())) {
    spec.shape.push_back(dim.is_known() ? dim.value : -1);
    spec.dim_names.emplace_back(dim.name);
  }
  return spec;
}

std::string IoSpec::text() const {
  if (!is_tensor) return "not a tensor";
  std::vector<std::string> dims;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool named = i < dim_names.size() && !dim_names[i].empty();
    dims.push_back(shape[i] >= 0 ? std::to_string(shape[i])
                   : named       ? to_valid_utf8(dim_names[i])
                                 : "?");
  }
  return fmt::format("{}[{}]", element_type_name(type), has_shape ? join(dims, ", ") : "…");
}

std::string ModelSource::text() const {
  return path.empty() ? fmt::format("a model of {}", format_bytes(bytes.size())) : path.string();
}

Result<void> check_inputs(std::span<const IoSpec> specs, std::span<const Tensor> inputs) {
  if (inputs.size() < specs.size())
    return fail("input '{}' ({}) is missing: {} of {} inputs were given", specs[inputs.size()].name,
                specs[inputs.size()].text(), inputs.size(), specs.size());
  if (inputs.size() > specs.size())
    return fail("{} inputs were given, but the model has {}: {}", inputs.size(), specs.size(),
                join(names_of(specs), ", "));
  for (size_t i = 0; i < specs.size(); ++i) {
    const IoSpec& spec = specs[i];
    if (!spec.is_tensor)
      return fail(
          "input '{}' is no tensor (a sequence, map or optional); only tensors can be given",
          spec.name);
    if (element_bits(spec.type) == 0)
      return fail(
          "input '{}' has element type {}, which cannot be given; only types of fixed width can",
          spec.name, element_type_name(spec.type));
    if (inputs[i].type() != spec.type || !shape_fits(spec, inputs[i].shape()))
      return fail("input '{}': found {}, expected {}", spec.name, text_of(inputs[i]), spec.text());
  }
  return {};
}

Result<std::vector<Tensor>> Engine::run(std::span<const Tensor> inputs,
                                        std::span<const std::string> output_names) {
  if (auto checked = check_inputs(inputs_, inputs); !checked) return checked.error();
  std::vector<size_t> wanted;
  for (const std::string& name : output_names) {
    size_t index = 0;
    while (index < outputs_.size() && outputs_[index].name != name) ++index;
    if (index == outputs_.size()) {
      const auto names = names_of(outputs_);
      return fail("the model has no output '{}'{}; its outputs are: {}", name,
                  did_you_mean(name, names), join(names, ", "));
    }
    wanted.push_back(index);
  }
  if (output_names.empty())
    for (size_t i = 0; i < outputs_.size(); ++i) wanted.push_back(i);
  for (size_t index : wanted) {
    const IoSpec& spec = outputs_[index];
    if (!spec.is_tensor)
      return fail(
          "output '{}' is no tensor (a sequence, map or optional); only tensors can be read",
          spec.name);
    if (element_bits(spec.type) == 0)
      return fail(
          "output '{}' has element type {}, which cannot be read; only types of fixed width can",
          spec.name, element_type_name(spec.type));
  }
  return run_checked(inputs, wanted);
}

Result<std::vector<Tensor>> Engine::run(const std::map<std::string, Tensor>& inputs,
                                        std::span<const std::string> output_names) {
  std::vector<Tensor> ordered;
  for (const IoSpec& spec : inputs_) {
    const auto found = inputs.find(spec.name);
    if (found == inputs.end()) return fail("input '{}' ({}) is missing", spec.name, spec.text());
    ordered.push_back(found->second);
  }
  const auto names = names_of(inputs_);
  for (const auto& [name, tensor] : inputs)
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail("the model has no input '{}'{}; its inputs are: {}", name,
                  did_you_mean(name, names), join(names, ", "));
  return run(std::span<const Tensor>(ordered), output_names);
}

}  // namespace acuate
