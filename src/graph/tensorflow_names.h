#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/model.h"

namespace acuate {

// Reads names of TensorFlow, Keras and JAX, `StatefulPartitionedCall/model/block1/conv/Conv2D:0`:
// scopes, then the operator. Scopes that hold everything stand for the model. Converters write
// several names where they merged operators: with `;` between them, or `_` before the model's name.
class TensorFlowNames {
 public:
  explicit TensorFlowNames(const Model& model);

  // Every module that the node's name, or else that of an output, tells; none: it has no scopes.
  std::vector<std::string> read(const Node& node) const;
  std::vector<std::string> read(std::string_view name) const;
  bool tells_modules() const { return !model_scope_.empty(); }

 private:
  std::vector<std::vector<std::string>> scopes_of(std::string_view name) const;

  std::string model_scope_;   // the outermost, if it holds everything; empty: it does not
  size_t shared_scopes_ = 0;  // how many do
};

}  // namespace acuate
