#pragma once

#include <openvino/core/model.hpp>

namespace acuate::openvino {

// The CPU plug-in has only a reference kernel of HardSigmoid, which also wants plain layouts around
// it; HSigmoid (alpha 1/6, beta 1/2) and Clamp run as part of the convolution before them. On
// PP-OCRv4's detector, 34 of them, that is a quarter of the float time and two fifths of the 8-bit
// time. Names stay. Throws what OpenVINO throws.
void replace_hard_sigmoids(ov::Model& model);

}  // namespace acuate::openvino
