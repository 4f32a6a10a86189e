#include <algorithm>
#include <numeric>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// The permutation; nothing where it is not stated and the rank is unknown.
std::optional<std::vector<int64_t>> permutation(const Node& node) {
  if (node.attribute("perm") != nullptr) return node.ints_attribute("perm");
  const auto rank = rank_of(node.input(0));
  if (!rank) return std::nullopt;
  std::vector<int64_t> reversed(static_cast<size_t>(*rank));
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return reversed;
}

// The last Transpose of a chain takes the place of all of it.
std::optional<std::string> rewrite(Node& node, const PassContext&) {
  const Node* reader = node.output() ? sole_reader(*node.output()) : nullptr;
  if (reader != nullptr && reader->is_op("Transpose")) return "";
  Value* const first = node.input(0);
  if (first == nullptr || first->producer == nullptr || !first->producer->is_op("Transpose"))
    return "";
  auto total = permutation(node);
  if (!total) return "the rank of its input is unknown";
  Value* source = first;
  std::vector<const Node*> chain;
  while (source->producer != nullptr && source->producer->is_op("Transpose")) {
    const Node& before = *source->producer;
    const auto inner = permutation(before);
    if (!inner || inner->size() != total->size() || before.input(0) == nullptr) break;
    for (int64_t& axis : *total) {
      if (axis < 0 || axis >= static_cast<int64_t>(inner->size()))
        return "its permutation is not one";
      axis = (*inner)[static_cast<size_t>(axis)];
    }
    chain.push_back(&before);
    source = before.input(0);
  }
  if (chain.empty()) return "the rank before is unknown";
  if (std::is_sorted(total->begin(), total->end())) return bypass(node, *source);
  node.set_input(0, source);
  node.set_attribute(encode_attribute("perm", std::span<const int64_t>(*total)));
  remove_unused(*first);
  add_origins_of_removed(node, chain);
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_transposes(PassRegistry& registry) {
  registry.add({.id = "merge_transposes",
                .doc = "A chain of Transposes becomes one, or none where it restores the order.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Transpose"},
                .rewrite = rewrite});
}

}  // namespace acuate
