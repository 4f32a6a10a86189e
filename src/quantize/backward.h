#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// A model that also computes, by reverse-mode differentiation (Griewank and Walther, "Evaluating
// Derivatives", chapter 3), what its tensors mean to its outputs: for seeds v at the outputs, the
// gradient g = Jᵀ v of each tensor asked for, J being the derivative of the outputs by that tensor.
struct BackwardModel {
  // Inputs: those of the model, then the seeds. Outputs: those of the model, the tensors asked for
  // that have a gradient, the gradients.
  std::unique_ptr<Model> model;

  struct Seed {
    std::string output;  // a float32 output of the model
    std::string input;   // of its type
  };
  std::vector<Seed> seeds;

  struct Gradient {
    std::string tensor;
    std::string output;  // of its type
  };
  std::vector<Gradient> gradients;  // in the order asked for

  // Tensors whose gradient would lack a part, and why: on the way to an output stands an operator
  // without a rule.
  struct NotReached {
    std::string tensor;
    std::string reason;
  };
  std::vector<NotReached> not_reached;
};

// By the rules of gradients/. The derivative of a kink (Relu at 0) is that of one side; that of
// rounding, comparing and choosing is zero, and so nothing passes through integers and truth values. Needs static shapes and opset ≥ 13; below 16, the rules that
// add into places that repeat do not apply. Linear in nodes; weights are referred to. Errors: a
// tensor that is not there or not float32, an output that no gradient can start from.
Result<BackwardModel> build_backward(const Model& model, const std::vector<std::string>& tensors);

}  // namespace acuate
