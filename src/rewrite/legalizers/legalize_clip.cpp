#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_real(node)) return reason;
  if (node.graph().opset_version() < 8) return "Max and Min broadcast from opset 8 on";
  for (const char* name : {"min", "max"})
    if (const Attribute* given = node.attribute(name); given != nullptr && !given->as_float())
      return "a limit is no number";
  const bool has_lowest = node.input(1) != nullptr || node.attribute("min") != nullptr;
  const bool has_highest = node.input(2) != nullptr || node.attribute("max") != nullptr;
  if (!has_lowest && !has_highest) return "it has no limits";
  Expansion out(node, context);
  Value* x = node.input(0);
  const auto limit = [&](size_t slot, const char* name) {
    return node.attribute(name) != nullptr ? out.number(node.float_attribute(name, 0))
                                           : node.input(slot);
  };
  if (has_lowest) {
    const bool is_relu = node.attribute("min") != nullptr ? node.float_attribute("min", 1) == 0
                                                          : scalar_constant(node.input(1)) == 0;
    x = is_relu && !has_highest ? out.add("Relu", {x}) : out.add("Max", {x, limit(1, "min")});
  }
  if (has_highest) x = out.add("Min", {x, limit(2, "max")});
  return out.finish(x);
}

}  // namespace

void register_rewrite_legalize_clip(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_clip",
                .doc = "Clip becomes Max and Min, and Relu where zero is its only limit.",
                .exactness = Exactness::Rounding,
                .bound =
                    "NaN may become a limit: engines differ in what Max, Min and Relu make of it; "
                    "all other values keep their bits, but for the sign of zero",
                .operators = {"Clip"},
                .uses = {"Max", "Min", "Relu"},
                .rewrite = rewrite});
}

}  // namespace acuate
