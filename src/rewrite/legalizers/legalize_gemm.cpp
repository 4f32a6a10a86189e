#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Expansion out(node, context);
  const auto turned = [&](size_t slot, const char* attribute) {
    Value* operand = node.input(slot);
    return node.int_attribute(attribute, 0) != 0 ? out.transpose(operand, {1, 0}) : operand;
  };
  Value* a = turned(0, "transA");
  Value* y = out.add("MatMul", {a, turned(1, "transB")});
  const float alpha = node.float_attribute("alpha", 1), beta = node.float_attribute("beta", 1);
  if (alpha != 1) y = out.add("Mul", {y, out.number(alpha)});
  if (Value* c = node.input(2); c != nullptr) {
    if (beta != 1) c = out.add("Mul", {c, out.number(beta)});
    y = out.add("Add", {y, c});
  }
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_gemm(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_gemm",
                .doc = "Gemm becomes MatMul and Add, with Transpose and Mul where it has transA, "
                       "transB, alpha or beta.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (K + 4) * 2^-22 * (|alpha| * sum |a * b| + |beta * c|) for "
                         "float32, K the number of products summed",
                .operators = {"Gemm"},
                .uses = {"Transpose", "MatMul", "Mul", "Add"},
                .rewrite = rewrite});
}

}  // namespace acuate
