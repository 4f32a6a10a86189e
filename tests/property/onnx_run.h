#pragma once

#include <map>
#include <string>
#include <string_view>

#include <onnx/onnx_pb.h>

#include "base/result.h"
#include "graph/tensor.h"

namespace acuate::property {

using Values = std::map<std::string, Tensor>;

onnx::TensorProto to_proto(const Tensor& tensor, const std::string& name);
void set_tensor_type(onnx::TypeProto& type, ElementType element);  // of unknown rank
void set_static_type(onnx::TypeProto& type, const Tensor& tensor);

// Runs the model in ONNX Runtime without graph optimisations. `inputs` may hold more than the model
// takes. Errors: what the engine refuses.
Result<Values> run_model(std::string_view model_bytes, const Values& inputs);
Result<Values> run_model(const onnx::ModelProto& model, const Values& inputs);

// Names that a body reads from the graphs around it.
void collect_outer_names(const onnx::GraphProto& body, std::vector<std::string>& names);

}  // namespace acuate::property
