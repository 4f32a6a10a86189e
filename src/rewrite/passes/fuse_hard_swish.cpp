#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// Whether the value is a float32 constant of one element with this number in it.
bool is_scalar(const Value* value, float expected) {
  const auto tensor = float_constant(value);
  return tensor && tensor->size() == 1 && tensor->values<float>()[0] == expected;
}

// The other operand of a commutative node that has the constant `expected`; null where it has not.
Value* operand_beside(const Node& node, float expected) {
  if (is_scalar(node.input(1), expected)) return node.input(0);
  return is_scalar(node.input(0), expected) ? node.input(1) : nullptr;
}

Node* sole_producer(Value* value, std::string_view op_type) {
  if (value == nullptr || value->producer == nullptr || !value->producer->is_op(op_type))
    return nullptr;
  return value->uses().size() == 1 && !value->is_output() ? value->producer : nullptr;
}

// Div(Mul(x, Clip(Add(x, 3), 0, 6)), 6), told from its last node.
std::optional<std::string> fuse(Node& div, const PassContext&) {
  if (!is_scalar(div.input(1), 6)) return "";
  Node* mul = sole_producer(div.input(0), "Mul");
  if (mul == nullptr) return "";
  for (const size_t side : {0, 1}) {
    Value* x = mul->input(side);
    Node* clip = sole_producer(mul->input(1 - side), "Clip");
    if (clip == nullptr || x == nullptr) continue;
    Node* add = sole_producer(clip->input(0), "Add");
    if (add == nullptr || operand_beside(*add, 3) != x) continue;
    const bool limits = (is_scalar(clip->input(1), 0) && is_scalar(clip->input(2), 6)) ||
                        (clip->input_count() == 1 && clip->float_attribute("min", -1) == 0 &&
                         clip->float_attribute("max", 0) == 6);
    if (!limits) return "its Clip has other limits than 0 and 6";
    if (x->graph != &div.graph()) return "its input stands in another graph";
    Graph& graph = div.graph();
    Value* gate = graph.add_value(graph.unused_name(std::string(div.output()->name) + "_gate"));
    graph.set_inferred_type(*gate, x->type);
    Node* hard_sigmoid = graph.add_node("HardSigmoid", "", "", {x}, {gate}, mul);
    hard_sigmoid->set_attribute(encode_attribute("alpha", 1.0F / 6.0F));
    hard_sigmoid->set_attribute(encode_attribute("beta", 0.5F));
    set_origins(*hard_sigmoid, merged_origins(*add, *clip));
    const auto both = merged_origins(*mul, div);
    mul->set_input(1 - side, gate);
    if (auto reason = absorb(div, *mul->output())) return reason;
    set_origins(*mul, both);
    graph.remove_node(*clip);
    graph.remove_node(*add);
    return std::nullopt;
  }
  return "";
}

}  // namespace

void register_rewrite_fuse_hard_swish(PassRegistry& registry) {
  registry.add(
      {.id = "fuse_hard_swish",
       .doc = "HardSwish written as x * Clip(x + 3, 0, 6) / 6 becomes x * HardSigmoid(x), two "
              "nodes instead of four.",
       .exactness = Exactness::Rounding,
       .bound =
           "|y' - y| <= 2^-21 * max(|x|, |y|): 1/6 and each of the operations are rounded once",
       .phase = Phase::Fuse,
       .after = {},
       .operators = {"Div"},
       .rewrite = fuse});
}

}  // namespace acuate
