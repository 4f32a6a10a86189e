#include "convert/hybrid_options.h"

#include <algorithm>

#include "base/text.h"
#include "convert/judging.h"
#include "convert/partition_costs.h"

namespace acuate {
namespace {

Result<void> set_work(const ConvertOptions& options, const Target& target,
                      QuantizeOptions& quantize) {
  auto budget = parse_hybrid_budget(options.hybrid_budget);
  if (!budget) return budget.error();
  quantize.hybrid_budget = *budget;
  if (options.costs.empty()) {
    if (budget->total)
      return fail(
          "--hybrid-budget {}: times are predicted by --costs, which `acuate bench "
          "--calibrate` writes; without, give a share of the multiply-accumulates, as 15%",
          options.hybrid_budget);
    if (options.note)
      options.note("--hybrid-budget counts multiply-accumulates, since no --costs predict times");
    return {};
  }
  auto tables = read_cost_tables(options.costs);
  if (!tables) return tables.error();
  const std::string id = target.stand_in.empty() ? target.id : target.stand_in;
  auto table = cost_table_of(*tables, id);
  if (!table) return table.error();
  quantize.hybrid_work_of = [costs = **table](const Node& layer) { return costs.node_us(layer); };
  return {};
}

}  // namespace

Result<HybridBudget> parse_hybrid_budget(std::string_view text) {
  HybridBudget budget;
  std::string_view number = text;
  double factor = 1;
  for (const auto& [unit, size] :
       {std::pair<std::string_view, double>{"%", 0.01}, {"ms", 1000.0}, {"us", 1.0}})
    if (number.size() == text.size() && text.ends_with(unit)) {
      number.remove_suffix(unit.size());
      factor = size;
    }
  const auto value = parse_double(number);
  if (!value || *value < 0 || number.size() == text.size() || (text.ends_with("%") && *value > 100))
    return fail(
        "--hybrid-budget '{}': expected a share of the work, as 15%, or a predicted time, "
        "as 1.5ms or 800us",
        text);
  (text.ends_with("%") ? budget.share : budget.total) = *value * factor;
  return budget;
}

Result<void> set_hybrid(const Model& model, const ConvertOptions& options, const Target& target,
                        const Samples& samples, QuantizeOptions& quantize) {
  if (options.hybrid.empty()) {
    if (options.hybrid_share || !options.hybrid_budget.empty())
      return fail("--hybrid-share and --hybrid-budget limit what --hybrid promotes: give it, too");
    return {};
  }
  quantize.hybrid = options.hybrid;
  quantize.hybrid_share = options.hybrid_share;
  if (!options.hybrid_budget.empty())
    if (auto set = set_work(options, target, quantize); !set) return set;
  std::vector<Requirement> requirements;
  for (const std::string& text : options.max_drop) {
    auto requirement = parse_requirement(text);
    if (!requirement) return requirement.error();
    requirements.push_back(std::move(*requirement));
  }
  if (samples.evaluation && !requirements.empty()) {
    auto judge = requirement_judge(model, target, samples, options, std::move(requirements));
    if (!judge) return judge.error();
    quantize.hybrid_judge = std::move(*judge);
    return {};
  }
  for (const Requirement& requirement : requirements) {
    if (requirement.metric != "sqnr" || requirement.kind != Requirement::Kind::Floor)
      return fail("--max-drop {}: nothing measures it; give --eval SPEC with its metric and data",
                  requirement.text);
    quantize.hybrid_sqnr_db =
        std::max(quantize.hybrid_sqnr_db.value_or(requirement.limit), requirement.limit);
  }
  return {};
}

}  // namespace acuate
