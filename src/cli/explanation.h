#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "quantize/explain.h"

namespace acuate {

// The ranked table of `quantize --explain`: the most harmful tensors, a line each, and what the
// columns mean.
std::string explanation_text(const Explanation& explanation, const Encodings& encodings);

// All of them.
nlohmann::ordered_json explanation_json(const Explanation& explanation, const Encodings& encodings);

}  // namespace acuate
