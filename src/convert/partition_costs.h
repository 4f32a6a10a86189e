#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "partition/partition.h"
#include "runtime/cost_table.h"
#include "targets/target.h"

namespace acuate {

inline constexpr const char* kHostEngine = "onnxruntime";  // runs what the target does not

// The cost tables of host and target, as partition asks for them. `costs` refers to the tables.
struct PredictedCosts {
  CostTable host, target;
  PartitionCosts costs;
};

// The table of a target among those of --costs. Error: there is none.
Result<const CostTable*> cost_table_of(std::span<const CostTable> tables,
                                       const std::string& target);

// From files of `bench --calibrate`; null where there is no file. `note` hears of a table that was
// measured on another machine. Errors: as read_cost_tables(), and no table of either side.
Result<std::unique_ptr<PredictedCosts>> read_partition_costs(
    std::span<const std::filesystem::path> files, const Target& target,
    const std::function<void(const std::string&)>& note);

}  // namespace acuate
