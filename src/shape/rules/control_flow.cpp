// If, Loop and Scan (ONNX operators, ai.onnx 1 to 25): their bodies are inferred with what they
// hand in.
#include "shape/axes.h"

namespace acuate {
namespace {

constexpr int kMaxLoopRounds = 4;  // each loosens at least one carried type

void set_all(RuleContext& context, const std::vector<SymbolicType>& types, size_t first = 0) {
  for (size_t i = 0; i < types.size() && first + i < context.output_count(); ++i)
    context.set_type(first + i, types[i]);
}

bool infer_if(RuleContext& context) {
  const auto then_branch = context.infer_body("then_branch", {});
  const auto else_branch = context.infer_body("else_branch", {});
  if (!then_branch || !else_branch) return context.refuse("it lacks a branch");
  // A condition that is known decides; the other branch never runs.
  if (const auto condition = context.numbers(0); condition && condition->size() == 1) {
    set_all(context, (*condition)[0] != 0 ? then_branch->outputs : else_branch->outputs);
    return true;
  }
  if (then_branch->outputs.size() != else_branch->outputs.size())
    return context.refuse("its branches give different numbers of outputs");
  std::vector<SymbolicType> types;
  for (size_t i = 0; i < then_branch->outputs.size(); ++i)
    types.push_back(common_type(then_branch->outputs[i], else_branch->outputs[i]));
  set_all(context, types);
  return true;
}

// The number of the run and whether to go on are scalars; a body that declares them as lists of one
// gets them so.
Dims own_input_dims(RuleContext& context, size_t index) {
  const Attribute* attribute = context.node().attribute("body");
  if (attribute == nullptr || attribute->graphs.size() != 1) return {};
  const auto& inputs = attribute->graphs[0]->inputs();
  return index < inputs.size() && inputs[index]->type.static_shape() == Shape{1} ? Dims{1} : Dims{};
}

bool infer_loop(RuleContext& context) {
  const size_t carried = context.input_count() > 2 ? context.input_count() - 2 : 0;
  std::vector<SymbolicType> inputs{
      SymbolicType::tensor(ElementType::Int64, own_input_dims(context, 0)),
      SymbolicType::tensor(ElementType::Bool, own_input_dims(context, 1))};
  for (size_t i = 0; i < carried; ++i)
    inputs.push_back(context.type(i + 2) ? *context.type(i + 2) : SymbolicType());
  std::optional<RuleContext::Body> body;
  // What the body gives back is what it gets next time: both until they agree.
  for (int round = 0; round < kMaxLoopRounds; ++round) {
    body = context.infer_body("body", inputs);
    if (!body) return context.refuse("it lacks its body");
    if (body->outputs.size() < carried + 1)
      return context.refuse("its body gives fewer values than it carries");
    bool agree = true;
    for (size_t i = 0; i < carried; ++i) {
      SymbolicType& given = inputs[i + 2];
      const SymbolicType& back = body->outputs[i + 1];
      if (given == back || given.kind == ValueType::Kind::Unknown) continue;
      // A dimension that the engine named for the body's own input came back: it is unknown
      // already.
      SymbolicType common = common_type(given, back);
      if (round + 1 == kMaxLoopRounds) common.shape.reset();
      bool loosened = common.shape.has_value() != given.shape.has_value() ||
                      common.element != given.element || common.kind != given.kind;
      if (common.shape && given.shape)
        for (size_t d = 0; d < common.shape->size(); ++d)
          loosened |= (*common.shape)[d].is_unknown() && !(*given.shape)[d].is_unknown();
      if (!loosened) continue;
      given = std::move(common);
      agree = false;
    }
    if (agree) break;
  }
  std::vector<SymbolicType> types(inputs.begin() + 2, inputs.end());
  // After no iteration at all a carried value is what came in, else what the body gave.
  for (size_t i = 0; i < carried; ++i)
    if (types[i].kind == ValueType::Kind::Unknown) types[i] = body->outputs[i + 1];
  Expr trips = Expr::unknown();
  const auto always = context.numbers(1);
  const bool ends_by_count =
      !context.has_input(1) || (always && !always->empty() && (*always)[0] != 0);
  if (const auto count = context.integers(0); count && count->size() == 1 && ends_by_count) {
    // The body may end it earlier, unless it hands `true` on.
    const Attribute* attribute = context.node().attribute("body");
    const Graph& graph = *attribute->graphs[0];
    const bool keeps_on = graph.outputs()[0] == graph.inputs()[1] ||
                          (graph.outputs()[0]->producer != nullptr &&
                           graph.outputs()[0]->producer->is_op("Identity") &&
                           graph.outputs()[0]->producer->input(0) == graph.inputs()[1]);
    if (keeps_on) trips = max((*count)[0], 0);
  }
  for (size_t i = carried + 1; i < body->outputs.size(); ++i) {
    SymbolicType scan = body->outputs[i];
    // A dimension that differs from iteration to iteration makes the loop fail; its symbol of the
    // body means nothing outside.
    if (scan.shape) scan.shape->insert(scan.shape->begin(), trips);
    types.push_back(std::move(scan));
  }
  set_all(context, types);
  return true;
}

bool infer_scan(RuleContext& context) {
  if (context.opset() < 9) return false;  // Scan-8 has a batch axis and sequence lengths
  const int64_t scans = context.int_attribute("num_scan_inputs", 0);
  const auto inputs = static_cast<int64_t>(context.input_count());
  if (scans < 1 || scans > inputs) return context.refuse("num_scan_inputs does not fit its inputs");
  const auto states = static_cast<size_t>(inputs - scans);
  const auto input_axes = context.ints_attribute("scan_input_axes");
  const auto output_axes = context.ints_attribute("scan_output_axes");
  std::vector<SymbolicType> given;
  Expr length = Expr::unknown();
  for (size_t slot = 0; slot < context.input_count(); ++slot) {
    SymbolicType type = context.type(slot) ? *context.type(slot) : SymbolicType();
    if (slot >= states && type.shape) {
      const size_t index = slot - states;
      const auto axis =
          axis_of(context, input_axes && index < input_axes->size() ? (*input_axes)[index] : 0,
                  type.shape->size());
      if (!axis) return false;
      length = unify(context, length, (*type.shape)[*axis], "lengths of the scanned inputs differ");
      type.shape->erase(type.shape->begin() + static_cast<std::ptrdiff_t>(*axis));
    }
    given.push_back(std::move(type));
  }
  if (context.is_refused()) return false;
  const auto body = context.infer_body("body", given);
  if (!body) return context.refuse("it lacks its body");
  std::vector<SymbolicType> types = body->outputs;
  for (size_t i = 0; i < types.size(); ++i) {
    if (i < states) {
      types[i] = given[i].kind == ValueType::Kind::Unknown ? types[i] : given[i];
      continue;
    }
    if (!types[i].shape) continue;
    const size_t index = i - states;
    const auto axis =
        axis_of(context, output_axes && index < output_axes->size() ? (*output_axes)[index] : 0,
                types[i].shape->size() + 1);
    if (!axis) return false;
    types[i].shape->insert(types[i].shape->begin() + static_cast<std::ptrdiff_t>(*axis), length);
  }
  set_all(context, types);
  return true;
}

}  // namespace

void register_shape_control_flow(ShapeFamilyRegistry& registry) {
  registry.add({.id = "control_flow",
                .doc = "If, Loop and Scan: their bodies with what they hand in",
                .operators = {{"", "If", false, infer_if},
                              {"", "Loop", false, infer_loop},
                              {"", "Scan", false, infer_scan}}});
}

}  // namespace acuate
