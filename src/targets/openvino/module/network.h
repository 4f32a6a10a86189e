#pragma once

#include <openvino/runtime/core.hpp>

#include "targets/openvino/module.h"

namespace acuate::openvino {

// The ONNX model as OpenVINO reads it. Throws what OpenVINO throws.
std::shared_ptr<ov::Model> read_model(ov::Core& core, const ModelSource& source);

// Throws what OpenVINO throws; the network it gives does not.
std::unique_ptr<Network> compile_network(ov::Core& core, const CompileRequest& request);

}  // namespace acuate::openvino
