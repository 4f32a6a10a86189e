#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// What one node costs: `fixed_us + us_per_mmac · 10⁶ multiply-accumulates + us_per_mib · MiB read
// and written`.
struct OperatorCost {
  double fixed_us = 0, us_per_mmac = 0, us_per_mib = 0;
};

// The size of a node's work.
struct NodeWork {
  double mmac = 0, mib = 0;
};

// Measured costs of an engine on a machine: what `acuate bench --calibrate` writes. Times are wall
// clock, microseconds.
struct CostTable {
  std::string target, version, machine;
  int threads = 0;
  double call_us = 0;            // of a call of an engine, beyond its nodes
  double border_us_per_mib = 0;  // of a tensor that leaves one engine for another: changed layouts
                                 // and cold caches
  double layout_us_per_mib = 0;  // of a tensor between operators that engines compute in blocks of
                                 // channels (convolutions, pools, sums) and all others
  std::map<std::string, OperatorCost, std::less<>> operators;  // by cost_class(); `*`: all others

  // Dimensions that are not known count as 1. A body of control flow counts once.
  double node_us(const Node& node) const;
};

// Whether engines compute the node in blocks of channels, beside convolutions.
bool is_blocked(const Node& node);

// Of one inference of a model whose shapes are inferred: its nodes and one call.
double predict_us(const CostTable& table, const Model& model);

// Which entry of a table a node has: `Conv/1x1`, `Conv/depthwise`, `Conv`, `fused` for an
// activation that engines compute with the convolution before it, `free` for one that moves no
// data, else the operator.
std::string cost_class(const Node& node);
NodeWork node_work(const Node& node);
double value_mib(const Value& value);

// The costs ≥ 0 that explain the times with the least relative error, by coordinate descent on
// Σ ((predicted - measured) / measured)².
struct CostSample {
  NodeWork work;
  double us = 0;
};
OperatorCost fit_cost(std::span<const CostSample> samples);

std::string write_cost_table(const CostTable& table);
// Strict: errors name `origin` and the member.
Result<CostTable> parse_cost_table(std::string_view json, std::string_view origin);
// One for each target: two of the same are an error.
Result<std::vector<CostTable>> read_cost_tables(std::span<const std::filesystem::path> files);

}  // namespace acuate
