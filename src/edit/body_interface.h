#pragma once

#include "base/result.h"
#include "edit/command.h"

namespace acuate {

// The graph whose inputs or outputs a command changes. The body of a control-flow node must fit
// its node again when the script is done (onnx Operators.md: If, Loop, Scan), and calls may hand a
// function no more than it takes; this sees to that.
void watch_body(Edit& edit, const Graph& graph);

// Before a function loses the input or output of that number: its calls no longer hand that in or
// take it, so that all others keep their meaning. Refused where a call's output is in use.
Result<void> drop_operand_of_calls(const Graph& function_body, size_t slot);
Result<void> drop_output_of_calls(const Graph& function_body, size_t slot);

// How a graph is called in messages: `the model`, `function 'f'`, `the body of 'loop'`.
std::string graph_text(const Graph& graph);

}  // namespace acuate
