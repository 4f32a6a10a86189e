#include "rewrite/expansion.h"
#include "rewrite/facts.h"
#include "rewrite/moments.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  if (node.graph().opset_version() < 21) return "before opset 21 its scale is that of groups";
  Value* x = node.input(0);
  const auto shape = known_shape(x);
  const int64_t groups = node.int_attribute("num_groups", 0);
  if (!shape || shape->size() < 3) return "the shape of its input is not known";
  if (groups < 1 || (*shape)[1] % groups != 0) return "its channels do not divide into its groups";
  if (element_count(*shape).value_or(0) == 0) return "it is empty";
  Expansion out(node, context);
  Value* grouped = out.reshape(x, {(*shape)[0], groups, -1});
  Value* normal = normalize(out, grouped, {2}, node.float_attribute("epsilon", 1e-5F));
  Value* y = out.reshape(normal, *shape);
  return out.finish(
      scale_channels(out, y, node.input(1), node.input(2), static_cast<int64_t>(shape->size())));
}

}  // namespace

void register_rewrite_legalize_group_norm(LegalizerRegistry& registry) {
  registry.add(
      {.id = "legalize_group_norm",
       .doc = "GroupNormalization becomes ReduceMean, Sub, Mul, Sqrt and Div over each group "
              "of channels, with scale and bias by Mul and Add.",
       .exactness = Exactness::Rounding,
       .bound = "|y' - y| <= (N + 16) * 2^-22 * (1 + mean^2 / (var + eps)) * (|scale| * (|x - "
                "mean| / sqrt(var + eps) + 1) + |bias|) for float32, N the number of normalized "
                "elements",
       .operators = {"GroupNormalization"},
       .uses = {"Reshape", "ReduceMean", "Sub", "Mul", "Add", "Sqrt", "Div"},
       .rewrite = rewrite});
}

}  // namespace acuate
