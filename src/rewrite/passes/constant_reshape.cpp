#include "rewrite/facts.h"
#include "rewrite/known_shapes.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const PassContext& context) {
  Value* shape = node.input(1);
  if (shape == nullptr || shape->initializer || node.output() == nullptr) return "";
  const ShapeData* data = context.shapes->data(*shape);
  if (data == nullptr) return "its shape is not known";
  const auto target = reshape_target(node, *context.shapes);
  if (!target) return "its shape is not known";
  std::vector<int64_t> numbers;
  for (const Expr& element : *target) {
    const auto number = element.as_number();
    if (!number) return "more than one of its dimensions is open";
    numbers.push_back(*number);
  }
  Graph& graph = node.graph();
  Value* constant = graph.add_value(graph.unused_name(std::string(node.output()->name) + "_shape"));
  graph.set_initializer(*constant, Tensor::of<int64_t>({static_cast<int64_t>(numbers.size())},
                                                       std::span<const int64_t>(numbers)));
  node.set_input(1, constant);
  remove_unused(*shape);
  return std::nullopt;
}

}  // namespace

void register_rewrite_constant_reshape(PassRegistry& registry) {
  registry.add(
      {.id = "constant_reshape",
       .doc = "A Reshape whose shape is computed gets a constant one where its dimensions are "
              "numbers, those of its input in the same place (0), and at most one other (-1). "
              "With both 0 and -1, dimensions of the model's inputs are taken to be at least one.",
       .phase = Phase::Clean,
       .after = {"eliminate_identity"},
       .operators = {"Reshape"},
       .rewrite = rewrite});
}

}  // namespace acuate
