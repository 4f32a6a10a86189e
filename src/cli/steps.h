#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "graph/model.h"
#include "targets/target.h"

namespace acuate {

// Values of the reference by name.
using GivenValues = std::function<Result<std::vector<Tensor>>(std::span<const std::string>)>;

// A model one step at a time: each of the tensors `wanted` as the model computes it where it reads
// the reference's values of the tensors `given` in place of its own. So an error stands at the
// tensor where it arises and is not carried on. A tensor with QuantizeLinear and DequantizeLinear
// behind it is taken as it comes out of these, so that its own grid counts to its own step.
//
// Both name floating-point tensors that nodes of the main graph make; `wanted` are among `given`.
// `inputs`: the model's, in order.
Result<std::vector<Tensor>> run_steps(const Model& model, const std::set<std::string>& given,
                                      std::span<const std::string> wanted,
                                      std::span<const Tensor> inputs, const GivenValues& values,
                                      const Target& target, int threads);

}  // namespace acuate
