#include "rewrite/facts.h"
#include "rewrite/pads.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Both after each other, in `total`, which is the later one; the reason where that is no Pad.
std::optional<std::string> compose(const Pads& before, Pads& total) {
  if (total.mode != "constant" && total.mode != "edge") return "it pads with " + total.mode;
  if (before.mode != total.mode || (total.mode == "constant" && before.value != total.value))
    return "the Pad before it pads with something else";
  // What the one before has cropped cannot come back as padding, and what both crop may be more
  // than there is.
  for (size_t i = 0; i < total.sides.size(); ++i)
    if (before.sides[i] < 0 || before.sides[i] + total.sides[i] < 0)
      return "one of them crops what the other does not pad";
  for (size_t i = 0; i < total.sides.size(); ++i) total.sides[i] += before.sides[i];
  return std::nullopt;
}

// The last Pad of a chain takes the place of all that nothing else reads.
std::optional<std::string> rewrite(Node& node, const PassContext&) {
  const auto is_inner_pad = [](const Value* value) {
    return value != nullptr && value->producer != nullptr && value->producer->is_op("Pad") &&
           sole_reader(*value) != nullptr;
  };
  Value* const first = node.input(0);
  if (!is_inner_pad(first) || node.output() == nullptr) return "";
  if (!rank_of(first)) return "its rank is unknown";
  const auto rank = static_cast<size_t>(*rank_of(first));
  Pads total;
  if (auto reason = read_pads(node, rank, total)) return reason;
  if (is_inner_pad(node.output())) {
    const Node& reader = *sole_reader(*node.output());
    Pads behind;
    if (reader.is_op("Pad") && reader.input(0) == node.output() &&
        !read_pads(reader, rank, behind) && !compose(total, behind))
      return "";  // that one takes the place of both
  }
  Value* source = first;
  std::vector<const Node*> chain;
  for (; is_inner_pad(source); source = source->producer->input(0)) {
    Pads before;
    auto reason = read_pads(*source->producer, rank, before);
    if (!reason) reason = compose(before, total);
    if (reason && chain.empty()) return reason;
    if (reason) break;
    chain.push_back(source->producer);
  }
  node.set_input(0, source);
  const char* attribute = node.attribute("paddings") != nullptr ? "paddings" : "pads";
  if (node.attribute(attribute) != nullptr) {
    node.set_attribute(encode_attribute(attribute, std::span<const int64_t>(total.sides)));
  } else {
    replace_constant(node, 1,
                     Tensor::of<int64_t>({static_cast<int64_t>(rank) * 2},
                                         std::span<const int64_t>(total.sides)));
    if (node.input_count() > 3) node.set_input_count(3);  // all axes, in order
  }
  remove_unused(*first);
  add_origins_of_removed(node, chain);
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_pads(PassRegistry& registry) {
  registry.add({.id = "merge_pads",
                .doc = "A Pad of a Pad becomes one, where both pad with the same number or both "
                       "repeat the edge.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Pad"},
                .rewrite = rewrite});
}

}  // namespace acuate
