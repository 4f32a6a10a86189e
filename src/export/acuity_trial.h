#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "export/acuity_handover.h"

namespace acuate {

// What a hand-over is tried with.
struct AcuityTrial {
  const AcuityHandover& handover;
  std::filesystem::path quantized;  // the same network with QuantizeLinear and DequantizeLinear
  std::filesystem::path data;       // samples; empty: numbers drawn evenly from the inputs' ranges
  std::function<void(const std::string&)> note = {};  // takes a sentence for people
};

// Lets acuitylite import the hand-over in `folder`, compares what it computes with our simulation
// and with the float network, and exports every form that it can: folders beside the hand-over.
// acuitylite.json has the numbers. What fails is noted with the reason; the hand-over stays as it
// is. Errors: the data, or our own engines.
Result<void> try_acuity_handover(const AcuityTrial& trial, const std::filesystem::path& folder);

}  // namespace acuate
