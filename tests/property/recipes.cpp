#include "property/recipes.h"

namespace acuate::property {

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = [] {
    std::vector<Recipe> joined;
    for (const auto& family : {arithmetic_recipes(), shape_recipes(), layout_recipes(),
                               network_recipes(), control_flow_recipes(), schema_recipes()})
      joined.insert(joined.end(), family.begin(), family.end());
    return joined;
  }();
  return all;
}

void grow(Builder& builder) {
  int64_t total = 0;
  for (const Recipe& recipe : recipes()) total += recipe.weight;
  int64_t at = builder.random().between(0, total - 1);
  for (const Recipe& recipe : recipes())
    if ((at -= recipe.weight) < 0) return recipe.grow(builder);
}

}  // namespace acuate::property
