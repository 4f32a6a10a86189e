#include <algorithm>
#include <map>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

struct Range {
  int64_t start = 0, end = 0, step = 1;
};
using Ranges = std::map<int64_t, Range>;  // by axis, counted from the front

// Nothing where a bound is not constant, or the rank is unknown.
std::optional<Ranges> ranges_of(const Node& node) {
  const auto rank = rank_of(node.input(0));
  const auto starts = int_constant(node.input(1)), ends = int_constant(node.input(2));
  if (!rank || !starts || !ends || starts->size() != ends->size()) return std::nullopt;
  const auto axes = node.input(3) ? int_constant(node.input(3)) : std::nullopt;
  const auto steps = node.input(4) ? int_constant(node.input(4)) : std::nullopt;
  if ((node.input(3) != nullptr && (!axes || axes->size() != starts->size())) ||
      (node.input(4) != nullptr && (!steps || steps->size() != starts->size())))
    return std::nullopt;
  Ranges ranges;
  for (size_t i = 0; i < starts->size(); ++i) {
    const auto axis = normalized_axis(axes ? (*axes)[i] : static_cast<int64_t>(i), *rank);
    if (!axis ||
        !ranges.insert({*axis, {(*starts)[i], (*ends)[i], steps ? (*steps)[i] : 1}}).second)
      return std::nullopt;
  }
  return ranges;
}

// x[a.start:a.end][b.start:b.end] as one range of x; nothing where that depends on x's size.
std::optional<Range> compose(const Range& a, const Range& b) {
  constexpr int64_t kOpen = INT32_MAX;  // exporters write this or more for "to the end"
  if (a.step != 1 || b.step != 1 || a.start < 0 || a.end < 0 || b.start < 0 || b.end < 0 ||
      a.start >= kOpen || b.start >= kOpen)
    return std::nullopt;
  const int64_t end = b.end >= kOpen ? a.end : std::min(a.end, a.start + b.end);
  return Range{a.start + b.start, end, 1};
}

// The first slice, then the second, as one.
std::optional<Ranges> compose(const Ranges& first, const Ranges& second) {
  Ranges both = first;
  for (const auto& [axis, range] : second) {
    const auto [place, added] = both.insert({axis, range});
    if (added) continue;
    const auto merged = compose(place->second, range);
    if (!merged) return std::nullopt;
    place->second = *merged;
  }
  return both;
}

void set_bounds(Node& node, const Ranges& ranges) {
  std::vector<int64_t> lists[4];
  for (const auto& [axis, range] : ranges) {
    lists[0].push_back(range.start);
    lists[1].push_back(range.end);
    lists[2].push_back(axis);
    lists[3].push_back(range.step);
  }
  Graph& graph = node.graph();
  constexpr const char* kNames[] = {"_starts", "_ends", "_axes", "_steps"};
  for (size_t i = 0; i < 4; ++i) {
    Value* list = graph.add_value(graph.unused_name(std::string(node.output()->name) + kNames[i]));
    graph.set_initializer(*list, Tensor::of<int64_t>({static_cast<int64_t>(lists[i].size())},
                                                     std::span<const int64_t>(lists[i])));
    node.set_input(i + 1, list);
  }
}

// The last Slice of a chain takes the place of all that nothing else reads.
std::optional<std::string> rewrite(Node& node, const PassContext&) {
  if (node.output() == nullptr || node.input_count() < 3) return "";
  const Node* reader = sole_reader(*node.output());
  if (reader != nullptr && reader->is_op("Slice") && reader->input(0) == node.output()) return "";
  Value* const first = node.input(0);
  const auto slices = [](const Value* value) {
    return value != nullptr && value->producer != nullptr && value->producer->is_op("Slice") &&
           sole_reader(*value) != nullptr;
  };
  if (!slices(first)) return "";
  auto total = ranges_of(node);
  if (!total) return "its bounds are not constant";
  Value* source = first;
  std::vector<const Node*> chain;
  std::string reason;
  while (slices(source)) {
    const auto before = ranges_of(*source->producer);
    const auto both = before ? compose(*before, *total) : std::nullopt;
    if (!both) {
      reason = before ? "they cut the same axis by bounds that depend on its size"
                      : "the bounds before it are not constant";
      break;
    }
    total = both;
    chain.push_back(source->producer);
    source = source->producer->input(0);
  }
  if (chain.empty()) return reason;
  node.set_input(0, source);
  set_bounds(node, *total);
  remove_unused(*first);
  add_origins_of_removed(node, chain);
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_slices(PassRegistry& registry) {
  registry.add({.id = "merge_slices",
                .doc = "Slices of a Slice become one: of other axes with any bounds, of the same "
                       "axis where both count from its start by steps of one.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Slice"},
                .rewrite = rewrite});
}

}  // namespace acuate
