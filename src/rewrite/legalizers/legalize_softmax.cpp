#include "rewrite/moments.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  int64_t axis = 0;
  if (auto reason = softmax_axis(node, axis)) return reason;
  Expansion out(node, context);
  Value* shifted = out.add("Sub", {x, out.reduce("ReduceMax", x, {axis})});
  Value* powers = out.add("Exp", {shifted});
  Value* sum = out.reduce("ReduceSum", powers, {axis});
  if (node.is_op("Softmax")) return out.finish(out.add("Div", {powers, sum}));
  return out.finish(out.add("Sub", {shifted, out.add("Log", {sum})}));
}

}  // namespace

void register_rewrite_legalize_softmax(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_softmax",
       .doc = "Softmax becomes Exp(x - max) / sum of these, LogSoftmax x - max - Log(sum of "
              "Exp(x - max)).",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 16) * 2^-22 * y for Softmax, (N + 16) * 2^-22 * max(1, |x - "
                "max|) for LogSoftmax of float32, N the number of elements along the axis",
       .operators = {"Softmax", "LogSoftmax"},
       .uses = {"ReduceMax", "Sub", "Exp", "ReduceSum", "Div", "Log"},
       .rewrite = rewrite});
}

}  // namespace acuate
