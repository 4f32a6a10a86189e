#include <algorithm>

#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// f(f(x)) = f(x); of the other operators f(f(x)) = x.
constexpr std::string_view kIdempotent[] = {"Relu", "Abs", "Ceil", "Floor", "Round", "Sign"};

std::optional<std::string> rewrite(Node& node, const PassContext&) {
  Value* x = node.input(0);
  if (x == nullptr || node.output() == nullptr || x->producer == nullptr ||
      !x->producer->is_op(node.op_type()))
    return "";
  const bool is_idempotent = std::find(std::begin(kIdempotent), std::end(kIdempotent),
                                       node.op_type()) != std::end(kIdempotent);
  Value* source = is_idempotent ? x : x->producer->input(0);
  return source != nullptr ? bypass(node, *source) : "";
}

}  // namespace

void register_rewrite_cancel_unary(PassRegistry& registry) {
  registry.add(
      {.id = "cancel_unary",
       .doc = "Neg, Not and BitwiseNot applied twice go; Relu, Abs, Ceil, Floor, Round "
              "and Sign applied twice become one. Reciprocal twice stays: it rounds.",
       .phase = Phase::Clean,
       .after = {"eliminate_identity"},
       .operators = {"Neg", "Not", "BitwiseNot", "Relu", "Abs", "Ceil", "Floor", "Round", "Sign"},
       .rewrite = rewrite});
}

}  // namespace acuate
