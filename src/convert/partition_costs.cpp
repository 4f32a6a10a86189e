#include "convert/partition_costs.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "runtime/machine.h"

namespace acuate {

Result<const CostTable*> cost_table_of(std::span<const CostTable> tables,
                                       const std::string& target) {
  for (const CostTable& table : tables)
    if (table.target == target) return &table;
  return fail(
      "--costs has no table of {}; `acuate bench --calibrate FILE --target {}` writes one where it "
      "runs",
      target, to_kebab_case(target));
}

Result<std::unique_ptr<PredictedCosts>> read_partition_costs(
    std::span<const std::filesystem::path> files, const Target& target,
    const std::function<void(const std::string&)>& note) {
  auto tables = read_cost_tables(files);
  if (!tables) return tables.error();
  if (tables->empty()) return std::unique_ptr<PredictedCosts>();
  auto read = std::make_unique<PredictedCosts>();
  const std::string target_id = target.stand_in.empty() ? target.id : target.stand_in;
  for (const std::string& id : {std::string(kHostEngine), target_id}) {
    auto found = cost_table_of(*tables, id);
    if (!found) return found.error();
    const CostTable* table = *found;
    if (table->machine != cpu_model() && note)
      note(fmt::format("the cost table of {} was measured on '{}'; this machine is '{}'", id,
                       table->machine, cpu_model()));
    if (id == kHostEngine) read->host = *table;
    if (id == target_id) read->target = *table;
  }
  const double border = std::max(read->host.border_us_per_mib, read->target.border_us_per_mib);
  const PredictedCosts* at = read.get();
  read->costs.host_us = [at](const Node& node) { return at->host.node_us(node); };
  read->costs.target_us = [at](const Node& node) { return at->target.node_us(node); };
  // What the caller gives and takes is as near to either side where one engine is both.
  const bool is_one_engine = target_id == kHostEngine;
  read->costs.copy_us = [border, is_one_engine](const Value& value) {
    return is_one_engine && (value.is_input || value.is_output()) ? 0 : border * value_mib(value);
  };
  read->costs.host_call_us = read->host.call_us;
  read->costs.target_call_us = read->target.call_us;
  return read;
}

}  // namespace acuate
