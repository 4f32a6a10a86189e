#include "rewrite/facts.h"
#include "rewrite/inline_body.h"
#include "rewrite/pass.h"

namespace acuate {
namespace {

// How often the body runs where that is never or once; nothing where it is not known or more often.
std::optional<int> trips(const Node& loop, const Graph& body) {
  const Value *limit = loop.input(0), *condition = loop.input(1);
  const auto count = scalar_constant(limit);
  if (is_constant_of(condition, 0) || (count && *count <= 0)) return 0;
  if (condition != nullptr && !is_constant_of(condition, 1)) return std::nullopt;
  // The body says after each run whether to go on.
  const bool stops = is_constant_of(body.outputs()[0], 0);
  if ((count && *count == 1) || (stops && (count || limit == nullptr))) return 1;
  return std::nullopt;
}

// What the body reads in its first run: the number of the run, whether to go on, what is carried.
std::vector<Value*> first_inputs(Node& loop, const Graph& body, BodyInliner& inliner) {
  Graph& graph = loop.graph();
  const auto shape_of = [](const Value& input) {
    return input.type.static_shape() == Shape{1} ? Shape{1} : Shape{};
  };
  std::vector<Value*> inputs{inliner.add_value(graph, "iteration"),
                             inliner.add_value(graph, "condition")};
  graph.set_initializer(*inputs[0], Tensor::of<int64_t>(shape_of(*body.inputs()[0]), {0}));
  graph.set_initializer(*inputs[1], Tensor::of<bool>(shape_of(*body.inputs()[1]), {true}));
  for (size_t slot = 2; slot < loop.input_count(); ++slot) inputs.push_back(loop.input(slot));
  return inputs;
}

// What one run gives as the first row of a scan output.
Value* stacked(Node& loop, Value& row, std::string_view name, BodyInliner& inliner) {
  Graph& graph = loop.graph();
  Value* result = inliner.add_value(graph, std::string(name) + "_rows");
  std::vector<Value*> inputs{&row};
  if (graph.opset_version() >= 13) {
    Value* axes = inliner.add_value(graph, std::string(name) + "_axes");
    graph.set_initializer(*axes, Tensor::of<int64_t>({1}, {0}));
    inputs.push_back(axes);
  }
  Node* node = graph.add_node("Unsqueeze", "", "", inputs, {result}, &loop);
  if (inputs.size() == 1) {
    const int64_t first[] = {0};
    node->set_attribute(encode_attribute("axes", std::span<const int64_t>(first)));
  }
  return result;
}

Result<std::vector<Value*>> inline_body(Node& loop, BodyInliner& inliner) {
  const std::vector<Value*> stays;
  const Graph* found = body_of(loop, "body");
  if (found == nullptr || loop.input_count() < 2) return stays;
  const Graph& body = *found;
  const size_t carried = loop.input_count() - 2;
  const auto& outputs = loop.outputs();
  if (body.inputs().size() != carried + 2 || body.outputs().size() != outputs.size() + 1 ||
      outputs.size() < carried)
    return stays;
  const auto count = trips(loop, body);
  if (!count) return stays;
  for (size_t slot = 2; slot < loop.input_count(); ++slot)
    if (loop.input(slot) == nullptr) return stays;
  if (*count == 0) {
    std::vector<Value*> results;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (i >= carried && outputs[i] != nullptr && !outputs[i]->is_unused())
        return fail("it never runs, and its scan output has no rows of a known shape");
      results.push_back(i < carried ? loop.input(i + 2) : nullptr);
    }
    return results;
  }
  for (const Value* input : body.inputs())
    if (input->initializer) return fail("an input of its body has a default");
  auto results = inliner.copy(loop, body, first_inputs(loop, body, inliner));
  if (!results) return results;
  results->erase(results->begin());  // whether to go on
  for (size_t i = carried; i < outputs.size(); ++i)
    if (outputs[i] != nullptr && !outputs[i]->is_unused())
      (*results)[i] = stacked(loop, *(*results)[i], outputs[i]->name, inliner);
  return results;
}

}  // namespace

void register_rewrite_inline_constant_loop(PassRegistry& registry) {
  registry.add({.id = "inline_constant_loop",
                .doc = "A Loop that is known to run once gives way to the nodes of its body, one "
                       "that never runs to what it starts from.",
                .phase = Phase::Fold,
                .after = {"fold_constants"},
                .run = [](Model& model, const PassContext&) -> Result<PassOutcome> {
                  return inline_bodies(model, "Loop", inline_body);
                }});
}

}  // namespace acuate
