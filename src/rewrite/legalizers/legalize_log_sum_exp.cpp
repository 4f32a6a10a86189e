#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

// log(sum(exp(x - m))) + m with m the largest element: no exponential exceeds 1.
std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  if (!rank) return "the rank of its input is not known";
  auto axes = ints_of(node, "axes", 1, context);
  if (!axes) return "its axes are not constant";
  if (axes->empty() && node.int_attribute("noop_with_empty_axes", 0) != 0)
    return "it reduces no axis";
  if (axes->empty()) {
    axes->resize(static_cast<size_t>(*rank));
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (axes->empty()) return "its input is a scalar";
  for (int64_t& axis : *axes) axis += axis < 0 ? *rank : 0;
  const bool keeps_axes = node.int_attribute("keepdims", 1) != 0;
  Expansion out(node, context);
  Value* largest = out.reduce("ReduceMax", x, *axes);
  Value* powers = out.add("Exp", {out.add("Sub", {x, largest})});
  Value* log = out.add("Log", {out.reduce("ReduceSum", powers, *axes, keeps_axes)});
  Value* shift = keeps_axes ? largest : out.reduce("ReduceMax", x, *axes, false);
  return out.finish(out.add("Add", {log, shift}));
}

}  // namespace

void register_rewrite_legalize_log_sum_exp(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_log_sum_exp",
                .doc = "ReduceLogSumExp becomes ReduceMax, Sub, Exp, ReduceSum, Log and Add; the "
                       "largest element is taken off first, so that nothing overflows.",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= (N + 16) * 2^-22 * max(1, |y|, max |x|) for float32 where the "
                    "elements are finite, N the number of elements summed",
                .operators = {"ReduceLogSumExp"},
                .uses = {"ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Add"},
                .rewrite = rewrite});
}

}  // namespace acuate
