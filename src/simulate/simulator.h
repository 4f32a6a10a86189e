#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/model.h"
#include "simulate/kernel.h"

namespace acuate {

// A model as a function in float.
using FloatFunction = std::function<Result<std::vector<Tensor>>(std::span<const Tensor>)>;
using FloatLoader = std::function<Result<FloatFunction>(const Model&)>;

struct SimulatorOptions {
  // For nodes that are not computed on integers; empty: such a node is an error.
  FloatLoader load_float;
  int threads = 0;
  const VectorKernels* vector = &vector_kernels().back();
};

// One computed node, in order.
struct SimulatedNode {
  std::string node;
  std::string kind;          // `u8 Conv`; `float Softmax`; `quantize`, `rescale`
  std::string float_reason;  // why it is computed in float; empty: on integers
};

// A quantized network, computed in integers as docs/simulate.md says. It is read off a model of
// QuantizeLinear and DequantizeLinear (which is the float graph and its encodings): an operator
// between them whose operands and result are on grids has an integer kernel; others are computed in
// float on the reals that the integers stand for, and are named.
class Simulator {
 public:
  // Infers the model's shapes. Errors: grids that are not simulated (quantized_graph.h), control
  // flow, a node that neither has a kernel nor runs in float.
  static Result<Simulator> build(Model& model, const SimulatorOptions& options);

  const std::vector<SimulatedNode>& nodes() const { return nodes_; }
  // In the order of the model's inputs and outputs. May be called from several threads at once.
  // `node_us`: the microseconds of each node are added to it; empty: not measured.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs,
                                  std::span<double> node_us = {}) const;

 private:
  friend class SimulatorBuilder;
  Simulator() = default;

  static constexpr size_t kNone = SIZE_MAX;
  struct Argument {
    size_t place = kNone;  // kNone: `constant`
    Tensor constant;
  };
  struct Step {
    std::vector<Argument> arguments;
    std::vector<size_t> results;    // places, kNone for those that nobody reads
    std::vector<size_t> last_read;  // places that nobody reads after it
    IntegerKernel kernel;
  };
  struct Output {
    Argument source;
    std::optional<Quantization> grid;  // made real at the end
  };

  std::vector<SimulatedNode> nodes_;
  std::vector<Step> steps_;  // as many
  std::vector<Output> outputs_;
  size_t places_ = 0;  // the first of which are the inputs
  Execution execution_;
};

}  // namespace acuate
