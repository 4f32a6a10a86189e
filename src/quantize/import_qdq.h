#pragma once

#include <memory>

#include "base/result.h"
#include "graph/model.h"
#include "numeric/encodings.h"

namespace acuate {

// A quantized network taken apart.
struct ImportedQdq {
  std::unique_ptr<Model> float_model;  // without QuantizeLinear and DequantizeLinear
  Encodings encodings;                 // of this model's tensors
};

// The float graph and the encodings of a model that says its grids by QuantizeLinear and
// DequantizeLinear pairs, of 8 or 16 bits, per tensor or along an axis. Integer weights become the
// float numbers that they stand for, so that the same encodings give the same integers again;
// biases become float and get no encoding. A tensor behind a pair keeps its own name, that of an
// output the output's. Errors, which name the node: operators that compute on integers
// (QLinearConv, DynamicQuantizeLinear), pairs that are not whole, scales that are computed or in
// blocks, other widths, and a tensor with two grids.
Result<ImportedQdq> import_qdq(const Model& model);

}  // namespace acuate
