#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// A Gather by a constant list of places, so that what it gives has the axis that it took from.
struct Selection {
  int64_t axis = 0;
  std::vector<int64_t> places;
};

std::optional<Selection> selection_of(const Value* value) {
  const Node* node = value != nullptr ? value->producer : nullptr;
  if (node == nullptr || !node->is_op("Gather") || sole_reader(*value) == nullptr ||
      rank_of(node->input(1)) != 1)
    return std::nullopt;
  const auto rank = rank_of(node->input(0));
  const auto axis = rank ? normalized_axis(node->int_attribute("axis", 0), *rank) : std::nullopt;
  auto places = int_constant(node->input(1));
  if (!axis || !places) return std::nullopt;
  return Selection{*axis, std::move(*places)};
}

// The last Gather of a chain takes from what the first one reads.
std::optional<std::string> rewrite(Node& node, const PassContext&) {
  Value* const first = node.input(0);
  auto before = selection_of(first);
  if (!before || node.output() == nullptr) return "";
  const Value* indices = node.input(1);
  auto places = int_constant(indices);
  const auto shape = indices != nullptr ? indices->type.static_shape() : std::nullopt;
  const auto axis = normalized_axis(node.int_attribute("axis", 0), *rank_of(first));
  if (!places || !shape) return "its indices are not constant";
  if (axis != before->axis) return "it takes along another axis than the Gather before it";
  const Node* reader = sole_reader(*node.output());
  if (reader != nullptr && reader->is_op("Gather") && reader->input(0) == node.output() &&
      rank_of(indices) == 1 && int_constant(reader->input(1)) &&
      normalized_axis(reader->int_attribute("axis", 0), *rank_of(first)) == axis)
    return "";  // that one takes the place of both
  Value* source = first;
  std::vector<const Node*> chain;
  for (; before && before->axis == axis; before = selection_of(source)) {
    for (int64_t& place : *places) {
      const auto at = normalized_axis(place, static_cast<int64_t>(before->places.size()));
      if (!at) return "an index lies outside of what the Gather before it takes";
      place = before->places[static_cast<size_t>(*at)];
    }
    chain.push_back(source->producer);
    source = source->producer->input(0);
  }
  node.set_input(0, source);
  replace_constant(node, 1, Tensor::of<int64_t>(*shape, std::span<const int64_t>(*places)));
  remove_unused(*first);
  add_origins_of_removed(node, chain);
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_gathers(PassRegistry& registry) {
  registry.add({.id = "merge_gathers",
                .doc = "A Gather of a Gather along the same axis, both by constant indices, takes "
                       "from what the first one reads.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Gather"},
                .rewrite = rewrite});
}

}  // namespace acuate
