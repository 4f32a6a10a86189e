#include "edit/diff.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/compare_tensors.h"
#include "edit/diff_fields.h"
#include "edit/diff_interface.h"
#include "edit/diff_types.h"
#include "edit/documentation.h"
#include "edit/element_paths.h"
#include "edit/graph_keys.h"
#include "graph/module_tree.h"

namespace acuate {
namespace {

std::string weight_type(const TensorRef& ref) {
  return fmt::format("{} {}", element_type_name(ref.type), format_shape(ref.shape));
}

std::string operator_name(const Node& node) {
  const std::string domain = node.domain().empty() ? "" : std::string(node.domain()) + ".";
  const std::string overload = node.overload().empty() ? "" : ":" + std::string(node.overload());
  return to_valid_utf8(fmt::format("{}{}{}", domain, node.op_type(), overload));
}

// What a model has of its own while it is compared.
struct Side {
  explicit Side(const Model& given) : model(given) {}

  std::string module_of(const Node& node) {
    if (!modules) modules = ModelModuleTree::of(model);
    return modules->module_of(node).path;
  }
  // That of the producer, else of a reader.
  std::string module_of(const Value& value) {
    if (value.producer != nullptr) return module_of(*value.producer);
    return value.uses().empty() ? "" : module_of(*value.uses()[0].node);
  }

  const Model& model;
  std::optional<ModelModuleTree> modules;  // made when it is first asked for
  ElementPaths paths;
};

// An initializer, or what a Constant node gives.
std::optional<TensorRef> constant(const Value& value) {
  if (value.initializer) return value.initializer;
  return value.producer ? constant_of(*value.producer) : std::nullopt;
}

class Differ {
 public:
  Differ(const Model& a, const Model& b, const ModelMatch& match, const DiffOptions& options)
      : a_(a), b_(b), match_(match), options_(options) {
    matched_nodes_.reserve(match.nodes.size());
    matched_values_.reserve(match.values.size());
    for (const auto& entry : match.nodes) matched_nodes_.insert(entry.second);
    for (const auto& entry : match.values) matched_values_.insert(entry.second);
  }

  ModelDiff run() {
    compare_model_fields(diff_.model, a_.model, b_.model, match_);
    interface_values_ = compare_interface(diff_.interface, a_.model, b_.model, match_);
    for (const ModelMatch::Graphs& graphs : match_.graphs) {
      compare_nodes(*graphs.a, *graphs.b);
      compare_values(*graphs.a, *graphs.b);
    }
    compare_types(
        a_.model, b_.model, match_, diff_.empty() ? nullptr : options_.infer,
        [&](const TypeDifference& found) {
          diff_.types_following += found.followers;
          if (found.is_source)
            diff_.types_changed.push_back({a_.paths.of(*found.value), found.before, found.after,
                                           a_.module_of(*found.value), found.followers});
        });
    return std::move(diff_);
  }

 private:
  void compare_nodes(const Graph& a, const Graph& b) {
    for (const Node* node = a.first(); node != nullptr; node = node->next()) {
      const Node* other = match_.of(node);
      if (other != nullptr)
        compare_nodes(*node, *other);
      else if (!is_moved_constant(*node))
        diff_.nodes_removed.push_back(
            {a_.paths.of(*node), operator_name(*node), a_.module_of(*node)});
    }
    for (const Node* node = b.first(); node != nullptr; node = node->next())
      if (matched_nodes_.count(node) == 0 && !is_moved_constant(*node))
        diff_.nodes_added.push_back(
            {b_.paths.of(*node), operator_name(*node), b_.module_of(*node)});
  }

  // A Constant node whose value is an initializer of the other model is told as a weight that
  // moved.
  bool is_moved_constant(const Node& node) const {
    const Value* value = node.outputs().size() == 1 ? node.output() : nullptr;
    if (value == nullptr || !constant_of(node)) return false;
    return match_.of(value) != nullptr || matched_values_.count(value) != 0;
  }

  void compare_nodes(const Node& a, const Node& b) {
    NodeChange change;
    if (a.name() != b.name())
      diff_.nodes_renamed.push_back({a_.paths.of(a), b_.paths.of(b), a_.module_of(a)});
    if (a.op_type() != b.op_type() || a.domain() != b.domain() || a.overload() != b.overload())
      change.changes.push_back({"operator", operator_name(a), operator_name(b)});
    for (size_t slot = 0; slot < std::max(a.input_count(), b.input_count()); ++slot)
      if (!is_same_value(match_, a.input(slot), b.input(slot)))
        change.changes.push_back(
            {fmt::format("input {}", slot), name_of(a.input(slot)), name_of(b.input(slot))});
    for (size_t slot = 0; slot < std::max(a.outputs().size(), b.outputs().size()); ++slot)
      if (!is_same_value(match_, a.output(slot), b.output(slot)))
        change.changes.push_back(
            {fmt::format("output {}", slot), name_of(a.output(slot)), name_of(b.output(slot))});
    // What a Constant node holds is compared as a weight.
    if (!(constant_of(a) && constant_of(b))) compare_attributes(a, b, change);
    compare_maps(change.changes, "metadata", field_texts(a.metadata()), field_texts(b.metadata()));
    compare_texts(change.changes, "documentation", documentation(a), documentation(b));
    if (change.changes.empty()) return;
    change.path = a_.paths.of(a);
    change.path_after = b_.paths.of(b);
    change.op_type = operator_name(a);
    change.module = a_.module_of(a);
    diff_.nodes_changed.push_back(std::move(change));
  }

  void compare_attributes(const Node& a, const Node& b, NodeChange& change) {
    std::set<std::string_view> names;
    for (const Attribute& attribute : a.attributes()) names.insert(attribute.name);
    for (const Attribute& attribute : b.attributes()) names.insert(attribute.name);
    for (const std::string_view name : names) {
      const Attribute *x = a.attribute(name), *y = b.attribute(name);
      const std::string what = "attribute " + to_valid_utf8(name);
      if (x == nullptr || y == nullptr || x->type != y->type ||
          x->graphs.size() != y->graphs.size()) {
        change.changes.push_back({what, x ? typed_text(*x) : "", y ? typed_text(*y) : ""});
        continue;
      }
      for (size_t i = 0; i < x->graphs.size(); ++i)
        compare_ports(change.changes, to_valid_utf8(name), *x->graphs[i], *y->graphs[i], match_);
      if (!x->graphs.empty() || std::ranges::equal(x->wire, y->wire)) continue;
      if (x->as_tensor() && y->as_tensor()) {
        compare_tensor_attributes(a, *x, *y);
        continue;
      }
      if (is_equal_attribute(*x, *y)) continue;
      const std::string before = x->value_text(), after = y->value_text();
      change.changes.push_back(
          {what, before, before == after ? after + " (other content)" : after});
    }
  }

  static std::string typed_text(const Attribute& attribute) {
    const std::string type(attribute_type_name(attribute.type));
    const std::string text = attribute.value_text();
    return text == type ? type : fmt::format("{} ({})", text, type);
  }

  // Without its path and module; nothing where the weights are the same.
  std::optional<WeightChange> compare_refs(const TensorRef& a, const TensorRef& b) const {
    if (a.type != b.type || a.shape != b.shape)
      return WeightChange{"", weight_type(a), weight_type(b),         "",
                          0,  std::nullopt,   "type or shape differs"};
    const TensorDifference difference = compare_weights(a_.model, a, b_.model, b);
    if (difference.differing == 0 && difference.reason.empty()) return std::nullopt;
    return WeightChange{"",
                        weight_type(a),
                        weight_type(b),
                        "",
                        difference.differing,
                        difference.max_abs_difference,
                        difference.reason};
  }

  template <class Element>
  void add_weight_change(const Element& element, const std::string& suffix,
                         std::optional<WeightChange> change) {
    if (!change) return;
    change->path = a_.paths.of(element) + suffix;
    change->module = a_.module_of(element);
    diff_.weights_changed.push_back(*std::move(change));
  }

  void compare_tensor_attributes(const Node& node, const Attribute& x, const Attribute& y) {
    const auto left = parse_tensor(*x.as_tensor(), a_.model.folder());
    const auto right = parse_tensor(*y.as_tensor(), b_.model.folder());
    std::optional<WeightChange> change;
    if (left && right)
      change = compare_refs(*left, *right);
    else
      change = {"",
                "tensor",
                "tensor",
                "",
                0,
                std::nullopt,
                "malformed: " + (left ? right : left).error().message};
    add_weight_change(node, "." + to_valid_utf8(x.name), std::move(change));
  }

  void compare_values(const Graph& a, const Graph& b) {
    for (const Value* value : a.values()) {
      const Value* other = match_.of(value);
      if (other != nullptr) {
        compare_pair(*value, *other);
      } else if (value->initializer) {
        diff_.weights_removed.push_back(
            {a_.paths.of(*value), weight_type(*value->initializer), a_.module_of(*value)});
      }
    }
    for (const Value* value : b.values())
      if (value->initializer && matched_values_.count(value) == 0)
        diff_.weights_added.push_back(
            {b_.paths.of(*value), weight_type(*value->initializer), b_.module_of(*value)});
  }

  void compare_pair(const Value& a, const Value& b) {
    // An input's or output's new name is part of the interface.
    if (a.name != b.name && interface_values_.count(&a) == 0)
      diff_.values_renamed.push_back({a_.paths.of(a), b_.paths.of(b), a_.module_of(a)});
    const auto x = constant(a), y = constant(b);
    if (!x || !y) return;
    if (a.initializer.has_value() != b.initializer.has_value())
      diff_.weights_moved.push_back({a_.paths.of(a),
                                     a.initializer ? "initializer" : "Constant node",
                                     b.initializer ? "initializer" : "Constant node"});
    if (a.is_input != b.is_input)
      diff_.interface.push_back({"weight " + a_.paths.of(a),
                                 a.is_input ? "may be given as an input" : "fixed",
                                 b.is_input ? "may be given as an input" : "fixed"});
    add_weight_change(a, "", compare_refs(*x, *y));
  }

  Side a_, b_;
  const ModelMatch& match_;
  const DiffOptions& options_;
  std::unordered_set<const Node*> matched_nodes_;      // of the second model
  std::unordered_set<const Value*> matched_values_;    // of the second model
  std::unordered_set<const Value*> interface_values_;  // of the first model, told already
  ModelDiff diff_;
};

}  // namespace

bool ModelDiff::empty() const {
  return model.empty() && interface.empty() && nodes_added.empty() && nodes_removed.empty() &&
         nodes_changed.empty() && nodes_renamed.empty() && values_renamed.empty() &&
         weights_added.empty() && weights_removed.empty() && weights_changed.empty() &&
         weights_moved.empty() && types_changed.empty() && types_following == 0;
}

ModelDiff diff_models(const Model& a, const Model& b, const ModelMatch& match,
                      const DiffOptions& options) {
  return Differ(a, b, match, options).run();
}

ModelDiff diff_models(const Model& a, const Model& b, const DiffOptions& options) {
  return diff_models(a, b, match_models(a, b), options);
}

}  // namespace acuate
