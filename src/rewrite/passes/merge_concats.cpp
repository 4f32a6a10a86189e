#include <algorithm>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

std::optional<int64_t> concat_axis(const Node& node) {
  const auto rank = rank_of(node.output());
  return rank ? normalized_axis(node.int_attribute("axis", 0), *rank) : std::nullopt;
}

bool is_empty_along(const Value& value, int64_t axis) {
  return rank_of(&value) && axis < *rank_of(&value) &&
         (*value.type.shape)[static_cast<size_t>(axis)].value == 0;
}

// All pieces of a Split put together again; null where they are not.
Value* split_source(const Node& node, int64_t axis) {
  const Value* piece = node.input(0);
  const Node* split = piece != nullptr ? piece->producer : nullptr;
  if (split == nullptr || !split->is_op("Split") || split->outputs().size() != node.input_count())
    return nullptr;
  for (size_t i = 0; i < node.input_count(); ++i)
    if (node.input(i) == nullptr || node.input(i) != split->output(i)) return nullptr;
  const auto rank = rank_of(piece);
  const auto split_axis =
      rank ? normalized_axis(split->int_attribute("axis", 0), *rank) : std::nullopt;
  return split_axis == axis ? split->input(0) : nullptr;
}

// The last Concat of a chain takes the inputs of those that only it reads.
std::optional<std::string> rewrite(Node& node, const PassContext&) {
  if (node.output() == nullptr) return "";
  const auto axis = concat_axis(node);
  if (!axis) return "its rank is unknown";
  const auto joins = [&](const Value* value) {
    return value != nullptr && value->producer != nullptr && value->producer->is_op("Concat") &&
           sole_reader(*value) != nullptr && concat_axis(*value->producer) == axis;
  };
  const Node* reader = sole_reader(*node.output());
  if (reader != nullptr && reader->is_op("Concat") && concat_axis(*reader) == axis) return "";
  if (Value* source = split_source(node, *axis)) return bypass(node, *source);
  std::vector<Value*> inputs, open;
  for (size_t slot = node.input_count(); slot-- > 0;) open.push_back(node.input(slot));
  std::vector<const Node*> chain;
  size_t dropped = 0;
  while (!open.empty()) {
    Value* input = open.back();
    open.pop_back();
    if (joins(input)) {
      const Node& inner = *input->producer;
      chain.push_back(&inner);
      for (size_t slot = inner.input_count(); slot-- > 0;) open.push_back(inner.input(slot));
    } else if (input != nullptr && is_empty_along(*input, *axis)) {
      ++dropped;
    } else {
      inputs.push_back(input);
    }
  }
  if ((chain.empty() && dropped == 0) || inputs.empty()) return "";
  std::vector<Value*> before;
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    if (node.input(slot) != nullptr) before.push_back(node.input(slot));
  node.set_input_count(inputs.size());
  for (size_t slot = 0; slot < inputs.size(); ++slot) node.set_input(slot, inputs[slot]);
  for (Value* value : before) remove_unused(*value);
  add_origins_of_removed(node, chain);
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_concats(PassRegistry& registry) {
  registry.add({.id = "merge_concats",
                .doc = "A Concat of Concats along the same axis becomes one, without inputs of no "
                       "extent; a Concat of all pieces of a Split goes.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Concat"},
                .rewrite = rewrite});
}

}  // namespace acuate
