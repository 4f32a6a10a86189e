#include <limits>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

constexpr size_t kMaxRuns = 16;

// Indices first, first + step, …
struct Run {
  int64_t first = 0, step = 1, count = 1;
};

// From left to right, each as long as it goes. `has_steps`: other steps than 1 can be written.
std::vector<Run> runs_of(const std::vector<int64_t>& indices, bool has_steps) {
  std::vector<Run> runs;
  for (size_t i = 0; i < indices.size() && runs.size() <= kMaxRuns;) {
    Run run{indices[i], 1, 1};
    if (i + 1 < indices.size()) run.step = indices[i + 1] - indices[i];
    if (run.step == 0 || (run.step != 1 && !has_steps)) run.step = 1;
    while (i + static_cast<size_t>(run.count) < indices.size() &&
           indices[i + static_cast<size_t>(run.count)] == run.first + run.count * run.step)
      ++run.count;
    i += static_cast<size_t>(run.count);
    runs.push_back(run);
  }
  return runs;
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  const auto axis = rank ? normalized_axis(node.int_attribute("axis", 0), *rank) : std::nullopt;
  if (!axis) return "the rank of what it gathers from is not known";
  auto indices = known_ints(node.input(1), context);
  const auto shape = known_shape(node.input(1));
  if (!indices || !shape) return "its indices are not constant";
  if (shape->size() > 1) return "its indices have several dimensions";
  if (indices->empty()) return "it has no indices";
  const Dim& dim = (*x->type.shape)[static_cast<size_t>(*axis)];
  for (int64_t& index : *indices) {
    if (index < 0 && !dim.is_known()) return "an index counts from an end that is not known";
    index += index < 0 ? dim.value : 0;
    if (index < 0 || (dim.is_known() && index >= dim.value)) return "an index is out of range";
  }
  const auto runs = runs_of(*indices, node.graph().opset_version() >= 10);
  if (runs.size() > kMaxRuns) return "its indices are more than 16 evenly spaced runs";
  Expansion out(node, context);
  std::vector<Value*> parts;
  for (const Run& run : runs) {
    int64_t end = run.first + run.count * run.step;
    if (end < 0) end = std::numeric_limits<int64_t>::min();  // downward, to the first one
    parts.push_back(out.slice(x, *axis, run.first, end, run.step));
  }
  Value* y = parts.size() == 1 ? parts[0] : out.add("Concat", parts, {{"axis", *axis}});
  return out.finish(shape->empty() ? out.squeeze(y, *axis) : y);
}

}  // namespace

void register_rewrite_legalize_gather(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_gather",
                .doc =
                    "Gather by constant indices becomes one Slice where they are evenly spaced, "
                    "else Concat of up to 16 of them; by one index without dimensions, Slice and "
                    "Squeeze.",
                .exactness = Exactness::Exact,
                .operators = {"Gather"},
                .uses = {"Slice", "Concat", "Squeeze"},
                .rewrite = rewrite});
}

}  // namespace acuate
