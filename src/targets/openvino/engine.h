#pragma once

#include "targets/openvino/library.h"

namespace acuate::openvino {

// `library` serves. Errors name the model, and the node that OpenVINO does not take where there is
// one.
Result<std::unique_ptr<Engine>> load_engine(const Library& library, const ModelSource& source,
                                            const EngineOptions& options);

}  // namespace acuate::openvino
