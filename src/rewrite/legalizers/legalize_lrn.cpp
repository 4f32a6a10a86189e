#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

// x / (bias + alpha * mean of x² over `size` channels, zeros beyond the ends) ^ beta.
std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  Value* x = node.input(0);
  const auto shape = known_shape(x);
  if (!shape || shape->size() < 3 || element_count(*shape).value_or(0) == 0)
    return "the shape of its input is not known, or empty";
  const int64_t size = node.int_attribute("size", 0);
  if (size < 1 || size % 2 == 0) return "its size is not odd";
  const int64_t before = (size - 1) / 2;
  Expansion out(node, context);
  Value* squares = out.reshape(out.add("Mul", {x, x}), {(*shape)[0], 1, (*shape)[1], -1});
  Value* mean = out.add("AveragePool", {squares},
                        {{"kernel_shape", std::vector<int64_t>{size, 1}},
                         {"pads", std::vector<int64_t>{before, 0, size - 1 - before, 0}},
                         {"count_include_pad", int64_t{1}}});
  Value* scaled =
      out.add("Mul", {out.reshape(mean, *shape), out.number(node.float_attribute("alpha", 1e-4F))});
  Value* base = out.add("Add", {scaled, out.number(node.float_attribute("bias", 1))});
  Value* norm = out.add("Pow", {base, out.number(node.float_attribute("beta", 0.75F))});
  return out.finish(out.add("Div", {x, norm}));
}

}  // namespace

void register_rewrite_legalize_lrn(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_lrn",
                .doc = "LRN becomes the input divided by a power of the mean of its squares over "
                       "neighbouring channels, by AveragePool.",
                .exactness = Exactness::Rounding,
                .bound =
                    "|y' - y| <= (C + size + 16) * (1 + beta * (1 + alpha * S / (size * b))) * "
                    "2^-22 * |y| for float32, C the number of channels, S the sum of all their "
                    "squares, which engines' running sums round by, and b what the power is of; "
                    "bias and alpha are not negative",
                .operators = {"LRN"},
                .uses = {"Mul", "Reshape", "AveragePool", "Add", "Pow", "Div"},
                .rewrite = rewrite});
}

}  // namespace acuate
