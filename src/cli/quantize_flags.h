#pragma once

#include <CLI/CLI.hpp>

#include "convert/options.h"

namespace acuate {

// What data a command reads: --data, --samples, --seed, --preprocess.
void declare_data_flags(CLI::App& app, ConvertOptions& options);

// The flags by which `quantize` and `convert` are told how to quantize.
void declare_quantize_flags(CLI::App& app, ConvertOptions& options);

}  // namespace acuate
