#pragma once

#include <CLI/CLI.hpp>

#include "convert/options.h"

namespace acuate {

// The flags by which `quantize` and `convert` are told how to quantize.
void declare_quantize_flags(CLI::App& app, ConvertOptions& options);

}  // namespace acuate
