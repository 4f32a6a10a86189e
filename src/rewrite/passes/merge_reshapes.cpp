#include <algorithm>

#include "rewrite/facts.h"
#include "rewrite/known_shapes.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

constexpr size_t kMaxChain = 64;

bool is_reshape(const Node* node) {
  return node != nullptr && (node->is_op("Reshape") || node->is_op("Flatten") ||
                             node->is_op("Squeeze") || node->is_op("Unsqueeze"));
}

// The constant shape that makes `to` of `from`: numbers, 0 for the same dimension in the same
// place, −1 for one other.
std::optional<std::vector<int64_t>> target_between(const Value& from, const Value& to,
                                                   const ShapeInference& shapes) {
  const Dims *before = shapes.shape(from), *after = shapes.shape(to);
  if (before == nullptr || after == nullptr) return std::nullopt;
  std::vector<int64_t> target;
  bool has_rest = false, may_copy_nothing = false;
  for (size_t i = 0; i < after->size(); ++i) {
    const Expr dim = (*after)[i];
    if (const auto number = dim.as_number()) {
      if (*number == 0) return std::nullopt;  // it would mean a copy
      target.push_back(*number);
    } else if (i < before->size() && dim == (*before)[i]) {
      may_copy_nothing |= dim.is_anonymous();
      target.push_back(0);
    } else {
      if (has_rest) return std::nullopt;
      has_rest = true;
      target.push_back(-1);
    }
  }
  if (has_rest && may_copy_nothing) return std::nullopt;  // −1 beside no elements is refused
  return target;
}

// Whether the Reshape gives the same whatever shape its input has.
bool is_free_of_input(const Node& node) {
  if (!node.is_op("Reshape") || node.int_attribute("allowzero", 0) != 0) return false;
  const auto target = int_constant(node.input(1));
  return target && std::find(target->begin(), target->end(), 0) == target->end();
}

void become_reshape(Node& node, Value& source, const std::vector<int64_t>& target) {
  Graph& graph = node.graph();
  Value* shape = graph.add_value(graph.unused_name(std::string(node.output()->name) + "_shape"));
  graph.set_initializer(*shape, Tensor::of<int64_t>({static_cast<int64_t>(target.size())},
                                                    std::span<const int64_t>(target)));
  node.set_op_type("Reshape");
  for (const char* attribute : {"axes", "axis", "allowzero"}) node.remove_attribute(attribute);
  node.set_input_count(2);
  node.set_input(0, &source);
  node.set_input(1, shape);
}

// The last of a chain takes the place of all of it.
std::optional<std::string> rewrite(Node& node, const PassContext& context) {
  Value* const first = node.input(0);
  if (first == nullptr || node.output() == nullptr || !is_reshape(first->producer)) return "";
  Value* const shape = node.input(1);
  const Node* reader = sole_reader(*node.output());
  const bool is_last =
      reader == nullptr || !is_reshape(reader) || reader->input(0) != node.output();
  // From the nearest to the farthest: what has the shape of the result is the result.
  Value *source = first, *farthest = nullptr;
  std::vector<const Node*> chain;
  while (is_reshape(source->producer) && source->producer->input(0) != nullptr &&
         chain.size() < kMaxChain) {
    chain.push_back(source->producer);
    source = source->producer->input(0);
    if (same_type(*source, *node.output(), *context.shapes)) farthest = source;
  }
  if (farthest != nullptr) return bypass(node, *farthest);
  if (!is_last) return "";  // the last one does it for all
  if (is_free_of_input(node)) {
    node.set_input(0, source);
  } else {
    if (sole_reader(*first) == nullptr) return "others read what it reshapes";
    if (node.graph().model().opset_version() < 5)
      return "Reshape takes its shape as an input from opset 5 on";
    const auto target = target_between(*source, *node.output(), *context.shapes);
    if (!target) return "more than one dimension is open";
    become_reshape(node, *source, *target);
    if (shape != nullptr) remove_unused(*shape);
  }
  remove_unused(*first);
  add_origins_of_removed(node, chain);
  return std::nullopt;
}

}  // namespace

void register_rewrite_merge_reshapes(PassRegistry& registry) {
  registry.add(
      {.id = "merge_reshapes",
       .doc = "A chain of Reshape, Flatten, Squeeze and Unsqueeze becomes one Reshape, or none "
              "where it restores the shape.",
       .phase = Phase::Clean,
       .after = {"eliminate_identity"},
       .operators = {"Reshape", "Flatten", "Squeeze", "Unsqueeze"},
       .rewrite = rewrite});
}

}  // namespace acuate
