#pragma once

#include <vector>

#include "targets/openvino/library.h"
#include "targets/target.h"

namespace acuate::openvino {

// Asks OpenVINO itself: a model of this one node, with its types, attributes, bodies and small
// constants, is converted, and the CPU plug-in asked for what comes of it. Answers are kept by the
// content of that model. `library` serves.
std::vector<Reason> why_not(const Library& library, const Node& node, const NodeContext& context);

}  // namespace acuate::openvino
