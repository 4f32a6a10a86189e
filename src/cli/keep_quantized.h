#pragma once

#include <filesystem>

#include "cli/console.h"
#include "convert/options.h"

namespace acuate {

// Whether the model holds operators of quantized models.
bool is_quantized(const Model& model);

// What `quantize` does with a model that is quantized already: writes it as it is, with its own
// parameters as encodings. Errors: options that would quantize it anew, and grids that are not said
// by pairs of QuantizeLinear and DequantizeLinear; the message names the node.
Result<int> keep_quantized(const Model& model, const ConvertOptions& options,
                           const std::filesystem::path& encodings, const Console& console);

}  // namespace acuate
