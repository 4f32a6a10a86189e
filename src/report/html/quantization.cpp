#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "report/display.h"
#include "report/html/markup.h"
#include "report/html/sections.h"
#include "report/html/svg.h"
#include "report/plots/plots.h"

namespace acuate {
namespace {

constexpr size_t kMaxTensorRows = 3000;
constexpr size_t kMaxHistograms = 1000;
constexpr size_t kMaxPictures = 500;  // about 6 kB each
constexpr double kBarSqnrDb = 50;     // the full bar

std::string numbers_text(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (values.size() == 1 || *low == *high) return fmt::format("{:.4g}", *low);
  return fmt::format("{:.3g} … {:.3g}", *low, *high);
}

const char* sqnr_tone(const Measure& sqnr_db) {
  return *sqnr_db < 15 ? "bad" : *sqnr_db < 25 ? "warn" : "good";
}

std::string decibels(const Measure& measure) {
  return measure ? fmt::format("{:.1f} dB", *measure) : escape_html(measure.reason());
}

std::string ranges_table(const ReportTensor& tensor) {
  const std::vector<PlottedRange> ranges = plotted_ranges(tensor);
  if (ranges.size() < 2) return "";
  std::string out =
      "<table class=\"ranges\"><thead><tr><th>range method</th><th class=\"num\">from</th><th "
      "class=\"num\">to</th><th class=\"num\">SQNR</th></tr></thead><tbody>\n";
  for (const PlottedRange& range : ranges)
    out += fmt::format(
        "<tr{}><td><svg class=\"plot sample\" viewBox=\"0 0 16 8\" aria-hidden=\"true\"><line "
        "class=\"extent {}\" x1=\"0\" y1=\"4\" x2=\"16\" y2=\"4\"/></svg>{}</td><td "
        "class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        range.chosen ? " class=\"chosen\"" : "", range.tone, escape_html(range.label),
        measure_text(range.min, 3), measure_text(range.max, 3), decibels(range.sqnr_db));
  return out + "</tbody></table>\n";
}

std::string noise_text(const ReportTensor& tensor) {
  std::string text = "Own grid: " + decibels(tensor.sqnr_db);
  if (tensor.kind == "activation")
    text += ". In the quantized network, with the noise from further up: " +
            decibels(tensor.network_sqnr_db);
  return "<p>" + text + ".</p>\n";
}

std::string pictures_of(const ReportTensor& tensor) {
  const std::string histogram = histogram_plot(tensor, PlotForm::Inline);
  const std::string channels = channels_plot(tensor, PlotForm::Inline);
  if (histogram.empty() && channels.empty()) return "";
  std::string out = "<div class=\"pictures\"><div class=\"scroll\">" + histogram + channels +
                    "</div><div>" + noise_text(tensor);
  if (!channels.empty()) out += element("p", "dim", channels_text(*tensor.channels) + ".");
  return out + ranges_table(tensor) + "</div></div>";
}

std::string tensor_row(const ReportTensor& tensor, bool with_histogram, bool with_pictures) {
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
  out += number_cell(clipped ? format_fixed(*clipped * 100, 3) + " %" : "–", sort_value(clipped),
                     /*wide=*/true);
  const Measure& sqnr = tensor.sqnr_db;
  out += fmt::format("<td class=\"num\" data-value=\"{}\">{}{}</td>", sort_value(sqnr),
                     escape_html(sqnr ? format_fixed(*sqnr, 1) + " dB" : sqnr.reason()),
                     sqnr ? bar_svg(*sqnr / kBarSqnrDb, sqnr_tone(sqnr)) : "");
  const std::string pictures = with_pictures ? pictures_of(tensor) : "";
  const std::string histogram = with_histogram ? histogram_svg(tensor) : "";
  if (pictures.empty()) return out + "<td>" + histogram + "</td></tr>\n";
  // The row behind is shown where this one's `details` is open, by the style alone.
  return out + "<td><details><summary>" + (histogram.empty() ? "pictures" : histogram) +
         "</summary></details></td></tr>\n<tr class=\"more\"><td colspan=\"6\">" + pictures +
         "</td></tr>\n";
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

std::string grids_table(const std::vector<ReportGrids>& grids) {
  if (grids.empty()) return "";
  std::string out =
      "<h3>Grids that were tried</h3><div class=\"scroll\"><table id=\"grids\"><thead><tr>"
      "<th>activations</th><th>range</th><th class=\"num\">at the outputs</th><th>used</th></tr>"
      "</thead><tbody>\n";
  for (const ReportGrids& row : grids)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"num\">{}</td><td>{}</td></tr>\n",
                       escape_html(row.scheme), escape_html(to_kebab_case(row.range)),
                       decibels(row.sqnr_db), row.used ? "yes" : "no");
  return out + "</tbody></table></div>\n";
}

// "top1 0.985, sqnr 31.2".
std::string metrics_text(const ReportHybridPoint& point) {
  std::string text;
  for (const auto& [metric, value] : point.metrics)
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", metric, value);
  return escape_html(text);
}

std::string hybrid_table(const ReportHybrid& hybrid) {
  std::string out = fmt::format(
      "<h3>Hybrid: {} of {} activations in {}{}</h3><div class=\"scroll\">{}</div><p "
      "class=\"key\">Signal to noise at the outputs by the share of promoted "
      "activations.</p><div class=\"scroll\"><table id=\"hybrid\"><thead><tr><th "
      "class=\"num\">promoted</th><th class=\"num\">of activations</th><th "
      "class=\"num\">multiply-accumulates in 8 bits</th><th class=\"num\">predicted</th><th "
      "class=\"num\">measured</th><th>judged</th></tr></thead><tbody>\n",
      hybrid.promoted, hybrid.activations, escape_html(hybrid.scheme),
      hybrid.accepted ? "" : ", which is not enough", trade_off_plot(hybrid, PlotForm::Inline));
  for (const ReportHybridPoint& point : hybrid.curve)
    out += fmt::format(
        "<tr{}><td class=\"num\">{}</td><td class=\"num\">{:.1f} %</td><td class=\"num\">{:.1f} "
        "%</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>{}</td></tr>\n",
        point.promoted == hybrid.promoted ? " class=\"chosen\"" : "", point.promoted,
        100 * point.share, 100 * point.macs_8bit_share, decibels(point.predicted_sqnr_db),
        decibels(point.sqnr_db), metrics_text(point));
  return out + "</tbody></table></div>\n";
}

}  // namespace

std::string html_quantization(const Report& report) {
  const std::vector<ReportTensor>& tensors = report.quantization.tensors;
  if (tensors.empty()) return "";
  std::string out =
      "<section id=\"quantization\"><h2>Quantization" +
      element("small", "", format_count(static_cast<int64_t>(tensors.size())) + " tensors") +
      "</h2>\n";
  if (const std::string depth = depth_plot(report.quantization, PlotForm::Inline); !depth.empty())
    out += "<h3>Error through the depth</h3><div class=\"scroll\">" + depth + "</div>\n";
  if (report.quantization.hybrid) out += hybrid_table(*report.quantization.hybrid);
  out += grids_table(report.quantization.grids);
  out += recovery_table(report.quantization.recovery);
  out +=
      "<h3>Tensors, the worst first</h3><p class=\"key\">Histograms count on a log scale. Dashed "
      "lines: ends of the "
      "range, what lies outside is clipped. Solid line: zero. A histogram "
      "opens on the ranges of all methods and, for weights, the channels.</p>\n"
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
    out += tensor_row(*order[i], i < kMaxHistograms, i < kMaxPictures);
  }
  out += "</tbody></table></div>\n";
  if (order.size() > kMaxTensorRows) {
    out += element("p", "dim",
                   fmt::format("… {} more tensors in report.json", order.size() - kMaxTensorRows));
  }
  return out + "</section>\n";
}

}  // namespace acuate
