#pragma once

#include <memory>
#include <vector>

#include "graph/model.h"
#include "shape/symbolic_type.h"

namespace acuate {

class ShapeEngine;

// The types of all values of a model, kept true while it is edited. Dimensions are expressions of
// the inputs' named dimensions; small tensors that hold dimensions (Shape → Gather → Mul → Concat →
// Reshape) are carried as expressions too. Bodies of If, Loop and Scan are inferred with what their
// node hands in, local functions call by call.
//
// Writes Value::type: a dimension's name is the text of its expression, so that equal names mean
// equal dimensions; one that only the engine has a symbol for (it depends on data) has none. The
// declared types of inner values and outputs are believed only where nothing can be inferred, and
// no longer once an edit reached them. Graph outputs keep the names that the model gave their
// dimensions until then.
//
// Time: linear in nodes at first; afterwards in the nodes that the changes reach. Constants of up
// to 1,024 elements are read, and only where a rule asks.
class ShapeInference {
 public:
  // Infers everything, and is the reader of the model's changes (Model::track_changes) as long as
  // it lives; a model has at most one.
  explicit ShapeInference(Model& model);
  ~ShapeInference();
  ShapeInference(const ShapeInference&) = delete;
  ShapeInference& operator=(const ShapeInference&) = delete;

  // Infers again what the changes since the last call reach. The number of nodes that were.
  size_t update();
  // How often a node was inferred so far, calls' bodies included.
  size_t inferred_nodes() const;

  Model& model() const;
  ExprPool& pool() const;
  // Null where nothing is known of it. Valid until the next update().
  const SymbolicType* type(const Value& value) const;
  const Dims* shape(const Value& value) const;  // null: no tensor, or unknown rank
  const ShapeData* data(const Value& value) const;

  // `type_mismatch`: an operator refuses its inputs, or contradicts what the model declares; the
  // message names both sources. In graph order.
  std::vector<ModelIssue> issues() const;
  // Those that issues() tells of; in constant time where there are none.
  std::vector<const Node*> contradictory_nodes() const;
  // Values whose shape stays unknown because there is no rule for their producer.
  std::vector<const Value*> unknown() const;

 private:
  std::unique_ptr<ShapeEngine> engine_;
};

}  // namespace acuate
