#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "shape/rule.h"

namespace acuate {

// How convolutions and poolings slide over the spatial axes (ONNX, Conv and MaxPool; ONNX Runtime
// computes the same).
struct Window {
  enum class AutoPad { NotSet, Valid, Same };
  AutoPad auto_pad = AutoPad::NotSet;
  bool is_ceil = false;
  std::vector<int64_t> strides, dilations;  // one per spatial axis
  std::vector<int64_t> pads;                // begins, then ends
};

// auto_pad, strides, dilations, pads and ceil_mode for `axes` spatial axes; nothing, with a
// refusal, where they do not fit.
std::optional<Window> window_of(RuleContext& context, size_t axes);

// Spatial dimensions that come out. Nothing, with a refusal, where a window exceeds its input.
std::optional<Dims> slide(RuleContext& context, const Window& window, std::span<const Expr> spatial,
                          std::span<const Expr> kernel);

// The kernel's dimensions: of kernel_shape where it is given, else these; refuses a contradiction.
std::optional<Dims> kernel_of(RuleContext& context, size_t axes,
                              std::optional<std::span<const Expr>> of_weight);

}  // namespace acuate
