#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/report.h"

// What the writers for people share: the order, grouping and wording of a report's content.
namespace acuate {

// Names come from untrusted models: valid UTF-8 in which control characters and bidirectional
// overrides are U+FFFD, so that a name can neither drive a terminal nor reorder a line.
std::string printable(std::string_view text);

// `digits` after the point; large and small values by exponent. No "-0.00".
std::string format_fixed(double value, int digits);
std::string format_count(int64_t value);                          // "1,234,567"
std::string format_plural(int64_t count, std::string_view noun);  // "1 node", "2 nodes"
std::string format_quantity(double value);                        // "1.23 G", "45.1 M"
std::string format_percent(double fraction);         // "99.97"; "100" only where it is whole
std::string format_size(double size_bytes);          // "4.7 MB"
std::string format_seconds(double seconds);          // "48 ms", "3.2 s", "2 min 05 s"
std::string format_shape(const ReportShape& shape);  // "1x3x640x640", "unknown"
std::string format_opset(const std::vector<ReportOpset>& opset);

// `all that the target takes: 63 engines, 73 of 447 nodes on the target; predicted 66.1 ms, 1.09×
// slower than not converting at all`.
std::string option_text(const Report& report, const ReportOption& option);

// The four lines that matter, without line ends.
std::array<std::string, 4> headline(const Report& report);

// What a padding is, what it cost, and what is done to each output: a sentence each.
std::vector<std::string> padding_lines(const Report& report);

// Findings of one id, severity and target: most severe first, then as first found.
struct FindingGroup {
  std::vector<const Finding*> findings;  // at least one
  std::vector<std::string> nodes;        // of all of them, each once
  std::vector<std::string> modules;
  std::vector<std::string> fixes;
  const Finding& first() const { return *findings.front(); }
};
std::vector<FindingGroup> group_findings(const std::vector<Finding>& findings);
std::string format_worth(
    const Worth& worth);  // "coverage +12.0 %, 2 engines fewer"; empty: unknown

struct ModuleTree {
  std::string name;  // last part of the path
  const ReportModule* module = nullptr;
  std::vector<ModuleTree> children;
  // Of this and all below.
  std::array<int64_t, 4> modules_by_status{};
  int64_t nodes = 0;
  double time_us = 0;
  bool has_time = false;

  int64_t size() const;
  bool is_uniform() const;  // one status only
  ModuleStatus worst_status() const;
};
ModuleTree module_tree(const std::vector<ReportModule>& modules);

// Modules of one status, class and error.
struct StatusRow {
  ModuleStatus status = ModuleStatus::Host;
  std::string type;
  double time_us = 0;
  bool has_time = false;
  int64_t events = 0;  // modules in the row
  std::string error;
  int64_t num_errors = 0;
};
std::vector<StatusRow> status_rows(
    const std::vector<ReportModule>& modules);  // failed, host, converted, ignored; slow first

// Heavy kernels are convolutions, matrix products and recurrent layers: what quantization is for.
struct KernelKind {
  bool is_int8 = false;
  bool is_heavy = false;
};
KernelKind kernel_kind(std::string_view type);
struct KernelProof {
  int64_t int8_heavy = 0;
  int64_t float_heavy = 0;
  int64_t int8 = 0;  // heavy or not
};
KernelProof kernel_proof(const ReportKernels& kernels);

// Lowest SQNR first; without one last.
std::vector<const ReportTensor*> by_sqnr(const std::vector<ReportTensor>& tensors);

}  // namespace acuate
