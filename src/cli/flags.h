#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "diagnose/fix.h"

namespace acuate {

// Flags that several commands share, spelled the same everywhere.

struct ShapeFlags {
  std::vector<std::string> shapes, dims, ranges;
  void declare(CLI::App& app);
  // And --shape-range, where a model stays dynamic.
  void declare_with_ranges(CLI::App& app);
  Result<FixOptions> parse() const;
};

// `--cut auto|none|TENSOR[,…]`; words and tensors do not go together.
Result<std::vector<std::string>> parse_cut(const std::vector<std::string>& texts);

// One or several targets: `--target T[,T…]`.
std::vector<std::string> split_list(const std::vector<std::string>& texts);

}  // namespace acuate
