#include <algorithm>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  const auto axis = rank ? normalized_axis(node.int_attribute("axis", 0), *rank) : std::nullopt;
  if (!axis) return "the rank of its input is not known";
  auto sizes = ints_of(node, "split", 1, context);
  if (!sizes) return "its parts are not constant";
  const size_t count = node.outputs().size();
  if (sizes->empty()) {
    const Dim& dim = (*x->type.shape)[static_cast<size_t>(*axis)];
    if (!dim.is_known()) return "the dimension that it splits is not known";
    const auto parts = static_cast<int64_t>(count);
    sizes->assign(count, (dim.value + parts - 1) / parts);
    sizes->back() = dim.value - sizes->front() * (parts - 1);
  }
  if (sizes->size() != count) return "it has another number of parts than of outputs";
  if (std::any_of(node.outputs().begin(), node.outputs().end(),
                  [](const Value* output) { return output == nullptr; }))
    return "it leaves an output out";
  Expansion out(node, context);
  std::vector<Value*> parts;
  int64_t begin = 0;
  for (const int64_t size : *sizes) {
    parts.push_back(out.slice(x, *axis, begin, begin + size));
    begin += size;
  }
  return out.finish(parts);
}

}  // namespace

void register_rewrite_legalize_split(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_split",
                .doc = "Split becomes one Slice for each part.",
                .exactness = Exactness::Exact,
                .operators = {"Split"},
                .uses = {"Slice"},
                .rewrite = rewrite});
}

}  // namespace acuate
