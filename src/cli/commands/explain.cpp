#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "data/preprocess.h"
#include "diagnose/rule.h"
#include "edit/command.h"
#include "evaluate/decoder.h"
#include "evaluate/metric.h"
#include "numeric/scheme.h"
#include "quantize/range.h"
#include "quantize/recovery.h"
#include "report/table.h"
#include "report/writer.h"
#include "rewrite/legalizer.h"
#include "targets/target.h"

namespace acuate {
namespace {

struct Entry {
  std::string kind;  // `pass`
  std::string id;
  std::string text;
};

std::string pass_text(const Pass& pass) {
  std::string text = fmt::format(
      "{}\nphase {}, {}", pass.doc, phase_name(pass.phase),
      pass.exactness == Exactness::Exact ? "exact: the same bits come out" : "rounding");
  if (!pass.bound.empty()) text += "\nbound: " + pass.bound;
  if (!pass.after.empty()) text += "\nafter " + to_kebab_case(join(pass.after, ", "));
  return text;
}

std::string legalizer_text(const Legalizer& legalizer) {
  const std::vector<std::string> operators(legalizer.operators.begin(), legalizer.operators.end());
  const std::vector<std::string> uses(legalizer.uses.begin(), legalizer.uses.end());
  return fmt::format(
      "{}\nreplaces {} by {}\n{}", legalizer.doc, join(operators, ", "), join(uses, ", "),
      legalizer.bound.empty() ? "exact: the same bits come out" : "bound: " + legalizer.bound);
}

std::string decoder_text(const Decoder& decoder) {
  std::string text = decoder.summary;
  for (const DecoderParameter& parameter : decoder.parameters)
    text += fmt::format("\n{}: {} ({} to {}, {} where not given)", to_kebab_case(parameter.id),
                        parameter.summary, parameter.minimum, parameter.maximum,
                        parameter.fallbacks.empty()
                            ? fmt::format("{}", parameter.fallback)
                            : fmt::format("[{}]", fmt::join(parameter.fallbacks, ", ")));
  return text;
}

std::string preset_text(const PreprocessPreset& preset) {
  return preset.summary + "\n" + preprocess_to_json(preset.preprocess).dump();
}

// Every unit of every kind: what `explain` knows.
std::vector<Entry> all_entries() {
  std::vector<Entry> entries;
  CliCommandRegistry commands;
  register_all_commands(commands);
  for (const CliCommand& command : commands.all())
    entries.push_back({"command", command.id, command.summary + "\n" + command.examples});
  for (const FindingRule& rule : finding_rules().all())
    entries.push_back(
        {fmt::format("finding ({})", severity_name(rule.severity)), rule.id, rule.doc});
  for (const Pass& pass : passes().all()) entries.push_back({"pass", pass.id, pass_text(pass)});
  for (const Legalizer& legalizer : legalizers().all())
    entries.push_back({"legalizer", legalizer.id, legalizer_text(legalizer)});
  for (const EditCommand& command : edit_commands().all())
    entries.push_back(
        {"edit command", command.id,
         fmt::format("{}\n{}\nexample: {}", command.usage, command.doc, command.example)});
  for (const RangeMethod& range : range_methods().all())
    entries.push_back({"range method", range.id, range.doc});
  for (const Recovery& recovery : recoveries().all())
    entries.push_back({"recovery", recovery.id, recovery.doc});
  for (const Scheme& scheme : schemes().all()) entries.push_back({"scheme", scheme.id, scheme.doc});
  MetricRegistry metrics;
  register_all_metrics(metrics);
  for (const Metric& metric : metrics.all())
    entries.push_back({"metric", metric.id, metric.summary});
  DecoderRegistry decoders;
  register_all_decoders(decoders);
  for (const Decoder& decoder : decoders.all())
    entries.push_back({"decoder", decoder.id, decoder_text(decoder)});
  for (const Target& target : targets().all())
    entries.push_back({"target", target.id, target.summary});
  for (const PreprocessPreset& preset : preprocess_presets())
    entries.push_back({"pre-processing preset", preset.id, preset_text(preset)});
  for (const ReportWriter& writer : report_writers().all())
    entries.push_back({"report form", writer.id, writer.summary});
  return entries;
}

Error unknown(const std::string& id, const std::vector<Entry>& entries) {
  std::vector<std::string> ids;
  for (const Entry& entry : entries) ids.push_back(to_kebab_case(entry.id));
  const auto closest = closest_match(to_kebab_case(id), ids);
  return fail("there is nothing with the id '{}'{}; `acuate explain` without an id lists all", id,
              closest ? fmt::format("; did you mean '{}'?", *closest) : "");
}

std::string paragraphs(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty()) out += wrap(line, 100, "  ", "  ");
  return out;
}

std::string overview(const std::vector<Entry>& entries) {
  std::string out;
  for (size_t i = 0; i < entries.size();) {
    const std::string kind = split(entries[i].kind, ' ')[0];
    std::vector<std::string> ids;
    for (; i < entries.size() && split(entries[i].kind, ' ')[0] == kind; ++i)
      ids.push_back(to_kebab_case(entries[i].id));
    out += wrap(fmt::format("{}: {}", kind, join(ids, ", ")), 100, "", "  ");
  }
  return out;
}

Action declare(CLI::App& app) {
  auto id = std::make_shared<std::string>();
  app.add_option("ID", *id, "of a finding, pass, edit command, range method, …; none lists all");
  auto console = Console::declare(app);
  return [id, console]() -> Result<int> {
    const std::vector<Entry> entries = all_entries();
    auto list = nlohmann::ordered_json::array();
    std::string text;
    for (const Entry& entry : entries) {
      if (!id->empty() && entry.id != to_snake_case(*id)) continue;
      text += fmt::format("{} {}\n{}", entry.kind, to_kebab_case(entry.id), paragraphs(entry.text));
      list.push_back({{"kind", entry.kind}, {"id", entry.id}, {"text", entry.text}});
    }
    if (list.empty()) return unknown(*id, entries);
    console->print(id->empty() ? overview(entries) : text);
    if (auto written = console->write_json({{"units", list}}); !written) return written.error();
    return kDone;
  };
}

}  // namespace

void register_cli_explain(CliCommandRegistry& registry) {
  registry.add({.id = "explain",
                .summary = "what one unit does: a finding, a pass, an edit command, …",
                .examples = "  acuate explain dynamic-shape\n"
                            "  acuate explain percentile\n"
                            "  acuate explain                # all ids",
                .declare = declare});
}

}  // namespace acuate
