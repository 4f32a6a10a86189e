#pragma once

#include "targets/onnxruntime/api.h"

namespace acuate {

// A session of ONNX Runtime on the CPU.
Result<std::unique_ptr<Engine>> load_onnxruntime_engine(const OnnxRuntime& runtime,
                                                        const ModelSource& source,
                                                        const EngineOptions& options);

// The two numberings agree up to 23 (FLOAT4E2M1) and differ after it. Undefined where ONNX has no
// such type.
ElementType from_ort_type(ONNXTensorElementDataType type);
ONNXTensorElementDataType to_ort_type(ElementType type);

}  // namespace acuate
