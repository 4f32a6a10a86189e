#pragma once

#include <vector>

#include "property/builder.h"

namespace acuate::property {

// One way to go on with a graph. What it tries may be refused; then nothing, or only a part of it,
// was added.
struct Recipe {
  const char* name;
  int weight;  // how often, relative to the others
  void (*grow)(Builder&);
};

const std::vector<Recipe>& recipes();
// One recipe by weight.
void grow(Builder& builder);

// By family; recipes() joins them.
std::vector<Recipe> arithmetic_recipes();
std::vector<Recipe> shape_recipes();
std::vector<Recipe> layout_recipes();
std::vector<Recipe> network_recipes();
std::vector<Recipe> control_flow_recipes();
std::vector<Recipe> schema_recipes();

}  // namespace acuate::property
