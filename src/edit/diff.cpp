#include "edit/diff.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/compare_tensors.h"
#include "edit/match_graphs.h"

namespace acuate {
namespace {

std::string weight_type(const TensorRef& ref) {
  return fmt::format("{} {}", element_type_name(ref.type), format_shape(ref.shape));
}

std::string operator_name(const Node& node) {
  return to_valid_utf8(node.domain().empty() ? std::string(node.op_type())
                                             : fmt::format("{}.{}", node.domain(), node.op_type()));
}

bool same_bytes(Bytes a, Bytes b) {
  return a.size() == b.size() &&
         (a.data() == b.data() || std::equal(a.begin(), a.end(), b.begin()));
}

class Differ {
 public:
  Differ(const Model& a, const Model& b) : a_(a), b_(b) {}

  Result<ModelDiff> run() {
    compare_model();
    compare_values("input", a_.graph().inputs(), b_.graph().inputs());
    compare_values("output", a_.graph().outputs(), b_.graph().outputs());
    compare_graphs(a_.graph(), b_.graph());
    compare_functions();
    if (failed_) return fail("{}", failure_);
    return std::move(diff_);
  }

 private:
  static void compare_field(std::vector<FieldChange>& list, std::string what, std::string before,
                            std::string after) {
    if (before != after) list.push_back({std::move(what), std::move(before), std::move(after)});
  }

  // By key, the keys of both in sorted order.
  static void compare_maps(std::vector<FieldChange>& list, std::string_view kind,
                           const std::map<std::string, std::string>& a,
                           const std::map<std::string, std::string>& b) {
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
  static std::map<std::string, std::string> texts(const Pairs& pairs) {
    std::map<std::string, std::string> out;
    for (const auto& [key, value] : pairs) out[to_valid_utf8(key)] = json_quote(value);
    return out;
  }

  void compare_model() {
    const auto opsets = [](const Model& model) {
      std::map<std::string, std::string> out;
      for (const OpsetImport& import : model.opset_imports())
        out[import.domain.empty() ? "ai.onnx" : to_valid_utf8(import.domain)] =
            std::to_string(import.version);
      return out;
    };
    compare_field(diff_.model, "IR version", std::to_string(a_.ir_version()),
                  std::to_string(b_.ir_version()));
    compare_maps(diff_.model, "opset", opsets(a_), opsets(b_));
    compare_field(diff_.model, "producer", producer(a_), producer(b_));
    compare_maps(diff_.model, "metadata", texts(a_.metadata()), texts(b_.metadata()));
  }

  static std::string producer(const Model& model) {
    return to_valid_utf8(fmt::format("{} {}", model.producer_name(), model.producer_version()));
  }

  void compare_values(std::string_view kind, const std::vector<Value*>& a,
                      const std::vector<Value*>& b) {
    std::map<std::string, std::string> before, after;
    std::vector<std::string> order_before, order_after;
    for (const Value* value : a) before[to_valid_utf8(value->name)] = value->type.text();
    for (const Value* value : b) after[to_valid_utf8(value->name)] = value->type.text();
    compare_maps(diff_.interface, kind, before, after);
    for (const Value* value : a)
      if (after.count(to_valid_utf8(value->name)) != 0)
        order_before.push_back(to_valid_utf8(value->name));
    for (const Value* value : b)
      if (before.count(to_valid_utf8(value->name)) != 0)
        order_after.push_back(to_valid_utf8(value->name));
    compare_field(diff_.interface, fmt::format("order of {}s", kind), join(order_before, ", "),
                  join(order_after, ", "));
  }

  void compare_graphs(const Graph& a, const Graph& b) {
    match_graphs(a, b, match_);
    std::set<const Node*> matched;
    std::vector<std::pair<const Node*, const Node*>> pairs;
    for (const Node* node = a.first(); node != nullptr; node = node->next()) {
      const auto found = match_.nodes.find(node);
      if (found == match_.nodes.end()) {
        diff_.nodes_removed.push_back({node_path(*node), operator_name(*node)});
        continue;
      }
      matched.insert(found->second);
      pairs.emplace_back(node, found->second);
    }
    for (const Node* node = b.first(); node != nullptr; node = node->next())
      if (matched.count(node) == 0)
        diff_.nodes_added.push_back({node_path(*node), operator_name(*node)});
    compare_matched_values(a, b);
    for (const auto& [x, y] : pairs) compare_nodes(*x, *y);
  }

  void compare_matched_values(const Graph& a, const Graph& b) {
    std::set<const Value*> seen;
    for (const Value* value : a.values()) {
      const auto found = match_.values.find(value);
      const Value* other = found == match_.values.end() ? nullptr : found->second;
      if (other != nullptr) {
        seen.insert(other);
        compare_field(diff_.renamed_values, "value", value_path(*value),
                      renamed_path(*value, *other));
      }
      compare_weights(*value, other);
    }
    for (const Value* value : b.values())
      if (seen.count(value) == 0 && value->initializer)
        diff_.weights_added_or_removed.push_back(
            {value_path(*value), "", weight_type(*value->initializer)});
  }

  // Only the value's own name counts: the path to it may have changed with a node's name.
  static std::string renamed_path(const Value& before, const Value& after) {
    return before.name == after.name ? value_path(before) : value_path(after);
  }

  void compare_weights(const Value& a, const Value* b) {
    const bool before = a.initializer.has_value();
    const bool after = b != nullptr && b->initializer.has_value();
    if (before != after) {
      diff_.weights_added_or_removed.push_back({value_path(before ? a : *b),
                                                before ? weight_type(*a.initializer) : "",
                                                after ? weight_type(*b->initializer) : ""});
      return;
    }
    if (before) compare_tensor_refs(value_path(a), *a.initializer, *b->initializer);
  }

  void compare_tensor_refs(const std::string& path, const TensorRef& a, const TensorRef& b) {
    WeightChange change{path, weight_type(a), weight_type(b), 0, std::nullopt, ""};
    if (change.before != change.after) {
      change.reason = "type or shape differs";
      diff_.weights_changed.push_back(std::move(change));
      return;
    }
    if (is_same_place(a, b)) return;
    if (a.type == ElementType::String) {
      // Strings have no dense content; their messages are compared, which hold the name, too.
      if (same_bytes(a.wire, b.wire)) return;
      change.reason = "texts differ";
      diff_.weights_changed.push_back(std::move(change));
      return;
    }
    const auto x = a_.load(a), y = b_.load(b);
    if (!x || !y) {
      failed_ = true;
      failure_ = fmt::format("weight '{}': {}", path, (x ? y : x).error().message);
      return;
    }
    const TensorDifference difference = compare_tensors(*x, *y);
    if (difference.differing == 0) return;
    change.differing = difference.differing;
    change.max_abs_difference = difference.max_abs_difference;
    change.reason = difference.reason;
    diff_.weights_changed.push_back(std::move(change));
  }

  static bool is_same_place(const TensorRef& a, const TensorRef& b) {
    if (a.resident || b.resident) return a.resident == b.resident;
    if (a.external && b.external)
      return a.external->path == b.external->path && a.external->offset == b.external->offset;
    return !a.external && !b.external && same_bytes(a.wire, b.wire);
  }

  void compare_nodes(const Node& a, const Node& b) {
    NodeChange change{node_path(a), node_path(b), operator_name(a), {}};
    compare_field(change.changes, "name", to_valid_utf8(a.name()), to_valid_utf8(b.name()));
    compare_field(change.changes, "operator", operator_name(a), operator_name(b));
    for (size_t slot = 0; slot < std::max(a.input_count(), b.input_count()); ++slot)
      if (!is_same_value(a.input(slot), b.input(slot)))
        change.changes.push_back(
            {fmt::format("input {}", slot), name_of(a.input(slot)), name_of(b.input(slot))});
    for (size_t slot = 0; slot < std::max(a.outputs().size(), b.outputs().size()); ++slot)
      if (!is_same_value(a.output(slot), b.output(slot)))
        change.changes.push_back(
            {fmt::format("output {}", slot), name_of(a.output(slot)), name_of(b.output(slot))});
    compare_attributes(a, b, change);
    compare_maps(change.changes, "metadata", texts(a.metadata()), texts(b.metadata()));
    if (!change.changes.empty()) diff_.nodes_changed.push_back(std::move(change));
  }

  static std::string name_of(const Value* value) {
    return value ? to_valid_utf8(value->name) : "(none)";
  }

  bool is_same_value(const Value* a, const Value* b) const {
    if (a == nullptr || b == nullptr) return a == b;
    const auto found = match_.values.find(a);
    return found != match_.values.end() ? found->second == b : false;
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
      for (size_t i = 0; i < x->graphs.size(); ++i) compare_graphs(*x->graphs[i], *y->graphs[i]);
      if (!x->graphs.empty() || same_bytes(x->wire, y->wire)) continue;
      if (x->as_tensor() && y->as_tensor()) {
        compare_tensor_attributes(fmt::format("{}.{}", node_path(a), name), *x->as_tensor(),
                                  *y->as_tensor());
        continue;
      }
      std::string before = x->value_text(), after = y->value_text();
      // Of what has no text, only the messages can be compared.
      if (before == after && !has_text(x->type)) after += " (other content)";
      compare_field(change.changes, what, before, after);
    }
  }

  static bool has_text(AttributeType type) {
    return type == AttributeType::Int || type == AttributeType::Float ||
           type == AttributeType::String || type == AttributeType::Ints ||
           type == AttributeType::Floats || type == AttributeType::Strings;
  }

  static std::string typed_text(const Attribute& attribute) {
    const std::string type(attribute_type_name(attribute.type));
    const std::string text = attribute.value_text();
    return text == type ? type : fmt::format("{} ({})", text, type);
  }

  void compare_tensor_attributes(const std::string& path, Bytes a, Bytes b) {
    const auto x = parse_tensor(a, a_.folder()), y = parse_tensor(b, b_.folder());
    if (x && y) return compare_tensor_refs(path, *x, *y);
    failed_ = true;
    failure_ = fmt::format("attribute '{}': {}", path, (x ? y : x).error().message);
  }

  void compare_functions() {
    const auto named = [](const Model& model) {
      std::map<std::string, const Function*> out;
      for (const Function& function : model.functions())
        out[to_valid_utf8(fmt::format("{}.{}{}{}", function.domain, function.name,
                                      function.overload.empty() ? "" : ":", function.overload))] =
            &function;
      return out;
    };
    const auto a = named(a_), b = named(b_);
    std::map<std::string, std::string> before, after;
    for (const auto& entry : a) before[entry.first] = "defined";
    for (const auto& entry : b) after[entry.first] = "defined";
    compare_maps(diff_.model, "function", before, after);
    for (const auto& [name, function] : a)
      if (const auto found = b.find(name);
          found != b.end() && function->body && found->second->body)
        compare_graphs(*function->body, *found->second->body);
  }

  const Model& a_;
  const Model& b_;
  ModelDiff diff_;
  GraphMatch match_;
  bool failed_ = false;
  std::string failure_;
};

}  // namespace

bool ModelDiff::empty() const {
  return model.empty() && interface.empty() && renamed_values.empty() && nodes_added.empty() &&
         nodes_removed.empty() && nodes_changed.empty() && weights_changed.empty() &&
         weights_added_or_removed.empty();
}

Result<ModelDiff> diff_models(const Model& a, const Model& b) { return Differ(a, b).run(); }

}  // namespace acuate
