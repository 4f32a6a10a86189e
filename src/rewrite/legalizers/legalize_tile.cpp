#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

constexpr int64_t kMaxRepeats = 64;

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  const auto repeats = known_ints(node.input(1), context);
  if (!repeats) return "its repeats are not constant";
  int64_t total = 1;
  for (const int64_t count : *repeats) {
    if (count < 1 || count > kMaxRepeats || (total *= count) > kMaxRepeats)
      return "it repeats more than 64 times, or not at all";
  }
  if (total == 1) return "it repeats nothing";
  Expansion out(node, context);
  Value* y = node.input(0);
  for (size_t axis = repeats->size(); axis-- > 0;)
    if ((*repeats)[axis] > 1)
      y = out.add("Concat", std::vector<Value*>(static_cast<size_t>((*repeats)[axis]), y),
                  {{"axis", static_cast<int64_t>(axis)}});
  return out.finish(y);
}

}  // namespace

void register_rewrite_legalize_tile(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_tile",
                .doc = "Tile with constant repeats of up to 64 becomes Concat along each axis that "
                       "repeats.",
                .exactness = Exactness::Exact,
                .operators = {"Tile"},
                .uses = {"Concat"},
                .rewrite = rewrite});
}

}  // namespace acuate
