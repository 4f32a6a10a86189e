#pragma once

#include <memory>
#include <string>

#include "data/preprocess.h"
#include "graph/model.h"

namespace acuate {

// Pre-processing as a network of its own: input `image`, uint8 [height, width, 3] in RGB, of any
// size (`image_file` where the network's own is called `image`); output `output`, the tensor that
// preprocess_image() makes of it, up to one step of a pixel where resizing rounds otherwise.
// `input_shape` as for preprocess_image(). Opset 18.
Result<std::unique_ptr<Model>> preprocess_model(const Preprocess& preprocess,
                                                const Shape& input_shape,
                                                const std::string& output);

}  // namespace acuate
