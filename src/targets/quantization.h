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
  // A scheme: the weights of matrix products alone get grids, and everything is computed in float.
  std::string weights_only = {};
  int group = 0;  // with it: inputs that share a scale, for each result; 0: all
};

struct PlannedActivation {
  Value* value = nullptr;
  std::string scheme;  // as restricted by the target
};

struct PlannedWeight {
  Value* value = nullptr;
  std::string scheme;
  int per_channel_axis = -1;
  int block_size = 0;  // along that axis
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
  std::vector<Node*> anchors;  // convolutions and matrix products that are to run in integers
  std::vector<KeptFloat> kept_float;
};

// What one target's compiler wants of a quantized network: all in which targets differ.
// Convolutions and matrix products with constant float32 weights are its anchors.
struct QuantizationRules {
  enum class Placement {
    Inputs,      // the data of anchors
    Residuals,   // and what an Add joins to the result of an anchor
    AroundThem,  // data and results of anchors, behind a Relu or Clip that is fused into them
    Everywhere   // every float32 tensor between operators
  };
  enum class SignedGrid { Signed, UnsignedWithOffset };  // s8, or u8 with zero point 128

  std::string target;  // for messages
  Placement placement = Placement::AroundThem;
  std::vector<std::string>
      schemes;  // of activations that it takes; the first where none is asked for
  std::string attention_scheme = {};  // where two activations are multiplied; empty: the same
  // u8 in place of s8 for values that cannot be negative, which halves their step.
  bool unsigned_where_positive = false;
  std::string weight_scheme = "s8";  // empty: that of the activations, for all weights
  bool per_channel_weights = true;
  bool transposed_convolutions = true;          // ConvTranspose is an anchor
  bool integer_bias = true;                     // int32 with scale = input · weight scale
  SignedGrid signed_grid = SignedGrid::Signed;  // how the integers of a signed 8-bit grid are named
  std::vector<std::string> weight_only_schemes = {};  // of weights that are read by float products
};

// Errors: a scheme that the target does not take.
Result<QuantizationPlan> plan_quantization(Model& model, const QuantizationRequest& request,
                                           const QuantizationRules& rules);

// The part of it that gives grids to weights alone: those of MatMul and Gemm with
// kFewestWeights elements or more. Errors: a scheme or group that the target does not take.
inline constexpr int64_t kFewestWeights = 16'384;
Result<QuantizationPlan> plan_weights(Model& model, const QuantizationRequest& request,
                                      const QuantizationRules& rules);

// Why a node does not run in integers although it is a convolution or matrix product; empty where
// it can.
std::string reason_against(const Node& node, const QuantizationRequest& request,
                           const QuantizationRules& rules);

// The value whose grid an anchor, or an Add, writes to: its output, or that of a Relu, or of a Clip
// around zero, which alone reads it, since engines take these into the integer kernel.
Value* quantized_output(const Node& node);

// Whether the operators alone guarantee that no element is below zero.
bool is_non_negative(const Value& value);

// Whether each element of the node's result is one of its first input, so that it is on that
// input's grid: Reshape, Transpose, MaxPool, …
bool moves_values(const Node& node);

// Writes QuantizeLinear/DequantizeLinear pairs into the float graph, in place: integer weights,
// int32 biases where the rules want them, one pair for each encoded activation. A node without a
// grid for its data, or for its result where the placement gives it one, stays in float: it reads
// the float weight. Below opset 21 integers of 16 bits take the operators of that name of
// com.microsoft. Needs opset ≥ 13. Encodings of values that the graph does not have are errors.
// Encodings of weights alone: these become DequantizeLinear, in blocks or of 4 bits too, which need
// opset 21; everything is computed in float.
Result<void> emit_qdq(Model& model, const Encodings& encodings, const QuantizationRules& rules);

}  // namespace acuate
