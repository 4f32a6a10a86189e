#pragma once

#include <optional>

#include <openvino/core/type/element_type.hpp>

#include "graph/element_type.h"

namespace acuate::openvino {

// Undefined, or nothing, where the other has no such type.
ElementType from_openvino(const ov::element::Type& type);
std::optional<ov::element::Type> to_openvino(ElementType type);

}  // namespace acuate::openvino
