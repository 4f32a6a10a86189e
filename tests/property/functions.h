#pragma once

#include <onnx/onnx_pb.h>

namespace acuate::property {

// Imports the domain `local` and defines its functions: Swish(x), and ScaledAdd(x, y) with the
// attribute alpha, whose nodes carry the same names as nodes of the graph.
void add_functions(onnx::ModelProto& model, int64_t opset);

}  // namespace acuate::property
