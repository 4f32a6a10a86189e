#pragma once

#include "base/result.h"
#include "edit/command.h"

namespace acuate {

// The graph whose inputs or outputs a command changes. The body of a control-flow node must fit
// its node again when the script is done (onnx Operators.md: If, Loop, Scan); this sees to that.
void watch_body(Edit& edit, const Graph& graph);

// How a graph is called in messages: `the model`, `function 'f'`, `the body of 'loop'`.
std::string graph_text(const Graph& graph);

}  // namespace acuate
