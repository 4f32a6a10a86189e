#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/display.h"
#include "report/names.h"
#include "report/table.h"
#include "report/writer.h"

// The report as plain text of at most 100 columns.
namespace acuate {
namespace {

constexpr int kWidth = 100;
constexpr size_t kMaxNodes = 6;
constexpr size_t kMaxFixes = 4;
constexpr size_t kMaxLeaves = 12;
constexpr size_t kMaxStatusRows = 20;
constexpr size_t kMaxKernels = 16;
constexpr size_t kWorstTensors = 10;

class TerminalText {
 public:
  TerminalText(const Report& report, bool colour) : report_(report), colour_(colour) {}

  std::string render_findings_only() {
    add_findings();
    return out_.substr(1);  // without the empty line before the section
  }

  std::string render() {
    for (const std::string& line : headline(report_)) out_ += bold(printable(line)) + "\n";
    add_model();
    add_options();
    add_tree();
    add_status();
    add_findings();
    add_accuracy();
    add_padding();
    add_candidates();
    add_kernels();
    add_quantization();
    add_stages();
    return std::move(out_);
  }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  std::string bold(const std::string& text) const { return paint("1", text); }
  std::string paint_status(ModuleStatus status, const std::string& text) const {
    static constexpr std::array<const char*, 4> kCodes = {"32", "33", "2", "31"};
    return paint(kCodes.at(static_cast<size_t>(status)), text);
  }

  void section(const std::string& title) { out_ += "\n" + bold(title) + "\n"; }
  void line(const std::string& text) { out_ += fit("  " + text, kWidth) + "\n"; }
  void more(size_t count, std::string_view what, std::string_view indent = "  ") {
    out_ += fmt::format("{}… {} more {}\n", indent, count, what);
  }

  void add_model() {
    const ReportModel& model = report_.model;
    const ReportTarget& target = report_.target;
    section("Model");
    line(printable(model.path));
    const std::string after =
        model.converted_size_bytes ? " → " + format_size(*model.converted_size_bytes) : "";
    line(fmt::format("{}{}, nodes {} → {}, {} parameters",
                     format_size(static_cast<double>(model.size_bytes)), after,
                     format_count(model.nodes_before), format_count(model.nodes_after),
                     format_quantity(static_cast<double>(model.parameters))));
    for (const ReportPort& port : model.inputs) add_port("input ", port);
    for (const ReportPort& port : model.outputs) add_port("output", port);
    std::string text = fmt::format("target {} ({} {}, {}) {}", to_kebab_case(target.id),
                                   target.engine, target.version, target.device, target.precision);
    if (!target.scheme.empty()) text += ", scheme " + to_kebab_case(target.scheme);
    line(printable(text));
  }

  void add_port(std::string_view kind, const ReportPort& port) {
    std::string text = fmt::format("{} {}  {}  {}", kind, fit(printable(port.name), 40), port.type,
                                   format_shape(port.shape_before));
    if (port.shape_after != port.shape_before) text += " → " + format_shape(port.shape_after);
    out_ += wrap(printable(text), kWidth, "  ", "    ");
  }

  void add_options() {
    if (report_.coverage.options.empty()) return;
    section("Partition");
    for (const ReportOption& option : report_.coverage.options) line(option_text(report_, option));
  }

  void add_tree() {
    if (report_.modules.empty()) return;
    section("Modules");
    const ModuleTree tree = module_tree(report_.modules);
    if (tree.module != nullptr) add_row(tree, printable(tree.module->type), 0, true);
    add_children(tree, 0);
  }

  // A subtree of one status is one line; where statuses differ it opens. Leaves of one parent that
  // are alike beyond the first few are counted.
  void add_children(const ModuleTree& tree, int depth) {
    std::array<size_t, 4> shown{};
    std::array<size_t, 4> hidden{};
    for (const ModuleTree& child : tree.children) {
      const auto status = static_cast<size_t>(child.worst_status());
      const bool is_open = !child.children.empty() && !child.is_uniform();
      if (child.children.empty() && shown[status]++ >= kMaxLeaves) {
        ++hidden[status];
        continue;
      }
      add_row(child, printable(child.name), depth, is_open);
      if (is_open) add_children(child, depth + 1);
    }
    for (size_t i = 0; i < hidden.size(); ++i) {
      if (hidden[i] == 0) continue;
      more(hidden[i], module_status_name(static_cast<ModuleStatus>(i)),
           std::string(2 + 2 * depth, ' '));
    }
  }

  void add_row(const ModuleTree& tree, const std::string& name, int depth, bool is_open) {
    const ModuleStatus status = tree.worst_status();
    const std::string indent(2 + 2 * std::min(depth, 16), ' ');
    const std::string label = fit(indent + name, 52);
    std::string word(module_status_name(status));
    if (is_open && !tree.is_uniform()) {
      word = fmt::format("{}/{} converted", tree.modules_by_status[0], tree.size());
    }
    std::string detail = tree.module != nullptr ? printable(tree.module->type) : "";
    if (tree.size() > 1 && !is_open) detail = fmt::format("{} modules", tree.size());
    if (tree.has_time) detail += fmt::format("  {} µs", format_fixed(tree.time_us, 0));
    out_ += label + std::string(52 - display_width(label) + 1, ' ') +
            paint_status(status, fmt::format("{:<18}", word)) + " " + fit(detail, kWidth - 72) +
            "\n";
  }

  void add_status() {
    if (report_.modules.empty()) return;
    section("Status");
    TextTable table({{"status"},
                     {"module class"},
                     {"device time", true},
                     {"events", true},
                     {"error"},
                     {"num_errors", true}});
    const std::vector<StatusRow> rows = status_rows(report_.modules);
    for (size_t i = 0; i < std::min(rows.size(), kMaxStatusRows); ++i) {
      const StatusRow& row = rows[i];
      table.add({std::string(module_status_name(row.status)), printable(row.type),
                 row.has_time ? format_fixed(row.time_us, 1) + " µs" : "-",
                 format_count(row.events), row.error.empty() ? "-" : printable(row.error),
                 format_count(row.num_errors)});
    }
    out_ += table.render(kWidth);
    if (rows.size() > kMaxStatusRows) more(rows.size() - kMaxStatusRows, "rows");
  }

  void add_findings() {
    const std::vector<FindingGroup> groups = group_findings(report_.findings);
    section(groups.empty()
                ? "Findings: none"
                : fmt::format("Findings: {} of {} kinds", report_.findings.size(), groups.size()));
    for (const FindingGroup& group : groups) add_group(group);
  }

  void add_group(const FindingGroup& group) {
    static constexpr std::array<const char*, 3> kCodes = {"31", "33", "36"};
    const Finding& first = group.first();
    std::string title = printable(to_kebab_case(first.id));
    if (!first.target.empty()) title += " [" + printable(to_kebab_case(first.target)) + "]";
    if (group.findings.size() > 1) title += fmt::format(" x {}", group.findings.size());
    out_ += "  " +
            paint(kCodes.at(static_cast<size_t>(first.severity)),
                  fmt::format("{:<8}", severity_name(first.severity))) +
            fit(title, kWidth - 10) + "\n";
    paragraph("", first.cause);
    paragraph("found  ", first.evidence);
    paragraph("nodes  ", first_few(group.nodes, kMaxNodes));
    paragraph("module ", first_few(group.modules, kMaxNodes));
    for (size_t i = 0; i < std::min(group.fixes.size(), kMaxFixes); ++i) {
      paragraph(i == 0 ? "fix    " : "       ", group.fixes[i]);
    }
    if (group.fixes.size() > kMaxFixes) {
      more(group.fixes.size() - kMaxFixes, "commands", std::string(17, ' '));
    }
    if (group.findings.size() == 1) paragraph("worth  ", format_worth(first.worth));
  }

  void paragraph(const std::string& label, const std::string& text) {
    if (text.empty()) return;
    const std::string indent(10 + label.size(), ' ');
    out_ += wrap(printable(text), kWidth, "          " + label, indent);
  }

  static std::string first_few(const std::vector<std::string>& names, size_t count) {
    const size_t shown = std::min(names.size(), count);
    std::vector<std::string> parts;
    for (size_t i = 0; i < shown; ++i) parts.push_back(fit(printable(names[i]), 60));
    std::string text = join(parts, ", ");
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
  }

  static std::string number(const Measure& measure, int digits, const char* unit = "") {
    return measure ? format_fixed(*measure, digits) + unit : "-";
  }

  // Why a cell above is `-`.
  void reason(const std::string& name, const char* column, const std::string& text) {
    if (text.empty()) return;
    out_ += wrap(printable(name + ", " + column + ": " + text), kWidth, "    ", "    ");
  }

  void add_accuracy() {
    if (report_.accuracy.empty()) return;
    section("Accuracy");
    TextTable table(
        {{"metric"}, {"baseline", true}, {"converted", true}, {"95 % interval"}, {"n", true}});
    for (const ReportAccuracy& row : report_.accuracy) {
      std::string interval = "-";
      if (row.interval) {
        interval = fmt::format("{} … {}", format_fixed(row.interval->first, 4),
                               format_fixed(row.interval->second, 4));
      }
      table.add({printable(row.metric), number(row.baseline, 4), number(row.converted, 4), interval,
                 format_count(row.n)});
    }
    out_ += table.render(kWidth);
    for (const ReportAccuracy& row : report_.accuracy) {
      reason(row.metric, "baseline", row.baseline.reason());
      reason(row.metric, "converted", row.converted.reason());
      reason(row.metric, "interval", row.interval ? "" : row.interval_reason);
    }
  }

  void add_padding() {
    if (!report_.padding) return;
    section("Padding");
    for (const std::string& text : padding_lines(report_))
      out_ += wrap(printable(text), kWidth, "  ", "    ");
  }

  void add_candidates() {
    if (report_.candidates.empty()) return;
    section("Candidates, timed in turn");
    const auto number = [](const Measure& measure) {
      return measure ? format_fixed(*measure, 2) + " ms" : std::string("-");
    };
    TextTable table(
        {{"target"}, {"precision"}, {"status"}, {"median", true}, {"CPU", true}, {"why"}});
    for (const ReportCandidate& row : report_.candidates)
      table.add({to_kebab_case(row.target), row.precision, row.status, number(row.latency_ms),
                 number(row.cpu_ms), printable(row.reason)});
    out_ += table.render(kWidth);
  }

  void add_kernels() {
    section("Kernels");
    if (report_.kernels.executed.empty()) {
      out_ += wrap("unproven: " + printable(report_.kernels.unproven), kWidth, "  ", "  ");
      return;
    }
    const KernelProof proof = kernel_proof(report_.kernels);
    line(fmt::format(
        "{} in 8 bits; of the convolutions and matrix products {} in 8 bits, {} in float",
        proof.int8, proof.int8_heavy, proof.float_heavy));
    auto kernels = report_.kernels.executed;
    std::stable_sort(kernels.begin(), kernels.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    TextTable table({{"kernel"}, {"executed", true}});
    for (size_t i = 0; i < std::min(kernels.size(), kMaxKernels); ++i) {
      table.add({printable(kernels[i].first), format_count(kernels[i].second)});
    }
    out_ += table.render(kWidth);
    if (kernels.size() > kMaxKernels) more(kernels.size() - kMaxKernels, "kernel types");
  }

  void add_quantization() {
    const std::vector<ReportTensor>& tensors = report_.quantization.tensors;
    if (tensors.empty()) return;
    section(fmt::format("Quantization: {} tensors, the worst by SQNR", tensors.size()));
    TextTable table(
        {{"tensor"}, {"scheme"}, {"method"}, {"range", true}, {"SQNR", true}, {"clipped", true}});
    const std::vector<const ReportTensor*> order = by_sqnr(tensors);
    for (size_t i = 0; i < std::min(order.size(), kWorstTensors); ++i) {
      const ReportTensor& tensor = *order[i];
      table.add(
          {printable(tensor.name), printable(to_kebab_case(tensor.scheme)),
           printable(to_kebab_case(tensor.range_method)),
           number(tensor.range_min, 3) + " … " + number(tensor.range_max, 3),
           number(tensor.sqnr_db, 1, " dB"),
           tensor.clipped_fraction ? format_fixed(*tensor.clipped_fraction * 100, 3) + " %" : "-"});
    }
    out_ += table.render(kWidth);
  }

  void add_stages() {
    if (report_.stages.empty()) return;
    section("Stages");
    TextTable table({{"stage"}, {"time", true}, {"peak memory", true}});
    double total = 0;
    for (const ReportStage& stage : report_.stages) {
      total += stage.seconds;
      table.add({printable(to_kebab_case(stage.name)), format_seconds(stage.seconds),
                 stage.peak_rss_bytes ? format_size(*stage.peak_rss_bytes) : "-"});
    }
    table.add({"total", format_seconds(total), ""});
    out_ += table.render(kWidth);
  }

  const Report& report_;
  bool colour_;
  std::string out_;
};

std::string render(const Report& report, const RenderOptions& options) {
  return TerminalText(report, options.colour).render();
}

}  // namespace

std::string render_findings(const std::vector<Finding>& findings, const RenderOptions& options) {
  Report report;
  report.findings = findings;
  return TerminalText(report, options.colour).render_findings_only();
}

void register_report_terminal(ReportWriterRegistry& registry) {
  registry.add({"terminal", ".txt", "plain text of at most 100 columns", render});
}

}  // namespace acuate
