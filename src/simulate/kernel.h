#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "graph/node.h"
#include "graph/tensor.h"
#include "numeric/scheme.h"
#include "simulate/vector_kernel.h"

namespace acuate {

// One input of a node, as the quantized network has it.
struct Operand {
  const Quantization* grid = nullptr;  // of its integers; null: no quantized tensor
  std::optional<Tensor> constant;      // its integers where it has a grid, else its content
  bool is_omitted = false;

  bool is_activation() const { return grid != nullptr && !constant; }
};

// A node that is to be computed on integers.
struct KernelRequest {
  const Node& node;
  std::vector<Operand> inputs;  // one for each slot
  Quantization output;          // per tensor
  // Of the output's integers: the grid's ends, or those of a Relu or Clip that is computed with it.
  int32_t lowest = 0, highest = 0;

  const Quantization& grid(size_t slot) const { return *inputs[slot].grid; }
  size_t input_count() const { return inputs.size(); }
  // The output's zero point and bounds with this factor.
  Rescale rescale(double factor) const;
};

struct Execution {
  int threads = 0;  // 0: as many as this process may use
  const VectorKernels* vector = &vector_kernels().back();
};

// Computes the outputs' integers. `inputs` has one tensor for each slot, constants included; those
// that are omitted are empty.
using IntegerKernel = std::function<Result<std::vector<Tensor>>(std::span<const Tensor> inputs,
                                                                const Execution& execution)>;

// The operators of one file of kernels/.
struct KernelFamily {
  std::string id;
  std::string doc;                     // the arithmetic in a sentence
  std::vector<std::string> operators;  // of the domain ai.onnx
  // Whether the result is made of the first input's integers, on its grid; empty: never.
  bool (*moves)(const Node& node) = nullptr;
  // A Relu or Clip that alone reads the result is computed with it, as bounds.
  bool fuses = false;
  // Constants without a grid get one from their least and greatest value, in the scheme of the
  // activation beside them.
  bool grids_constants = false;
  // The error says why these attributes or operands are not computed on integers.
  std::function<Result<IntegerKernel>(const KernelRequest&)> prepare;
};
inline bool always_moves(const Node&) { return true; }
using KernelRegistry = Registry<KernelFamily>;
void register_all_kernels(KernelRegistry& registry);

// Null where there is none.
const KernelFamily* kernel_family(const Node& node);

// Elements of an integer tensor as int32, its zero point taken off; and the way back.
std::vector<int32_t> centred(const Tensor& integers, const Quantization& grid);
Tensor integers_of(std::span<const int32_t> values, const Quantization& grid, Shape shape);
// Narrows `values` into out[first…].
void store(std::span<const int32_t> values, Tensor& out, size_t first);

}  // namespace acuate
