#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "report/display.h"
#include "report/html/markup.h"
#include "report/html/sections.h"
#include "report/html/svg.h"

namespace acuate {
namespace {

std::string measure_cell(const Measure& measure, int digits, const char* unit = "") {
  if (!measure) return element("td", "num reason", measure.reason());
  return number_cell(measure_text(measure, digits, unit), sort_value(measure));
}

std::string candidates_table(const std::vector<ReportCandidate>& candidates) {
  if (candidates.empty()) return {};
  std::string out =
      "<h3>Candidates, timed in turn</h3><div class=\"scroll\"><table id=\"candidates\"><thead><tr>"
      "<th>target</th><th>precision</th><th>status</th><th class=\"num\">median</th>"
      "<th class=\"num\">CPU</th><th>why</th></tr></thead><tbody>\n";
  for (const ReportCandidate& row : candidates)
    out += "<tr>" + element("td", "", to_kebab_case(row.target)) +
           element("td", "", row.precision) + element("td", "", row.status) +
           element("td", "num", row.latency_ms ? measure_text(row.latency_ms, 2, " ms") : "–") +
           element("td", "num", row.cpu_ms ? measure_text(row.cpu_ms, 2, " ms") : "–") +
           element("td", "", row.reason) + "</tr>\n";
  return out + "</tbody></table></div>\n";
}

std::string padding_list(const Report& report) {
  if (!report.padding) return {};
  std::string out = "<h3>Padding</h3><ul id=\"padding\">\n";
  for (const std::string& text : padding_lines(report)) out += element("li", "", text) + "\n";
  return out + "</ul>\n";
}

}  // namespace

std::string measure_text(const Measure& measure, int digits, const char* unit) {
  return measure ? format_fixed(*measure, digits) + unit : measure.reason();
}

std::string sort_value(const Measure& measure) {
  return measure ? fmt::format("{}", *measure) : "";
}

std::string html_accuracy(const Report& report) {
  std::string out = "<section id=\"accuracy\"><h2>Accuracy</h2>\n";
  if (report.accuracy.empty()) return out + "<p class=\"dim\">Not measured.</p></section>\n";
  out +=
      "<div class=\"scroll\"><table><thead><tr><th>metric</th><th class=\"num\">baseline</th>"
      "<th class=\"num\">converted</th><th class=\"num\">95 % interval</th>"
      "<th class=\"num\">n</th></tr></thead><tbody>\n";
  for (const ReportAccuracy& row : report.accuracy) {
    std::string interval = row.interval_reason.empty() ? "not measured" : row.interval_reason;
    if (row.interval) {
      interval =
          format_fixed(row.interval->first, 4) + " … " + format_fixed(row.interval->second, 4);
    }
    out += "<tr>" + element("td", "name", row.metric) + measure_cell(row.baseline, 4) +
           measure_cell(row.converted, 4) +
           element("td", row.interval ? "num" : "num reason", interval) +
           element("td", "num", format_count(row.n)) + "</tr>\n";
  }
  return out + "</tbody></table></div></section>\n";
}

std::string html_latency(const Report& report) {
  const ReportLatency& latency = report.latency;
  std::string out = "<section id=\"latency\"><h2>Latency" +
                    element("small", "", fmt::format("{} interleaved runs", latency.runs)) +
                    "</h2>\n";
  std::vector<double> all = latency.baseline_samples_ms;
  all.insert(all.end(), latency.converted_samples_ms.begin(), latency.converted_samples_ms.end());
  std::erase_if(all, [](double sample) { return !std::isfinite(sample); });
  if (!all.empty()) {
    // From zero, so that the lengths compare as the times do; far outliers run off the right end.
    std::sort(all.begin(), all.end());
    const double high = std::min(all.back(), 1.5 * all[all.size() * 95 / 100]) * 1.02;
    const auto row = [&](const char* label, const std::vector<double>& samples,
                         const Measure& median, const char* tone) {
      std::vector<double> shown = samples;
      std::erase_if(shown, [&](double sample) { return sample > high; });
      out += "<div class=\"strip\">" + element("span", "", label) +
             element("span", "num", measure_text(median, 2, " ms")) +
             strip_svg(shown, 0, high, tone) + "</div>\n";
    };
    row("baseline", latency.baseline_samples_ms, latency.baseline_ms, "base");
    row("converted", latency.converted_samples_ms, latency.converted_ms, "conv");
    out += "<div class=\"strip\"><div class=\"axis\">" + element("span", "", "0 ms") +
           element("span", "", format_fixed(high, 1) + " ms") + "</div></div>\n";
  } else {
    out += element("p", "",
                   "baseline " + measure_text(latency.baseline_ms, 2, " ms") + ", converted " +
                       measure_text(latency.converted_ms, 2, " ms"));
  }
  return out +
         element(
             "p", "dim",
             "95th percentile of the converted model: " + measure_text(latency.p95_ms, 2, " ms")) +
         padding_list(report) + candidates_table(report.candidates) + "</section>\n";
}

std::string html_kernels(const Report& report) {
  std::string out = "<section id=\"kernels\"><h2>Kernels <small>as executed</small></h2>\n";
  auto kernels = report.kernels.executed;
  if (kernels.empty()) {
    return out + element("p", "", "Unproven: " + report.kernels.unproven) + "</section>\n";
  }
  std::stable_sort(kernels.begin(), kernels.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const auto most = static_cast<double>(std::max<int64_t>(kernels.front().second, 1));
  out += "<div class=\"scroll\"><table class=\"kernels\"><tbody>\n";
  for (const auto& [type, count] : kernels) {
    const KernelKind kind = kernel_kind(type);
    const bool is_int8 = kind.is_int8;
    const bool is_float = kind.is_heavy && !is_int8;
    out += "<tr>" + element("td", "name", type) + "<td class=\"wide\">" +
           (is_int8    ? element("span", "badge converted", "8 bits")
            : is_float ? element("span", "badge host", "float")
                       : "") +
           "</td>" + element("td", "num", format_count(count)) + "<td>" +
           bar_svg(count / most, is_int8    ? "good"
                                 : is_float ? "warn"
                                            : "other") +
           "</td></tr>\n";
  }
  return out + "</tbody></table></div></section>\n";
}

}  // namespace acuate
