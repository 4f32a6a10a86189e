#include "edit/diff_interface.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/diff_fields.h"

namespace acuate {
namespace {

class InterfaceDiffer {
 public:
  InterfaceDiffer(std::vector<FieldChange>& list, const Model& a, const Model& b,
                  const ModelMatch& match)
      : list_(list), a_(a), b_(b), match_(match) {}

  // Initializers that are inputs, too, count as weights that a caller may override.
  void compare_inputs() {
    Ports pairs;
    for (const Value* input : a_.graph().inputs())
      if (const Value* other = match_.of(input); other && other->is_input && !input->initializer)
        pairs.emplace_back(input, other);
    compare_lists("input", pairs, a_.graph().inputs(), b_.graph().inputs());
  }

  // By name, which callers use; one whose name is gone by the value that it was.
  void compare_outputs() {
    const Graph &a = a_.graph(), &b = b_.graph();
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
      if (x->producer == nullptr && y->producer == nullptr && !is_same_value(match_, x, y))
        list_.push_back(
            {fmt::format("source of output {}", to_valid_utf8(x->name)), source(*x), source(*y)});
    if (a.outputs().size() != b.outputs().size() && pairs.size() == a.outputs().size() &&
        pairs.size() == b.outputs().size())
      list_.push_back({"outputs", list_of_names(a.outputs()), list_of_names(b.outputs())});
  }

  static std::string source(const Value& value) {
    return value.initializer ? "weight" : value.is_input ? "input" : "nothing";
  }

  std::unordered_set<const Value*> told() { return std::move(interface_values_); }

 private:
  static std::string port_text(const Value& value) {
    return fmt::format("{} {}", to_valid_utf8(value.name), value.type.text());
  }

  using Ports = std::vector<std::pair<const Value*, const Value*>>;

  // One of the interface: name and type, the name only where it changed.
  void compare_port(std::string_view kind, const Value& a, const Value& b) {
    interface_values_.insert(&a);
    const bool renamed = a.name != b.name;
    compare_field(list_, fmt::format("{} {}", kind, to_valid_utf8(a.name)),
                  renamed ? port_text(a) : a.type.text(), renamed ? port_text(b) : b.type.text());
    if (!renamed && a.type.text() == b.type.text() && a.type.kind != ValueType::Kind::Tensor &&
        !std::ranges::equal(a.type.wire, b.type.wire))
      list_.push_back({fmt::format("{} {}", kind, to_valid_utf8(a.name)), a.type.text(),
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
    list_.push_back({fmt::format("order of {}s", kind), join(before, ", "), join(after, ", ")});
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
        list_.push_back(
            {fmt::format("{} {}", kind, to_valid_utf8(value->name)), value->type.text(), ""});
    }
    for (const Value* value : b)
      if (found.count(value) == 0 && (!value->initializer || kind == "output"))
        list_.push_back(
            {fmt::format("{} {}", kind, to_valid_utf8(value->name)), "", value->type.text()});
    compare_order(kind, pairs, b);
  }

  std::vector<FieldChange>& list_;
  const Model& a_;
  const Model& b_;
  const ModelMatch& match_;
  std::unordered_set<const Value*> interface_values_;  // of the first model
};

}  // namespace

std::unordered_set<const Value*> compare_interface(std::vector<FieldChange>& list, const Model& a,
                                                   const Model& b, const ModelMatch& match) {
  InterfaceDiffer differ(list, a, b, match);
  differ.compare_inputs();
  differ.compare_outputs();
  return differ.told();
}

}  // namespace acuate
