#include "diagnose/fix.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/command.h"
#include "shape/dynamic.h"
#include "shape/infer.h"

namespace acuate {
namespace {

std::vector<Value*> fed_inputs(const Model& model) {
  std::vector<Value*> out;
  for (Value* input : model.graph().inputs())
    if (!input->initializer) out.push_back(input);
  return out;
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  if (const auto close = closest_match(name, known))
    return fmt::format("did you mean '{}'?", *close);
  return fmt::format("there are: {}", known.empty() ? "none" : join(known, ", "));
}

// Checks what is asked for and writes it as edit commands.
class Planner {
 public:
  Planner(const Model& model, const FixOptions& options) : options_(options) {
    for (Value* input : fed_inputs(model)) {
      inputs_.emplace(to_valid_utf8(input->name), input);
      input_names_.push_back(to_valid_utf8(input->name));
      if (!input->type.shape) continue;
      for (const Dim& dim : *input->type.shape)
        if (!dim.is_known() && !dim.name.empty()) dim_names_.insert(to_valid_utf8(dim.name));
    }
  }

  Result<std::vector<std::string>> run() {
    for (const auto& [name, size] : options_.dims)
      if (auto added = add_dim(name, size); !added) return added.error();
    for (const auto& [name, shape] : options_.shapes)
      if (auto added = add_shape(name, shape); !added) return added.error();
    spread();
    return std::move(lines_);
  }

 private:
  void add_line(std::string_view command, const std::vector<std::string>& arguments) {
    lines_.push_back(format_command(command, std::span(arguments)));
  }

  Result<void> add_dim(const std::string& name, int64_t size) {
    if (size < 1) return fail("dimension '{}': found {}, expected a positive number", name, size);
    if (dim_names_.count(name) == 0)
      return fail("no input has a dimension '{}'; {}", name,
                  suggestion(name, {dim_names_.begin(), dim_names_.end()}));
    given_.emplace(name, std::pair(size, fmt::format("dimension '{}'", name)));
    add_line("set-dim", {name, std::to_string(size)});
    return {};
  }

  Result<void> add_shape(const std::string& name, const ShapeSpec& shape) {
    const auto found = inputs_.find(name);
    if (found == inputs_.end())
      return fail("there is no input '{}'; {}", name, suggestion(name, input_names_));
    const ValueType& type = found->second->type;
    if (type.kind != ValueType::Kind::Tensor)
      return fail("input '{}' is {}; only tensors have a shape", name, type.text());
    if (type.shape && type.shape->size() != shape.size())
      return fail("input '{}' is {}: found {} dimensions, expected {}", name, type.text(),
                  shape.size(), type.shape->size());
    std::vector<std::string> arguments = {name};
    for (size_t i = 0; i < shape.size(); ++i) {
      const Dim declared = type.shape ? (*type.shape)[i] : Dim{};
      auto size = merge(name, i, declared, shape[i]);
      if (!size) return size.error();
      arguments.push_back(*size ? std::to_string(**size) : declared.text());
    }
    add_line("set-shape", arguments);
    return {};
  }

  // The number of one dimension, from the shape, the model, or an earlier option.
  Result<std::optional<int64_t>> merge(const std::string& input, size_t axis, const Dim& declared,
                                       std::optional<int64_t> asked) {
    if (asked && *asked < 1)
      return fail("input '{}', dimension {}: found {}, expected a positive number", input, axis,
                  *asked);
    if (declared.is_known()) {
      if (asked && *asked != declared.value)
        return fail("input '{}', dimension {}: found {}, but the model fixes it to {}", input, axis,
                    *asked, declared.value);
      return std::optional(declared.value);
    }
    if (declared.name.empty()) return asked;
    const std::string name = to_valid_utf8(declared.name);
    const auto earlier = given_.find(name);
    if (earlier != given_.end()) {
      const auto& [size, by] = earlier->second;
      if (asked && *asked != size)
        return fail(
            "input '{}', dimension {} ('{}'): found {}, but {} gives {}; one name is one "
            "number",
            input, axis, name, *asked, by, size);
      return std::optional(size);
    }
    if (asked) {
      given_.emplace(name,
                     std::pair(*asked, fmt::format("dimension {} of input '{}'", axis, input)));
      bound_by_shape_.insert(name);
    }
    return asked;
  }

  // Names that a shape bound and that other inputs still have.
  void spread() {
    std::set<std::string> open;
    for (const auto& [name, input] : inputs_) {
      if (!input->type.shape) continue;
      const auto own = options_.shapes.find(name);
      for (size_t i = 0; i < input->type.shape->size(); ++i) {
        const Dim& dim = (*input->type.shape)[i];
        if (dim.is_known() || bound_by_shape_.count(to_valid_utf8(dim.name)) == 0) continue;
        const bool is_set = own != options_.shapes.end() && own->second[i].has_value();
        if (!is_set) open.insert(to_valid_utf8(dim.name));
      }
    }
    for (const std::string& name : open)
      add_line("set-dim", {name, std::to_string(given_.at(name).first)});
  }

  const FixOptions& options_;
  std::map<std::string, Value*> inputs_;
  std::vector<std::string> input_names_;
  std::set<std::string> dim_names_;
  std::map<std::string, std::pair<int64_t, std::string>> given_;  // name → size, who said so
  std::set<std::string> bound_by_shape_;
  std::vector<std::string> lines_;
};

void add_once(std::vector<std::string>& all, std::string text) {
  if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(std::move(text));
}

void note_dynamic(const ShapeInference& shapes, const Value& value, std::set<const Value*>& seen,
                  std::vector<StillDynamic>& out) {
  if (!is_dynamic(value) || !seen.insert(&value).second) return;
  std::vector<std::string> sources, chains;
  for (const DynamicAxis& axis : explain_dynamic(shapes, value))
    for (const DynamicAxis::Source& source : axis.sources) {
      add_once(sources, source.origin);
      add_once(chains, chain_text(source));
    }
  out.push_back(
      {to_valid_utf8(value.name), value.type.text(), join(sources, ", "), join(chains, "; ")});
}

Result<std::vector<StillDynamic>> find_dynamic(const Model& fixed, const Evaluator& evaluate) {
  std::unique_ptr<Model> copy = fixed.clone();
  if (evaluate) {
    PassContext context;
    context.evaluate = evaluate;
    SimplifyOptions exact;
    exact.exact_only = true;
    if (auto done = simplify(*copy, context, exact); !done) return done.error();
  }
  const ShapeInference shapes(*copy);
  std::vector<StillDynamic> out;
  std::set<const Value*> seen;
  for (const Value* input : fed_inputs(*copy)) note_dynamic(shapes, *input, seen, out);
  for (const Node* node : data_dependent_nodes(shapes))
    for (const Value* value : node->outputs())
      if (value != nullptr) note_dynamic(shapes, *value, seen, out);
  for (const Value* output : copy->graph().outputs()) note_dynamic(shapes, *output, seen, out);
  return out;
}

}  // namespace

Result<std::pair<std::string, ShapeSpec>> parse_shape_option(std::string_view text) {
  const size_t mark = text.rfind('=');
  if (mark == text.npos || mark == 0)
    return fail("found the shape '{}'; expected INPUT=DIMxDIMx…, such as x=1x3x640x640", text);
  ShapeSpec shape;
  for (const std::string& part : split(text.substr(mark + 1), 'x')) {
    const auto size = parse_int(part);
    if (part != "?" && (!size || *size < 1))
      return fail(
          "shape '{}': found the dimension '{}'; expected a positive number, or ? where it "
          "stays dynamic",
          text, part);
    shape.push_back(size);
  }
  return std::pair(std::string(text.substr(0, mark)), std::move(shape));
}

Result<std::pair<std::string, int64_t>> parse_dim_option(std::string_view text) {
  const size_t mark = text.rfind('=');
  const auto size = mark == text.npos ? std::nullopt : parse_int(text.substr(mark + 1));
  if (mark == text.npos || mark == 0 || !size || *size < 1)
    return fail("found the dimension '{}'; expected NAME=SIZE, such as batch=1", text);
  return std::pair(std::string(text.substr(0, mark)), *size);
}

namespace {

Result<std::unique_ptr<Model>> apply_edits(const Model& model,
                                           const std::vector<std::string>& edits) {
  EditContext context;
  context.infer = true;
  auto fixed = apply_script(model, join(edits, "\n"), context);
  if (!fixed)
    return fail("the model cannot have these shapes: {}: {}", join(edits, "; "),
                fixed.error().message);
  return fixed;
}

}  // namespace

Result<std::unique_ptr<Model>> with_shapes(const Model& model, const FixOptions& options) {
  auto edits = Planner(model, options).run();
  if (!edits) return edits.error();
  return apply_edits(model, *edits);
}

Result<FixResult> fix(const Model& model, const FixOptions& options) {
  auto edits = Planner(model, options).run();
  if (!edits) return edits.error();
  auto fixed = apply_edits(model, *edits);
  if (!fixed) return fixed.error();
  auto still_dynamic = find_dynamic(**fixed, options.evaluate);
  if (!still_dynamic) return still_dynamic.error();
  auto ranges = check_ranges(model, options);
  if (!ranges) return ranges.error();
  return FixResult{std::move(*fixed), std::move(*edits), std::move(*still_dynamic),
                   std::move(*ranges)};
}

}  // namespace acuate
