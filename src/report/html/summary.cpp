#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "report/display.h"
#include "report/html/markup.h"
#include "report/html/sections.h"
#include "report/html/svg.h"

namespace acuate {
namespace {

// `tone` is a class of `.card`, `note` and `value` are plain text.
std::string card(const char* tone, const char* label, const std::string& value, bool is_number,
                 const std::string& note) {
  return fmt::format("<div class=\"card {}\">{}{}{}</div>\n", tone, element("div", "label", label),
                     element("div", is_number ? "value" : "value is-text", value),
                     element("div", "note", note));
}

std::string coverage_card(const Report& report) {
  const ReportCoverage& coverage = report.coverage;
  const bool is_whole = coverage.modules_converted == coverage.modules_total;
  std::string note = fmt::format("modules on the target, in {} engine{}", coverage.engines,
                                 coverage.engines == 1 ? "" : "s");
  if (coverage.macs_on_target_fraction) {
    note +=
        fmt::format("; {} % of the arithmetic", format_percent(*coverage.macs_on_target_fraction));
  }
  const char* tone = coverage.modules_converted == 0 ? "is-bad" : is_whole ? "is-good" : "is-warn";
  return card(tone, "Coverage",
              fmt::format("{} / {}", coverage.modules_converted, coverage.modules_total), true,
              note);
}

std::string accuracy_card(const Report& report) {
  if (report.accuracy.empty()) return card("", "Accuracy", "not measured", false, "");
  const ReportAccuracy& first = report.accuracy.front();
  std::string note = first.metric + ", baseline " + measure_text(first.baseline, 4);
  if (first.interval) {
    note += fmt::format("; 95 % interval {} … {}", format_fixed(first.interval->first, 4),
                        format_fixed(first.interval->second, 4));
  }
  return card("", "Accuracy", measure_text(first.converted, 4), first.converted.has_value(),
              note + fmt::format("; n = {}", format_count(first.n)));
}

std::string latency_card(const Report& report) {
  const Measure& converted = report.latency.converted_ms;
  const Measure& baseline = report.latency.baseline_ms;
  std::string note = "baseline " + measure_text(baseline, 2, " ms");
  const char* tone = "";
  if (converted && baseline && *converted > 0 && *baseline > 0) {
    const double ratio = *baseline / *converted;
    note = fmt::format("{:.2f}× {}, {}", ratio >= 1 ? ratio : 1 / ratio,
                       ratio >= 1 ? "faster" : "slower", note);
    tone = ratio >= 1 ? "is-good" : "is-warn";
  }
  return card(tone, "Latency", measure_text(converted, 2, " ms"), converted.has_value(), note);
}

std::string kernels_card(const Report& report) {
  if (report.kernels.executed.empty()) {
    return card("", "Executed kernels", "unproven", false, report.kernels.unproven);
  }
  const KernelProof proof = kernel_proof(report.kernels);
  const int64_t heavy = proof.int8_heavy + proof.float_heavy;
  if (report.target.precision == "int8" || proof.int8 > 0) {
    const bool is_whole = proof.float_heavy == 0 && proof.int8_heavy > 0;
    return card(is_whole ? "is-good" : "is-warn", "Proven in 8 bits",
                fmt::format("{} / {}", proof.int8_heavy, heavy), true,
                "convolutions and matrix products, by the kernels that ran");
  }
  return card("", "Executed kernels", format_count(heavy), true,
              "convolutions and matrix products, none in 8 bits");
}

std::string size_card(const Report& report) {
  const ReportModel& model = report.model;
  const auto before = static_cast<double>(model.size_bytes);
  if (!model.converted_size_bytes)
    return card("", "Size", format_size(before), true, "of the model");
  const double after = *model.converted_size_bytes;
  std::string note = "from " + format_size(before);
  if (after > 0 && before > after) note += fmt::format(", {:.2f}× smaller", before / after);
  if (before > 0 && after > before) note += fmt::format(", {:.2f}× larger", after / before);
  return card("", "Size", format_size(after), true, note);
}

std::string findings_card(const Report& report) {
  std::array<int64_t, 3> counts{};
  for (const Finding& finding : report.findings) ++counts.at(static_cast<size_t>(finding.severity));
  const char* tone = counts[0] > 0 ? "is-bad" : counts[1] > 0 ? "is-warn" : "is-good";
  return card(tone, "Findings", format_count(static_cast<int64_t>(report.findings.size())), true,
              format_plural(counts[0], "error") + ", " + format_plural(counts[1], "warning") +
                  ", " + format_plural(counts[2], "note"));
}

std::string port_rows(const char* kind, const std::vector<ReportPort>& ports) {
  std::string out;
  for (const ReportPort& port : ports) {
    out += "<tr>" + element("td", "dim", kind) + element("td", "name", port.name) +
           element("td", "", port.type) + element("td", "text", format_shape(port.shape_before)) +
           element("td", "text", format_shape(port.shape_after)) + "</tr>\n";
  }
  return out;
}

std::string fact(const char* name, const std::string& value) {
  return value.empty() ? "" : element("dt", "", name) + element("dd", "", value) + "\n";
}

}  // namespace

std::string html_header(const Report& report) {
  const ReportTarget& target = report.target;
  std::string sub = fmt::format("{} for {} ({} {}, {})", target.precision, to_kebab_case(target.id),
                                target.engine, target.version, target.device);
  if (!target.scheme.empty()) sub += ", scheme " + to_kebab_case(target.scheme);
  return "<header><div class=\"inner\">\n<div class=\"brand\">acuate</div>\n" +
         element("h1", "", std::filesystem::path(report.model.path).filename().string()) +
         element("p", "sub", sub) + "\n</div></header>\n";
}

std::string html_cards(const Report& report) {
  return "<div class=\"cards\">\n" + coverage_card(report) + accuracy_card(report) +
         latency_card(report) + kernels_card(report) + size_card(report) + findings_card(report) +
         "</div>\n";
}

std::string html_stages(const Report& report) {
  if (report.stages.empty()) return "";
  double total = 0;
  for (const ReportStage& stage : report.stages) total += stage.seconds;
  std::string out = fmt::format(
      "<section id=\"stages\"><h2>Pipeline <small>{}</small></h2>\n{}\n<ul "
      "class=\"legend\">\n",
      format_seconds(total), stages_svg(report.stages));
  for (size_t i = 0; i < report.stages.size(); ++i) {
    const ReportStage& stage = report.stages[i];
    const std::string memory =
        stage.peak_rss_bytes ? ", peak " + format_size(*stage.peak_rss_bytes) : "";
    out += fmt::format("<li><span class=\"swatch s{}\"></span>{}{}</li>\n", i % 6,
                       element("span", "", to_kebab_case(stage.name)),
                       element("span", "num dim", format_seconds(stage.seconds) + memory));
  }
  return out + "</ul></section>\n";
}

std::string html_model(const Report& report) {
  const ReportModel& model = report.model;
  std::string out = "<section id=\"model\"><h2>Model</h2>\n<dl class=\"facts\">\n";
  out += fact("file", model.path) + fact("content hash", model.hash);
  out += fact("nodes", format_count(model.nodes_before) + " before, " +
                           format_count(model.nodes_after) + " after fix and simplify");
  out += fact("parameters", format_count(model.parameters));
  out +=
      fact("multiply-accumulates", model.macs ? format_quantity(*model.macs) : model.macs.reason());
  out += fact("opset", format_opset(model.opset)) + fact("producer", model.producer);
  out +=
      "</dl>\n<h3>Inputs and outputs</h3>\n<div class=\"scroll\"><table><thead><tr><th></th>"
      "<th>name</th><th>type</th><th>shape before</th><th>shape after</th></tr></thead><tbody>\n";
  out += port_rows("input", model.inputs) + port_rows("output", model.outputs);
  return out + "</tbody></table></div></section>\n";
}

std::string html_environment(const Report& report) {
  if (report.environment.empty()) return "";
  std::string out = "<section id=\"environment\"><h2>Environment</h2>\n<dl class=\"facts\">\n";
  for (const auto& [name, value] : report.environment) {
    out += element("dt", "", name) + element("dd", "", value) + "\n";
  }
  return out + "</dl></section>\n";
}

}  // namespace acuate
