#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "diagnose/finding.h"
#include "graph/module_tree.h"
#include "quantize/calibrate.h"
#include "targets/target.h"

namespace acuate {

struct LoweringRequest {
  ElementType type = ElementType::Float16;  // or Bfloat16
  std::function<bool(const Node&)> is_meant;
  const Calibration* measured = nullptr;  // of the same graph; null: no data
};

struct Lowering {
  ElementType type = ElementType::Float16;
  std::vector<const Node*> nodes;                         // that compute in the type now
  std::vector<std::pair<const Node*, std::string>> kept;  // in float32, with the reason
  std::vector<std::string> unmeasured;                    // tensors of unknown range
};

// Makes the meant nodes of the main graph compute in a 16-bit float, in place: float32 constants
// are stored in it, a Cast stands where a tensor enters or leaves, and every operand has one
// declared type, so that no engine has to choose any. Inputs and outputs of the graph keep their
// types. In float32 stay, with the reason: operators whose definition at the model's opset or whose
// target does not take the type; nodes with a body; and for float16 nodes with a constant or a
// measured tensor beyond ±65,504, or a constant factor that would become zero. Linear in nodes and
// weights. Errors: a weight that cannot be read.
Result<Lowering> lower_precision(Model& model, const Target& target,
                                 const LoweringRequest& request);

// What stayed float32, by module and reason, and what could not be known. `modules` is the tree of
// the model that was lowered.
std::vector<Finding> lowering_findings(const Lowering& lowering, const ModelModuleTree& modules,
                                       const std::string& target, bool has_data);

// That an engine's profile does not say in which type its kernels computed.
Finding precision_unproven_finding(const std::string& target);

}  // namespace acuate
