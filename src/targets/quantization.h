#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/model.h"
#include "numeric/encodings.h"

namespace acuate {

// What the caller wants quantized.
struct QuantizationRequest {
  std::string scheme;                          // of activations; empty: what serves the target best
  std::vector<std::string> exclude;            // patterns of node names that stay in float
  std::set<std::string, std::less<>> on_host;  // names of nodes that are none of the target's
};

struct PlannedActivation {
  Value* value = nullptr;
  std::string scheme;  // as restricted by the target: `u8` where the value cannot be negative and
                       // the target takes it
};

struct PlannedWeight {
  Value* value = nullptr;
  std::string scheme;
  int per_channel_axis = -1;
};

// A convolution or matrix product that stays in float, and why.
struct KeptFloat {
  const Node* node = nullptr;
  std::string reason;
};

// Which tensors of the float graph get a grid, chosen before any range is known.
struct QuantizationPlan {
  std::vector<PlannedActivation> activations;  // in graph order
  std::vector<PlannedWeight> weights;
  std::vector<Node*> anchors;  // the operators that are to run in integers
  std::vector<KeptFloat> kept_float;
};

// The plan for engines that run Conv, Gemm and MatMul with constant weights in 8 bits: their data
// inputs and their outputs (behind a Relu or Clip that the engine fuses) are quantized, per-channel
// weights for Conv and Gemm. `unsigned_grid`: the engine takes u8 for values that cannot be
// negative, which halves their step.
QuantizationPlan plan_convolutions(Model& model, const QuantizationRequest& request,
                                   bool unsigned_grid);

// The value whose grid a Conv, Gemm or MatMul writes to: its output, or that of a Relu, or of a
// Clip around zero, which alone reads it, since engines take these into the integer kernel.
Value* quantized_output(const Node& anchor);

// Whether the operators alone guarantee that no element is below zero.
bool is_non_negative(const Value& value);

// How the emitted QuantizeLinear names the grid of a signed 8-bit encoding.
enum class SignedGrid {
  Signed,
  UnsignedWithOffset
};  // s8, or u8 with zero point 128: the same reals

// Writes QuantizeLinear/DequantizeLinear pairs into the float graph, in place: integer weights with
// per-channel scales, int32 biases with scale = input · weight scale, one pair for each encoded
// activation. A node whose own output has no encoding stays in float: it reads the float weight.
// Needs opset ≥ 13. Encodings of values that the graph does not have are errors.
Result<void> emit_qdq(Model& model, const Encodings& encodings, SignedGrid signed_grid);

}  // namespace acuate
