#include <numeric>

#include "rewrite/facts.h"
#include "rewrite/moments.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  int64_t axis = 0;
  if (auto reason = softmax_axis(node, axis)) return reason;
  if (axis == *rank_of(x) - 1) return "its axis is the last one";
  std::vector<int64_t> exchanged(static_cast<size_t>(*rank_of(x)));
  std::iota(exchanged.begin(), exchanged.end(), 0);
  std::swap(exchanged[static_cast<size_t>(axis)], exchanged.back());
  Expansion out(node, context);
  Value* y = out.add(node.op_type(), {out.transpose(x, exchanged)}, {{"axis", int64_t{-1}}});
  return out.finish(out.transpose(y, exchanged));
}

}  // namespace

void register_rewrite_legalize_softmax_axis(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_softmax_axis",
                .doc = "Softmax, LogSoftmax and Hardmax over another axis than the last become the "
                       "same over the last one, between two Transposes.",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= (N + 16) * 2^-22 * y for Softmax, (N + 16) * 2^-22 * max(1, |y|) "
                    "for LogSoftmax of float32, N the number of elements along the axis: engines "
                    "may sum in another order",
                .operators = {"Softmax", "LogSoftmax", "Hardmax"},
                .uses = {"Transpose", "Softmax", "LogSoftmax", "Hardmax"},
                .rewrite = rewrite});
}

}  // namespace acuate
