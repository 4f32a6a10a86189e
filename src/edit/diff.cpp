#include "edit/diff.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/compare_tensors.h"
#include "edit/diff_types.h"
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
    compare_model();
    compare_functions();
    compare_inputs();
    compare_outputs();
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
  using Texts = std::map<std::string, std::string>;

  static void compare_field(std::vector<FieldChange>& list, std::string what, std::string before,
                            std::string after) {
    if (before != after) list.push_back({std::move(what), std::move(before), std::move(after)});
  }

  // By key, the keys of both in sorted order.
  static void compare_maps(std::vector<FieldChange>& list, std::string_view kind, const Texts& a,
                           const Texts& b) {
    std::set<std::string> keys;
    for (const auto& entry : a) keys.insert(entry.first);
    for (const auto& entry : b) keys.insert(entry.first);
    for (const std::string& key : keys) {
      const auto x = a.find(key), y = b.find(key);
      compare_field(list, fmt::format("{} {}", kind, key), x == a.end() ? "" : x->second,
                    y == b.end() ? "" : y->second);
    }
  }

  template <class Pairs>
  static Texts texts(const Pairs& pairs) {
    Texts out;
    for (const auto& [key, value] : pairs) out[to_valid_utf8(key)] = json_quote(value);
    return out;
  }

  static Texts opsets(const std::vector<OpsetImport>& imports) {
    Texts out;
    for (const OpsetImport& import : imports)
      out[import.domain.empty() ? "ai.onnx" : to_valid_utf8(import.domain)] =
          std::to_string(import.version);
    return out;
  }

  void compare_model() {
    const auto producer = [](const Model& model) {
      return to_valid_utf8(fmt::format("{} {}", model.producer_name(), model.producer_version()));
    };
    const Model &a = a_.model, &b = b_.model;
    compare_field(diff_.model, "IR version", std::to_string(a.ir_version()),
                  std::to_string(b.ir_version()));
    compare_maps(diff_.model, "opset", opsets(a.opset_imports()), opsets(b.opset_imports()));
    compare_field(diff_.model, "producer", producer(a), producer(b));
    compare_maps(diff_.model, "metadata", texts(a.metadata()), texts(b.metadata()));
  }

  // What is not in the bodies, which are compared like every graph.
  void compare_functions() {
    std::map<std::string, std::pair<const Function*, const Function*>> both;
    for (const Function& function : a_.model.functions())
      both[function_key(function)].first = &function;
    for (const Function& function : b_.model.functions())
      both[function_key(function)].second = &function;
    const auto size = [](const Function& function) {
      return function.body ? fmt::format("{} nodes", function.body->node_count()) : "no body";
    };
    for (const auto& [name, pair] : both) {
      const auto [x, y] = pair;
      const std::string what = "function " + name;
      if (x == nullptr || y == nullptr || !x->body || !y->body) {
        compare_field(diff_.model, what, x ? size(*x) : "", y ? size(*y) : "");
        continue;
      }
      compare_maps(diff_.model, what + " opset", opsets(x->opset_imports),
                   opsets(y->opset_imports));
      compare_ports(diff_.model, what, *x->body, *y->body);
    }
  }

  // Inputs and outputs that go by place.
  void compare_ports(std::vector<FieldChange>& list, const std::string& what, const Graph& a,
                     const Graph& b) {
    if (a.inputs().size() != b.inputs().size())
      list.push_back({what + " inputs", names(a.inputs()), names(b.inputs())});
    const bool same_outputs =
        std::ranges::equal(a.outputs(), b.outputs(),
                           [&](const Value* x, const Value* y) { return is_same_value(x, y); });
    if (!same_outputs) list.push_back({what + " outputs", names(a.outputs()), names(b.outputs())});
  }

  static std::string names(const std::vector<Value*>& values) {
    std::vector<std::string> out;
    for (const Value* value : values) out.push_back(name_of(value));
    return "[" + join(out, ", ") + "]";
  }

  static std::string port_text(const Value& value) {
    return fmt::format("{} {}", to_valid_utf8(value.name), value.type.text());
  }

  using Ports = std::vector<std::pair<const Value*, const Value*>>;

  // One of the interface: name and type, the name only where it changed.
  void compare_port(std::string_view kind, const Value& a, const Value& b) {
    interface_values_.insert(&a);
    const bool renamed = a.name != b.name;
    compare_field(diff_.interface, fmt::format("{} {}", kind, to_valid_utf8(a.name)),
                  renamed ? port_text(a) : a.type.text(), renamed ? port_text(b) : b.type.text());
    if (!renamed && a.type.text() == b.type.text() && a.type.kind != ValueType::Kind::Tensor &&
        !std::ranges::equal(a.type.wire, b.type.wire))
      diff_.interface.push_back({fmt::format("{} {}", kind, to_valid_utf8(a.name)), a.type.text(),
                                 b.type.text() + " of something else"});
  }

  // Places of the second list in the order of the first must rise.
  void compare_order(std::string_view kind, const Ports& pairs, const std::vector<Value*>& b) {
    std::unordered_map<const Value*, size_t> places;
    for (size_t i = 0; i < b.size(); ++i) places.emplace(b[i], i);
    std::vector<std::pair<size_t, std::string>> order;
    for (const auto& pair : pairs) order.emplace_back(places[pair.second], name_of(pair.second));
    if (std::is_sorted(order.begin(), order.end())) return;
    std::vector<std::string> before, after;
    for (const auto& entry : order) before.push_back(entry.second);
    std::sort(order.begin(), order.end());
    for (const auto& entry : order) after.push_back(entry.second);
    diff_.interface.push_back(
        {fmt::format("order of {}s", kind), join(before, ", "), join(after, ", ")});
  }

  void compare_lists(std::string_view kind, const Ports& pairs, const std::vector<Value*>& a,
                     const std::vector<Value*>& b) {
    std::unordered_map<const Value*, const Value*> partner;
    std::unordered_set<const Value*> found;
    for (const auto& [x, y] : pairs) {
      partner.emplace(x, y);
      found.insert(y);
    }
    for (const Value* value : a) {
      if (const auto pair = partner.find(value); pair != partner.end())
        compare_port(kind, *value, *pair->second);
      else if (!value->initializer || kind == "output")
        diff_.interface.push_back(
            {fmt::format("{} {}", kind, to_valid_utf8(value->name)), value->type.text(), ""});
    }
    for (const Value* value : b)
      if (found.count(value) == 0 && (!value->initializer || kind == "output"))
        diff_.interface.push_back(
            {fmt::format("{} {}", kind, to_valid_utf8(value->name)), "", value->type.text()});
    compare_order(kind, pairs, b);
  }

  // Initializers that are inputs, too, count as weights that a caller may override.
  void compare_inputs() {
    Ports pairs;
    for (const Value* input : a_.model.graph().inputs())
      if (const Value* other = match_.of(input); other && other->is_input && !input->initializer)
        pairs.emplace_back(input, other);
    compare_lists("input", pairs, a_.model.graph().inputs(), b_.model.graph().inputs());
  }

  // By name, which callers use; one whose name is gone by the value that it was.
  void compare_outputs() {
    const Graph &a = a_.model.graph(), &b = b_.model.graph();
    Ports pairs;
    std::unordered_set<const Value*> taken;
    std::unordered_map<std::string_view, const Value*> named;
    for (const Value* output : b.outputs())
      if (output) named.emplace(output->name, output);
    for (const Value* output : a.outputs())
      if (const auto found = named.find(output->name); found != named.end())
        taken.insert(found->second);
    for (const Value* output : a.outputs()) {
      const auto found = named.find(output->name);
      const Value* other = found != named.end() ? found->second : match_.of(output);
      if (other == nullptr || !other->is_output()) continue;
      if (found == named.end() && !taken.insert(other).second) continue;
      pairs.emplace_back(output, other);
    }
    compare_lists("output", pairs, a.outputs(), b.outputs());
    // The graph's outputs may be the same names of other values, which no node tells.
    for (const auto& [x, y] : pairs)
      if (x->producer == nullptr && y->producer == nullptr && !is_same_value(x, y))
        diff_.interface.push_back(
            {fmt::format("source of output {}", to_valid_utf8(x->name)), source(*x), source(*y)});
    if (a.outputs().size() != b.outputs().size() && pairs.size() == a.outputs().size() &&
        pairs.size() == b.outputs().size())
      diff_.interface.push_back({"outputs", names(a.outputs()), names(b.outputs())});
  }

  static std::string source(const Value& value) {
    return value.initializer ? "weight" : value.is_input ? "input" : "nothing";
  }

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
      if (!is_same_value(a.input(slot), b.input(slot)))
        change.changes.push_back(
            {fmt::format("input {}", slot), name_of(a.input(slot)), name_of(b.input(slot))});
    for (size_t slot = 0; slot < std::max(a.outputs().size(), b.outputs().size()); ++slot)
      if (!is_same_value(a.output(slot), b.output(slot)))
        change.changes.push_back(
            {fmt::format("output {}", slot), name_of(a.output(slot)), name_of(b.output(slot))});
    // What a Constant node holds is compared as a weight.
    if (!(constant_of(a) && constant_of(b))) compare_attributes(a, b, change);
    compare_maps(change.changes, "metadata", texts(a.metadata()), texts(b.metadata()));
    if (change.changes.empty()) return;
    change.path = a_.paths.of(a);
    change.path_after = b_.paths.of(b);
    change.op_type = operator_name(a);
    change.module = a_.module_of(a);
    diff_.nodes_changed.push_back(std::move(change));
  }

  static std::string name_of(const Value* value) {
    return value ? to_valid_utf8(value->name) : "(none)";
  }

  bool is_same_value(const Value* a, const Value* b) const {
    if (a == nullptr || b == nullptr) return a == b;
    return match_.of(a) == b;
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
        compare_ports(change.changes, to_valid_utf8(name), *x->graphs[i], *y->graphs[i]);
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
