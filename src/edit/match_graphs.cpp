#include "edit/match_graphs.h"

#include <fmt/format.h>

#include "base/text.h"
#include "edit/match_nodes.h"

namespace acuate {
namespace {

using ValuePairs = std::vector<std::pair<const Value*, const Value*>>;

// Values that stand for the same in two lists: by name; the others by type, in order; then, where
// as many are left on both sides, in order.
ValuePairs pair_lists(const std::vector<const Value*>& a, const std::vector<const Value*>& b) {
  ValuePairs pairs;
  std::vector<bool> taken_a(a.size()), taken_b(b.size());
  const auto pair_by = [&](const auto& key) {
    std::unordered_map<std::string, std::vector<size_t>> places;
    for (size_t j = b.size(); j-- > 0;)
      if (!taken_b[j]) places[key(*b[j])].push_back(j);
    for (size_t i = 0; i < a.size(); ++i) {
      if (taken_a[i]) continue;
      const auto found = places.find(key(*a[i]));
      if (found == places.end() || found->second.empty()) continue;
      const size_t j = found->second.back();
      found->second.pop_back();
      taken_a[i] = taken_b[j] = true;
      pairs.emplace_back(a[i], b[j]);
    }
  };
  pair_by([](const Value& value) { return std::string(value.name); });
  pair_by([](const Value& value) { return value.type.text(); });
  std::vector<size_t> left, right;
  for (size_t i = 0; i < a.size(); ++i)
    if (!taken_a[i]) left.push_back(i);
  for (size_t j = 0; j < b.size(); ++j)
    if (!taken_b[j]) right.push_back(j);
  if (left.size() == right.size())
    for (size_t i = 0; i < left.size(); ++i) pairs.emplace_back(a[left[i]], b[right[i]]);
  return pairs;
}

ValuePairs pair_places(const std::vector<const Value*>& a, const std::vector<const Value*>& b) {
  ValuePairs pairs;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) pairs.emplace_back(a[i], b[i]);
  return pairs;
}

class ModelMatcher {
 public:
  ModelMatcher(const Model& a, const Model& b) : a_(a), b_(b) {}

  ModelMatch run() {
    add(a_.graph(), b_.graph());
    std::unordered_map<std::string, const Graph*> functions;
    for (const Function& function : b_.functions())
      if (function.body) functions.emplace(function_key(function), function.body.get());
    for (const Function& function : a_.functions())
      if (const auto found = functions.find(function_key(function));
          function.body && found != functions.end())
        add(*function.body, *found->second);
    for (size_t i = 0; i < match_.graphs.size(); ++i)
      match_pair(*match_.graphs[i].a, *match_.graphs[i].b);
    return std::move(match_);
  }

 private:
  void add(const Graph& a, const Graph& b) { match_.graphs.push_back({&a, &b}); }

  void match_pair(const Graph& a, const Graph& b) {
    const GraphKeys &left = keys_a_.of(a), &right = keys_b_.of(b);
    const IndexMatch found = match_nodes(left, right, known(left, right));
    match_.nodes.reserve(match_.nodes.size() + left.view.nodes.size());
    match_.values.reserve(match_.values.size() + left.view.own_values);
    for (size_t x = 0; x < left.view.own_values; ++x)
      if (found.values[x] != kNoIndex && found.values[x] < right.view.own_values)
        match_.values.emplace(left.view.values[x], right.view.values[found.values[x]]);
    for (size_t x = 0; x < left.view.nodes.size(); ++x) {
      if (found.nodes[x] == kNoIndex) continue;
      const Node &p = *left.view.nodes[x], &q = *right.view.nodes[found.nodes[x]];
      match_.nodes.emplace(&p, &q);
      for (const Attribute& attribute : p.attributes()) {
        if (attribute.graphs.empty()) continue;
        const Attribute* other = q.attribute(attribute.name);
        if (other == nullptr || other->graphs.size() != attribute.graphs.size()) continue;
        for (size_t i = 0; i < attribute.graphs.size(); ++i)
          add(*attribute.graphs[i], *other->graphs[i]);
      }
    }
  }

  KnownPairs known(const GraphKeys& a, const GraphKeys& b) const {
    const Graph &p = *a.view.graph, &q = *b.view.graph;
    const bool is_main = &p == &a_.graph();
    const auto inputs = [](const GraphKeys& keys) {
      std::vector<const Value*> out;
      for (const Value* input : keys.view.graph->inputs())
        if (!keys.constants[keys.view.index_of(input)]) out.push_back(input);
      return out;
    };
    const auto pairs = [&](const auto& x, const auto& y) {
      return is_main ? pair_lists(x, y) : pair_places(x, y);
    };
    KnownPairs known;
    for (const auto& [x, y] : pairs(inputs(a), inputs(b)))
      known.values.emplace_back(a.view.index_of(x), b.view.index_of(y));
    for (uint32_t i = 0; i < a.view.values.size(); ++i) {
      const Value* value = a.view.values[i];
      if (i >= a.view.own_values) {
        const Value* other = match_.of(value);
        if (const uint32_t j = other ? b.view.index_of(other) : kNoIndex; j != kNoIndex)
          known.values.emplace_back(i, j);
        continue;
      }
      // What nothing defines, and sparse initializers, are known by name alone.
      if (value->producer || value->is_input || value->initializer) continue;
      const Value* other = q.find(value->name);
      if (other && !other->producer && !other->is_input && !other->initializer)
        known.values.emplace_back(i, b.view.index_of(other));
    }
    const auto outputs = [](const Graph& graph) {
      return std::vector<const Value*>(graph.outputs().begin(), graph.outputs().end());
    };
    for (const auto& [x, y] : pairs(outputs(p), outputs(q)))
      if (x != nullptr && y != nullptr)
        known.outputs.emplace_back(a.view.index_of(x), b.view.index_of(y));
    std::erase_if(known.outputs, [](const auto& pair) {
      return pair.first == kNoIndex || pair.second == kNoIndex;
    });
    return known;
  }

  const Model& a_;
  const Model& b_;
  GraphKeysCache keys_a_, keys_b_;
  ModelMatch match_;
};

}  // namespace

const Node* ModelMatch::of(const Node* node) const {
  const auto found = nodes.find(node);
  return found == nodes.end() ? nullptr : found->second;
}

const Value* ModelMatch::of(const Value* value) const {
  const auto found = values.find(value);
  return found == values.end() ? nullptr : found->second;
}

namespace {

std::string key_text(std::string_view domain, std::string_view name, std::string_view overload) {
  return to_valid_utf8(
      fmt::format("{}.{}{}{}", domain, name, overload.empty() ? "" : ":", overload));
}

}  // namespace

std::string function_key(const Function& function) {
  return key_text(function.domain, function.name, function.overload);
}

std::string function_key(const Node& node) {
  return key_text(node.domain(), node.op_type(), node.overload());
}

ModelMatch match_models(const Model& a, const Model& b) { return ModelMatcher(a, b).run(); }

}  // namespace acuate
