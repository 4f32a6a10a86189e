#include "rewrite/pass.h"

namespace acuate {
namespace {

// The content of a Constant node as an initializer that refers to the attribute's bytes, or as a
// new small tensor.
Result<TensorRef> content(const Model& model, const Node& node) {
  for (const Attribute& attribute : node.attributes()) {
    if (attribute.name == "value")
      if (const auto wire = attribute.as_tensor()) return parse_tensor(*wire, model.folder());
    std::optional<Tensor> tensor;
    if (const auto value = attribute.as_int()) tensor = Tensor::of<int64_t>({}, {*value});
    if (const auto value = attribute.as_float()) tensor = Tensor::of<float>({}, {*value});
    if (const auto values = attribute.as_ints())
      tensor = Tensor::of<int64_t>({static_cast<int64_t>(values->size())},
                                   std::span<const int64_t>(*values));
    if (const auto values = attribute.as_floats())
      tensor = Tensor::of<float>({static_cast<int64_t>(values->size())},
                                 std::span<const float>(*values));
    if (tensor) {
      TensorRef ref;
      ref.type = tensor->type();
      ref.shape = tensor->shape();
      ref.resident = std::make_shared<const Tensor>(*tensor);
      return ref;
    }
  }
  return fail("its content is a string, sparse, or an attribute of a function");
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  PassOutcome outcome;
  for (Graph* graph : model.all_graphs()) {
    if (graph->owner() == nullptr && graph != &model.graph())
      continue;  // function bodies have no initializers
    for (Node *node = graph->first(), *next = nullptr; node != nullptr; node = next) {
      next = node->next();
      if (!node->is_op("Constant") || node->output() == nullptr) continue;
      Value& value = *node->output();
      if (value.is_output()) {
        outcome.misses.push_back({node->address(), "it is a graph output"});
        continue;
      }
      auto ref = content(model, *node);
      if (!ref) {
        outcome.misses.push_back({node->address(), ref.error().message});
        continue;
      }
      graph->remove_node(*node);
      if (ref->resident)
        graph->set_initializer(value, *ref->resident);
      else
        graph->set_initializer(value, std::move(*ref));
      ++outcome.applied;
    }
  }
  return outcome;
}

}  // namespace

void register_rewrite_constants_to_initializers(PassRegistry& registry) {
  registry.add({.id = "constants_to_initializers",
                .doc = "Constant nodes become initializers; their bytes stay where they are.",
                .exactness = Exactness::Exact,
                .bound = "",
                .phase = Phase::Normalize,
                .after = {},
                .run = run});
}

}  // namespace acuate
