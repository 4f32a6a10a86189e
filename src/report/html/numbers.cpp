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

constexpr size_t kMaxTensorRows = 3000;
constexpr size_t kMaxHistograms = 1000;
constexpr double kBarSqnrDb = 50;  // the full bar

std::string value_of(const Measure& measure) { return measure ? fmt::format("{}", *measure) : ""; }

std::string measure_cell(const Measure& measure, int digits, const char* unit = "") {
  if (!measure) return element("td", "num reason", measure.reason());
  return number_cell(measure_text(measure, digits, unit), value_of(measure));
}

std::string numbers_text(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (values.size() == 1 || *low == *high) return fmt::format("{:.4g}", *low);
  return fmt::format("{:.3g} … {:.3g}", *low, *high);
}

const char* sqnr_tone(const Measure& sqnr_db) {
  return *sqnr_db < 15 ? "bad" : *sqnr_db < 25 ? "warn" : "good";
}

std::string tensor_row(const ReportTensor& tensor, bool with_histogram) {
  std::string out = fmt::format("<tr data-kind=\"{}\">", escape_html(tensor.kind));
  out += "<td class=\"name\">" + escape_html(tensor.name) + "<br>" +
         element("span", "dim", tensor.kind) + "</td>";
  const std::string scheme = to_kebab_case(tensor.scheme) +
                             (tensor.axis ? fmt::format(", axis {}", *tensor.axis) : "") +
                             fmt::format(", {} bits", tensor.bits);
  out += "<td class=\"wide\">" + escape_html(scheme) + "<br>" +
         element("span", "dim", "scale " + numbers_text(tensor.scale)) + "</td>";
  out += "<td class=\"wide\">" + escape_html(to_kebab_case(tensor.range_method)) + "<br>" +
         element("span", "dim nowrap",
                 measure_text(tensor.range_min, 3) + " … " + measure_text(tensor.range_max, 3)) +
         "</td>";
  const Measure& clipped = tensor.clipped_fraction;
  out += number_cell(clipped ? format_fixed(*clipped * 100, 3) + " %" : "–", value_of(clipped),
                     /*wide=*/true);
  const Measure& sqnr = tensor.sqnr_db;
  out += fmt::format("<td class=\"num\" data-value=\"{}\">{}{}</td>", value_of(sqnr),
                     escape_html(sqnr ? format_fixed(*sqnr, 1) + " dB" : sqnr.reason()),
                     sqnr ? bar_svg(*sqnr / kBarSqnrDb, sqnr_tone(sqnr)) : "");
  return out + "<td>" + (with_histogram ? histogram_svg(tensor) : "") + "</td></tr>\n";
}

}  // namespace

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
         candidates_table(report.candidates) + "</section>\n";
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

namespace {

std::string decibels(const Measure& measure) {
  return measure ? fmt::format("{:.1f} dB", *measure) : escape_html(measure.reason());
}

std::string recovery_table(const std::vector<ReportRecovery>& recovery) {
  if (recovery.empty()) return "";
  std::string out =
      "<h3>Recovery without training</h3><div class=\"scroll\"><table id=\"recovery\"><thead><tr>"
      "<th>recovery</th><th class=\"num\">places</th><th class=\"num\">less noise at the "
      "outputs</th><th>used</th></tr></thead><tbody>\n";
  for (const ReportRecovery& row : recovery)
    out += fmt::format(
        "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td></tr>\n",
        escape_html(to_kebab_case(row.id)), row.places, decibels(row.gain_db),
        row.used ? "yes" : "no");
  return out + "</tbody></table></div>\n";
}

std::string hybrid_table(const ReportHybrid& hybrid) {
  std::string out = fmt::format(
      "<h3>Hybrid: {} of {} activations in {}{}</h3>{}<p class=\"key\">Signal to noise at the "
      "outputs by the share of promoted activations (square root scale). Line: measured, dashed: "
      "predicted.</p><div class=\"scroll\"><table id=\"hybrid\"><thead><tr><th "
      "class=\"num\">promoted</th><th class=\"num\">of activations</th><th "
      "class=\"num\">multiply-accumulates in 8 bits</th><th class=\"num\">predicted</th><th "
      "class=\"num\">measured</th></tr></thead><tbody>\n",
      hybrid.promoted, hybrid.activations, escape_html(hybrid.scheme),
      hybrid.accepted ? "" : ", which is not enough", trade_off_svg(hybrid));
  for (const ReportHybridPoint& point : hybrid.curve)
    out += fmt::format(
        "<tr{}><td class=\"num\">{}</td><td class=\"num\">{:.1f} %</td><td class=\"num\">{:.1f} "
        "%</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        point.promoted == hybrid.promoted ? " class=\"chosen\"" : "", point.promoted,
        100 * point.share, 100 * point.macs_8bit_share, decibels(point.predicted_sqnr_db),
        decibels(point.sqnr_db));
  return out + "</tbody></table></div>\n";
}

}  // namespace

std::string html_quantization(const Report& report) {
  const std::vector<ReportTensor>& tensors = report.quantization.tensors;
  if (tensors.empty()) return "";
  std::string out =
      "<section id=\"quantization\"><h2>Quantization" +
      element("small", "",
              format_count(static_cast<int64_t>(tensors.size())) + " tensors, the worst first") +
      "</h2>\n<p class=\"key\">Histograms count on a log scale. Dashed lines: ends of the "
      "range, what lies outside is clipped. Solid line: zero.</p>\n"
      "<div class=\"tools\" hidden><input type=\"search\" placeholder=\"Filter by name, "
      "scheme, method\" aria-label=\"Filter tensors\"><select aria-label=\"Kind\">"
      "<option value=\"\">all kinds</option><option>activation</option>"
      "<option>weight</option><option>bias</option></select>"
      "<output class=\"dim\"></output></div>\n"
      "<div class=\"scroll\"><table id=\"tensors\" class=\"sortable\"><thead><tr>"
      "<th>tensor</th><th class=\"wide\">scheme</th><th class=\"wide\">range</th>"
      "<th class=\"num wide\">clipped</th><th class=\"num\" aria-sort=\"ascending\">SQNR</th>"
      "<th data-fixed>histogram</th></tr></thead><tbody>\n";
  const std::vector<const ReportTensor*> order = by_sqnr(tensors);
  for (size_t i = 0; i < std::min(order.size(), kMaxTensorRows); ++i) {
    out += tensor_row(*order[i], i < kMaxHistograms);
  }
  out += "</tbody></table></div>\n";
  if (order.size() > kMaxTensorRows) {
    out += element("p", "dim",
                   fmt::format("… {} more tensors in report.json", order.size() - kMaxTensorRows));
  }
  out += recovery_table(report.quantization.recovery);
  if (report.quantization.hybrid) out += hybrid_table(*report.quantization.hybrid);
  return out + "</section>\n";
}

}  // namespace acuate
