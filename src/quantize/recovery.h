#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "graph/model.h"
#include "numeric/graph_changes.h"
#include "quantize/calibrate.h"
#include "targets/quantization.h"
#include "targets/target.h"

namespace acuate {

// What a way to win accuracy back may look at, and what it changes.
struct RecoveryContext {
  Model& model;  // the float graph, which it changes
  const Target& target;
  QuantizationPlan& plan;          // of this graph
  const Calibration* calibration;  // of this graph; null before it is calibrated
  const Encodings* encodings;      // of this graph; null before ranges are chosen
  GraphChanges& changes;           // where it notes what it did, so that it can be done again
  size_t samples = 0;
  SampleLoader load;
  int threads = 0;
};

// Accuracy without training: one file of recover/ each. It changes the float graph, or in phase
// Grids the plan, so that the quantized form comes closer to the network that the user gave.
struct Recovery {
  std::string id;
  std::string doc;
  enum class Phase {
    BeforeRanges,  // the changed graph computes the same in float, and ranges are chosen for it
    Grids,         // the graph stays; what was calibrated says which tensors get which grid
    Weights,       // makes up for the chosen encodings in the weights …
    Biases,        // … and then in the biases
  } phase = Phase::BeforeRanges;
  // Tried where it is named beside `auto`, and not by `auto` alone: what it makes is not all in the
  // bits that were asked for.
  bool by_name = false;
  // How many places it changed; 0: nothing to do here.
  std::function<Result<size_t>(RecoveryContext&)> apply;
};

using RecoveryRegistry = Registry<Recovery>;
void register_all_recover(RecoveryRegistry& registry);
// All of them, made once.
const RecoveryRegistry& recoveries();

}  // namespace acuate
