#include "report/display.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace acuate {
namespace {

// The code point at `at` of valid UTF-8, and its length.
std::pair<char32_t, size_t> decode(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = length == 1 ? lead : lead & (0x7F >> length);
  for (size_t i = 1; i < length && at + i < text.size(); ++i) {
    code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  }
  return {code, length};
}

bool is_unprintable(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C ||
         (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

void add_once(std::vector<std::string>& list, std::set<std::string>& seen,
              const std::string& item) {
  if (!item.empty() && seen.insert(item).second) list.push_back(item);
}

std::string measure_text(const Measure& measure, int digits, std::string_view unit) {
  if (!measure) return measure.reason();
  return format_fixed(*measure, digits) + std::string(unit);
}

// "0.5025 (baseline 0.5311)"; without a value its reason.
std::string against(const Measure& converted, const Measure& baseline, int digits,
                    std::string_view unit) {
  if (!converted && !baseline && converted.reason() == baseline.reason()) {
    return converted.reason();
  }
  return measure_text(converted, digits, unit) + " (baseline " +
         measure_text(baseline, digits, unit) + ")";
}

}  // namespace

std::string printable(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::string out;
  for (size_t at = 0; at < valid.size();) {
    const auto [code, length] = decode(valid, at);
    if (is_unprintable(code))
      out += "\uFFFD";
    else
      out.append(valid, at, length);
    at += length;
  }
  return out;
}

std::string format_fixed(double value, int digits) {
  if (!std::isfinite(value)) return std::isnan(value) ? "undefined" : "infinite";
  const double magnitude = std::abs(value);
  if (magnitude >= 1e9 || (magnitude != 0 && magnitude < 0.5 * std::pow(10, -digits))) {
    return fmt::format("{:.2e}", value);
  }
  return fmt::format("{:.{}f}", value == 0 ? 0.0 : value, digits);
}

std::string format_count(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t start = value < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > start + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string format_plural(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::string format_quantity(double value) {
  static constexpr std::array<std::pair<double, const char*>, 4> kUnits = {
      {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  for (const auto& [unit, letter] : kUnits) {
    if (std::abs(value) >= unit) return fmt::format("{:.2f} {}", value / unit, letter);
  }
  return fmt::format("{:g}", value);
}

std::string format_percent(double fraction) {
  if (fraction == 1) return "100";
  return fmt::format("{:.2f}", fraction > 0.9999 && fraction < 1 ? 99.99 : fraction * 100);
}

std::string format_size(double size_bytes) {
  return format_bytes(static_cast<uint64_t>(std::clamp(size_bytes, 0.0, 1e18)));
}

std::string format_seconds(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::min(seconds + 0.5, 1e15));
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

std::string format_shape(const ReportShape& shape) {
  if (!shape) return "unknown rank";
  if (shape->empty()) return "scalar";
  std::vector<std::string> dims;
  for (const ReportDim& dim : *shape) {
    dims.push_back(dim.size ? std::to_string(*dim.size) : dim.symbol.empty() ? "?" : dim.symbol);
  }
  // Symbols have letters, so that only sizes stand close.
  const bool is_static = std::all_of(shape->begin(), shape->end(),
                                     [](const ReportDim& dim) { return dim.size.has_value(); });
  return join(dims, is_static ? "x" : " x ");
}

std::string format_opset(const std::vector<ReportOpset>& opset) {
  std::vector<std::string> parts;
  for (const ReportOpset& one : opset) {
    parts.push_back(fmt::format("{} {}", one.domain.empty() ? "ai.onnx" : one.domain, one.version));
  }
  return join(parts, ", ");
}

std::string option_text(const Report& report, const ReportOption& option) {
  const std::string title = option.id == "host"         ? "nothing converted"
                            : option.id == "everything" ? "all that the target takes"
                            : option.id == "largest"    ? "the largest engine alone"
                                                        : "chosen";
  std::string text = fmt::format("{}: {} engine{}, {} of {} nodes on the target", title,
                                 option.engines, option.engines == 1 ? "" : "s",
                                 option.nodes_on_target, report.coverage.nodes_total);
  const Measure& host = report.coverage.options.front().predicted_ms;
  if (!option.predicted_ms || !host) return text;
  text += fmt::format("; predicted {:.3g} ms", *option.predicted_ms);
  if (option.engines == 0 || *host <= 0 || *option.predicted_ms <= 0) return text;
  const double ratio = *option.predicted_ms / *host;
  return text + (ratio > 1 ? fmt::format(", {:.2f}× slower than not converting at all", ratio)
                           : fmt::format(", {:.2f}× faster than not converting at all", 1 / ratio));
}

std::array<std::string, 4> headline(const Report& report) {
  std::string accuracy = "not measured";
  if (!report.accuracy.empty()) {
    const ReportAccuracy& first = report.accuracy.front();
    accuracy = against(first.converted, first.baseline, 4, "");
  }
  return {fmt::format("Conversion Rate: {}/{}", report.coverage.modules_converted,
                      report.coverage.modules_total),
          fmt::format("Num Modules: {}", report.coverage.engines), "Accuracy: " + accuracy,
          "Latency: " + against(report.latency.converted_ms, report.latency.baseline_ms, 2, " ms")};
}

std::vector<std::string> padding_lines(const Report& report) {
  if (!report.padding) return {};
  const ReportPadding& padding = *report.padding;
  std::vector<std::string> sizes, fills;
  for (const auto& [symbol, size] : padding.sizes)
    sizes.push_back(fmt::format("{} = {}", symbol, size));
  for (const auto& [input, value] : padding.fills) fills.push_back(input + " = " + value);
  std::vector<std::string> lines{
      fmt::format("inputs are filled up to {} with {}", join(sizes, ", "), join(fills, ", "))};
  const Measure& plain_ms = report.latency.baseline_ms;
  if (padding.padded_ms && plain_ms && *plain_ms > 0) {
    lines.push_back(fmt::format("the baseline takes {} ms padded, {} ms without: {:.2f}×",
                                format_fixed(*padding.padded_ms, 2), format_fixed(*plain_ms, 2),
                                *padding.padded_ms / *plain_ms));
  } else {
    lines.push_back("time of the padded baseline: " + padding.padded_ms.reason());
  }
  lines.push_back(
      "SQNR of the padded baseline's worst output: " +
      (padding.sqnr_db ? format_fixed(*padding.sqnr_db, 1) + " dB" : padding.sqnr_db.reason()));
  for (const auto& [metric, value] : padding.metrics) {
    const auto same = std::ranges::find(report.accuracy, metric, &ReportAccuracy::metric);
    const bool known = same != report.accuracy.end() && same->baseline;
    lines.push_back(fmt::format("{} of the padded baseline: {}{}", metric, format_fixed(value, 4),
                                known ? ", without " + format_fixed(*same->baseline, 4) : ""));
  }
  for (const auto& [output, how] : padding.outputs)
    lines.push_back(fmt::format("output {}: {}", output, how));
  return lines;
}

std::vector<FindingGroup> group_findings(const std::vector<Finding>& findings) {
  std::vector<FindingGroup> groups;
  struct Seen {
    std::set<std::string> nodes, fixes, modules;
  };
  std::vector<Seen> seen;
  std::map<std::tuple<std::string, Severity, std::string>, size_t> index;
  for (const Finding& finding : findings) {
    const auto [it, is_new] =
        index.try_emplace({finding.id, finding.severity, finding.target}, groups.size());
    if (is_new) {
      groups.emplace_back();
      seen.emplace_back();
    }
    FindingGroup& group = groups[it->second];
    Seen& known = seen[it->second];
    group.findings.push_back(&finding);
    for (const std::string& node : finding.nodes) add_once(group.nodes, known.nodes, node);
    for (const std::string& fix : finding.fix) add_once(group.fixes, known.fixes, fix);
    add_once(group.modules, known.modules, finding.module);
    for (const std::string& module : finding.modules)
      add_once(group.modules, known.modules, module);
  }
  std::stable_sort(groups.begin(), groups.end(), [](const FindingGroup& a, const FindingGroup& b) {
    return a.first().severity < b.first().severity;
  });
  return groups;
}

std::string format_worth(const Worth& worth) {
  std::vector<std::string> parts;
  if (worth.coverage) parts.push_back(fmt::format("coverage {:+.1f} %", *worth.coverage * 100));
  if (worth.engines) {
    const double count = std::abs(*worth.engines);
    parts.push_back(fmt::format("{:g} engine{} {}", count, count == 1 ? "" : "s",
                                *worth.engines < 0 ? "fewer" : "more"));
  }
  if (worth.ms) parts.push_back(fmt::format("latency {:+.2f} ms", *worth.ms));
  return join(parts, ", ");
}

std::vector<StatusRow> status_rows(const std::vector<ReportModule>& modules) {
  std::map<std::tuple<int, std::string, std::string>, StatusRow> rows;
  for (const ReportModule& module : modules) {
    StatusRow& row = rows[{static_cast<int>(module.status), module.type, module.error}];
    row.status = module.status;
    row.type = module.type;
    row.error = module.error;
    row.num_errors += module.num_errors;
    row.events += 1;
    row.time_us += module.time_us.value_or(0);
    row.has_time |= module.time_us.has_value();
  }
  std::vector<StatusRow> result;
  for (auto& [key, row] : rows) result.push_back(std::move(row));
  std::stable_sort(result.begin(), result.end(), [](const StatusRow& a, const StatusRow& b) {
    // In the order of the enumerators: converted, host, ignored, failed.
    static constexpr std::array<int, 4> kRanks = {2, 1, 3, 0};
    const int a_rank = kRanks.at(static_cast<size_t>(a.status));
    const int b_rank = kRanks.at(static_cast<size_t>(b.status));
    if (a_rank != b_rank) return a_rank < b_rank;
    return a.time_us > b.time_us;
  });
  return result;
}

KernelKind kernel_kind(std::string_view type) {
  const auto has_one_of = [&](std::initializer_list<std::string_view> marks) {
    return std::any_of(marks.begin(), marks.end(),
                       [&](std::string_view mark) { return type.find(mark) != type.npos; });
  };
  // ONNX Runtime names kernels by operator; OpenVINO and TensorRT put the type into the name.
  return {
      has_one_of({"QLinear", "QGemm", "QAttention", "Integer", "_I8", "_i8", "_u8", "_s8", "int8"}),
      has_one_of({"Conv", "conv", "Gemm", "gemm", "MatMul", "FullyConnected", "Attention", "LSTM",
                  "GRU"})};
}

KernelProof kernel_proof(const ReportKernels& kernels) {
  KernelProof proof;
  for (const auto& [type, count] : kernels.executed) {
    const KernelKind kind = kernel_kind(type);
    if (kind.is_int8) proof.int8 += count;
    if (kind.is_heavy) (kind.is_int8 ? proof.int8_heavy : proof.float_heavy) += count;
  }
  return proof;
}

std::vector<const ReportTensor*> by_sqnr(const std::vector<ReportTensor>& tensors) {
  std::vector<const ReportTensor*> order;
  for (const ReportTensor& tensor : tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [](const ReportTensor* a, const ReportTensor* b) {
    return a->sqnr_db.value_or(INFINITY) < b->sqnr_db.value_or(INFINITY);
  });
  return order;
}

}  // namespace acuate
