#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Positive factors for the features (last axis) of an activation that matrix products read, by
// which the values are multiplied where they are made and their weights' rows divided, so that the
// network computes the same (Xiao et al., "SmoothQuant", 2023, section 4): behind a
// LayerNormalization, whose scale and bias take the factors, or the Mul and Add by constants that
// it ends with where it is written out, and through what only rearranges the other axes. Readers
// that are no such products get the value divided again, one multiplication more.
struct FeatureScaling {
  Value* tensor = nullptr;  // as the source makes it
  size_t features = 0;
  std::vector<Value*> values;  // that carry the factors, the tensor among them
  std::vector<Use> constants;  // of the source, that take the factors
  std::vector<Node*> sinks;    // MatMul and Gemm that read scaled values
  std::vector<Use> others;     // that must see the value as it was
};

// The region that `tensor` belongs to. Nothing where there is no such source or no such product,
// where weights are shared, and where a value of it is an output of the model.
std::optional<FeatureScaling> find_feature_scaling(Value& tensor);

// Multiplies the values by scale[c] > 0 in the model that holds them. New weights take the place of
// the old ones under their names; scaled values are called `x_scaled`, since a name means the
// same values in every form of a model. Errors: constants that cannot be read.
Result<void> apply_feature_scaling(const FeatureScaling& region, std::span<const float> scale);

}  // namespace acuate
