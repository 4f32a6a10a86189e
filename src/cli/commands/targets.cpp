#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "report/display.h"
#include "report/table.h"
#include "targets/target.h"

namespace acuate {
namespace {

nlohmann::ordered_json to_json(const Availability& availability) {
  return {{"available", availability.available},
          {"reason", availability.reason},
          {"file", availability.file},
          {"version", availability.version}};
}

std::string yes(const Availability& availability) { return availability.available ? "yes" : "no"; }

// Each reason and each file once, with the things that it stands for.
std::string details(const Target& target, const TargetStatus& status) {
  const std::pair<const char*, const Availability*> things[] = {
      {"diagnose", &status.diagnose}, {"build", &status.build}, {"run", &status.run}};
  std::vector<std::pair<std::string, std::string>> lines;  // text, for what
  const auto add = [&](const std::string& text, const char* what) {
    if (text.empty()) return;
    for (auto& [known, whats] : lines)
      if (known == text) {
        whats += std::string(", ") + what;
        return;
      }
    lines.emplace_back(text, what);
  };
  for (const auto& [what, availability] : things) {
    if (!availability->available) add(availability->reason, what);
    if (!availability->file.empty())
      add(availability->version.empty()
              ? availability->file
              : fmt::format("{} ({})", availability->file, availability->version),
          what);
  }
  std::string text = to_kebab_case(target.id) + ": " + target.summary + "\n";
  for (const auto& [line, whats] : lines)
    text += wrap(printable(fmt::format("{}: {}", whats, line)), 100, "  ", "    ");
  return text;
}

Action declare(CLI::App& app) {
  auto console = Console::declare(app);
  return [console]() -> Result<int> {
    TextTable table({{"target"}, {"diagnose"}, {"build"}, {"run"}});
    std::string text;
    auto list = nlohmann::ordered_json::array();
    for (const Target& target : targets().all()) {
      const TargetStatus status = target.status();
      table.add(
          {to_kebab_case(target.id), yes(status.diagnose), yes(status.build), yes(status.run)});
      text += "\n" + details(target, status);
      list.push_back({{"id", target.id},
                      {"summary", target.summary},
                      {"diagnose", to_json(status.diagnose)},
                      {"build", to_json(status.build)},
                      {"run", to_json(status.run)}});
    }
    auto chosen = resolve_target("auto");
    const std::string auto_id = chosen ? chosen->id : "";
    text += chosen ? fmt::format("\nauto: {}; `convert --target auto` measures all that run\n",
                                 to_kebab_case(auto_id))
                   : "\nauto: " + chosen.error().message;
    console->print(table.render(100) + text);
    if (auto written = console->write_json({{"targets", list}, {"auto", auto_id}}); !written)
      return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_targets(CliCommandRegistry& registry) {
  registry.add({.id = "targets",
                .summary = "what models can be converted for, and what is missing here",
                .examples = "  acuate targets\n"
                            "  acuate targets --json -",
                .declare = declare});
}

}  // namespace acuate
