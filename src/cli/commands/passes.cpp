#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "report/table.h"
#include "rewrite/legalizer.h"

namespace acuate {
namespace {

Action declare(CLI::App& app) {
  auto console = Console::declare(app);
  return [console]() -> Result<int> {
    std::string text;
    std::string_view phase;
    auto list = nlohmann::ordered_json::array();
    auto legal = nlohmann::ordered_json::array();
    for (const Pass* pass : ordered_passes(passes())) {
      const std::string_view kind = pass->exactness == Exactness::Exact ? "exact" : "rounding";
      if (phase_name(pass->phase) != phase) {
        phase = phase_name(pass->phase);
        text += fmt::format("{}phase {}\n", text.empty() ? "" : "\n", phase);
      }
      text += fmt::format("  {} ({})\n", to_kebab_case(pass->id), kind) +
              wrap(pass->doc, 100, "    ", "    ");
      std::vector<std::string> after;
      for (const std::string& id : pass->after) after.push_back(to_kebab_case(id));
      if (!after.empty()) text += wrap("after: " + join(after, ", "), 100, "    ", "    ");
      if (!pass->bound.empty()) text += wrap("bound: " + pass->bound, 100, "    ", "    ");
      list.push_back({{"id", pass->id},
                      {"phase", phase},
                      {"exactness", kind},
                      {"bound", pass->bound},
                      {"after", pass->after},
                      {"doc", pass->doc}});
    }
    text += "\nlegalizers, for targets that lack an operator (fix --target)\n";
    for (const Legalizer& legalizer : legalizers().all()) {
      const std::string_view kind = legalizer.exactness == Exactness::Exact ? "exact" : "rounding";
      text += fmt::format("  {} ({})\n", to_kebab_case(legalizer.id), kind) +
              wrap(legalizer.doc, 100, "    ", "    ");
      if (!legalizer.bound.empty()) text += wrap("bound: " + legalizer.bound, 100, "    ", "    ");
      legal.push_back({{"id", legalizer.id},
                       {"exactness", kind},
                       {"bound", legalizer.bound},
                       {"operators", legalizer.operators},
                       {"uses", legalizer.uses},
                       {"doc", legalizer.doc}});
    }
    console->print(text);
    if (auto written = console->write_json({{"passes", list}, {"legalizers", legal}}); !written)
      return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_passes(CliCommandRegistry& registry) {
  registry.add({.id = "passes",
                .summary = "the passes of simplify in running order, and the legalizers of fix",
                .examples = "  acuate passes\n"
                            "  acuate explain fold-constants",
                .declare = declare});
}

}  // namespace acuate
