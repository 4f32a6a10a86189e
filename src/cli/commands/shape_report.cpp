#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/console.h"
#include "report/table.h"
#include "shape/rule.h"

namespace acuate {
namespace {

std::string_view rule_name(RuleCoverage::By by) {
  switch (by) {
    case RuleCoverage::By::OwnRule:
      return "own rule";
    case RuleCoverage::By::Library:
      return "library";
    case RuleCoverage::By::Nothing:
      break;
  }
  return "unknown";
}

Action declare(CLI::App& app) {
  auto console = Console::declare(app);
  return [console]() -> Result<int> {
    struct Total {
      size_t own = 0, library = 0, unknown = 0, data = 0;
    };
    std::map<std::string, Total> totals;  // by domain
    auto list = nlohmann::ordered_json::array();
    TextTable operators({{"domain"}, {"operator"}, {"rule"}, {"data"}, {"family"}});
    for (const RuleCoverage& coverage : rule_coverage()) {
      const std::string domain = coverage.domain.empty() ? "ai.onnx" : coverage.domain;
      const std::string rule(rule_name(coverage.by));
      operators.add({domain, coverage.op_type, rule, coverage.has_data ? "yes" : "no",
                     coverage.family.empty() ? "-" : coverage.family});
      list.push_back({{"domain", domain},
                      {"operator", coverage.op_type},
                      {"rule", rule},
                      {"data", coverage.has_data},
                      {"family", coverage.family}});
      Total& total = totals[domain];
      ++(coverage.by == RuleCoverage::By::OwnRule   ? total.own
         : coverage.by == RuleCoverage::By::Library ? total.library
                                                    : total.unknown);
      total.data += coverage.has_data ? 1 : 0;
    }
    TextTable sums({{"domain"},
                    {"own rule", true},
                    {"library", true},
                    {"unknown", true},
                    {"with data", true}});
    auto json_totals = nlohmann::ordered_json::object();
    for (const auto& [domain, total] : totals) {
      sums.add({domain, fmt::to_string(total.own), fmt::to_string(total.library),
                fmt::to_string(total.unknown), fmt::to_string(total.data)});
      json_totals[domain] = {{"own_rule", total.own},
                             {"library", total.library},
                             {"unknown", total.unknown},
                             {"data", total.data}};
    }
    console->print(operators.render(100, "") + "\n" + sums.render(100, ""));
    if (auto written = console->write_json({{"operators", list}, {"totals", json_totals}});
        !written)
      return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_shape_report(CliCommandRegistry& registry) {
  registry.add({.id = "shape_report",
                .summary =
                    "what infers the shapes of each operator: own rule, the onnx library, or "
                    "nothing",
                .examples = "  acuate shape-report\n"
                            "  acuate shape-report --json shapes.json",
                .declare = declare});
}

}  // namespace acuate
