#include "convert/report_parts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <thread>
#include <unordered_set>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/version.h"
#include "convert/attribution.h"
#include "diagnose/rule.h"
#include "onnx_io/authority.h"
#include "report/display.h"
#include "runtime/machine.h"
#include "shape/macs.h"

namespace acuate {
namespace {

ReportShape report_shape(const ValueType& type) {
  if (!type.shape) return std::nullopt;
  std::vector<ReportDim> dims;
  for (const Dim& dim : *type.shape)
    dims.push_back(
        {dim.is_known() ? std::optional(dim.value) : std::nullopt, to_valid_utf8(dim.name)});
  return dims;
}

ReportPort report_port(const Value& before, const Model& fixed) {
  ReportPort port;
  port.name = to_valid_utf8(before.name);
  port.type = element_type_name(before.type.element);
  port.shape_before = report_shape(before.type);
  if (const Value* after = fixed.graph().find(before.name))
    port.shape_after = report_shape(after->type);
  return port;
}

int64_t node_count(const Model& model) {
  int64_t count = 0;
  for (const Graph* graph : model.all_graphs()) count += static_cast<int64_t>(graph->node_count());
  return count;
}

// A convolution or matrix product that was not computed in integers.
bool is_float_convolution(std::string_view kernel) {
  const KernelKind kind = kernel_kind(kernel);
  return kind.is_heavy && !kind.is_int8;
}

// A module of which the host runs anything is the host's.
void place_node(ReportModule& row, const Node& node, const Division& division,
                const std::map<std::string, std::string, std::less<>>& file_of_node) {
  if (division.is_whole) return;
  const bool on_host = division.label_of(node) == kHost;
  const auto file = file_of_node.find(node.name());
  if (file != file_of_node.end() &&
      (row.nodes == 1 || (on_host && row.status == ModuleStatus::Converted)))
    row.engine = file->second;
  if (on_host) row.status = ModuleStatus::Host;
}

}  // namespace

void report_model(Report& report, const Model& original, const Model& fixed,
                  const Model& converted) {
  ReportModel& model = report.model;
  model.path = original.path().filename().string();
  if (auto file = MappedFile::open(original.path())) {
    model.hash = content_hash((*file)->bytes());
    model.size_bytes = static_cast<int64_t>((*file)->bytes().size());
  }
  for (const Value* input : original.graph().inputs())
    if (!input->initializer) model.inputs.push_back(report_port(*input, fixed));
  for (const Value* output : original.graph().outputs())
    model.outputs.push_back(report_port(*output, fixed));
  model.nodes_before = node_count(original);
  model.nodes_after = node_count(converted);
  for (const Graph* graph : converted.all_graphs())
    for (const Value* value : graph->initializers()) model.parameters += value->initializer->size();
  for (const OpsetImport& import : original.opset_imports())
    model.opset.push_back({std::string(import.domain), import.version});
  model.producer = to_valid_utf8(original.producer_name());
  if (!original.producer_version().empty())
    model.producer += " " + to_valid_utf8(original.producer_version());
}

void report_division(Report& report, const Division& division) {
  report.coverage.nodes_total = static_cast<int64_t>(division.counts.nodes_total);
  if (division.is_whole) return;
  for (const PartitionOption& option : division.options)
    report.coverage.options.push_back({option.id, static_cast<int64_t>(option.counts.engines),
                                       static_cast<int64_t>(option.counts.nodes_on_target),
                                       option.counts.predicted_us
                                           ? Measure(*option.counts.predicted_us / 1000)
                                           : Measure::none("there is no cost table")});
}

void report_modules(Report& report, const Model& converted, const ModelModuleTree& modules,
                    const Division& division,
                    const std::map<std::string, std::string, std::less<>>& file_of_node,
                    const Profile& profile) {
  std::map<std::string, ReportModule> rows;
  std::vector<std::string> order;
  int64_t total_macs = 0;
  bool macs_known = true;
  const auto row_of = [&](const ModuleInfo& info) -> ReportModule& {
    auto [place, added] = rows.try_emplace(info.path);
    ReportModule& row = place->second;
    if (!added) return row;
    order.push_back(info.path);
    row.path = info.path.empty() ? "(model)" : info.path;
    row.type = info.class_name;
    row.status = ModuleStatus::Converted;
    row.engine = kModuleFile;
    row.macs = Measure(0);
    row.time_us = profile.runs > 0 ? Measure(0) : Measure::none("not measured");
    row.sqnr_db = Measure::none("not measured by module");
    row.cosine = Measure::none("not measured by module");
    return row;
  };
  for (const Node* node = converted.graph().first(); node != nullptr; node = node->next()) {
    for (const ModuleInfo* info : modules.modules_of(*node)) {
      ReportModule& row = row_of(*info);
      ++row.nodes;
      place_node(row, *node, division, file_of_node);
    }
    ReportModule& row = row_of(modules.module_of(*node));
    const auto macs = multiply_accumulates(*node);
    macs_known &= macs.has_value();
    if (macs && row.macs)
      row.macs = Measure(*row.macs + static_cast<double>(*macs));
    else
      row.macs = Measure::none("shapes are not static");
    total_macs += macs.value_or(0);
    for (size_t slot = 0; slot < node->input_count(); ++slot)
      if (const Value* input = node->input(slot); input != nullptr && input->is_constant())
        row.parameters += input->initializer->size();
  }
  const auto shares = attribute_kernels(converted.graph(), profile);
  for (size_t i = 0; i < shares.size() && profile.runs > 0; ++i) {
    const double time_us = profile.kernels[i].time_us / static_cast<double>(profile.runs);
    const auto add = [&](const std::string& path, double part_us) {
      if (const auto row = rows.find(path); row != rows.end())
        row->second.time_us = Measure(row->second.time_us.value_or(0) + part_us);
    };
    if (shares[i].empty()) add(modules.modules()[0].path, time_us);
    for (const KernelShare& share : shares[i]) {
      const auto sharing = modules.modules_of(*share.node);
      for (const ModuleInfo* info : sharing)
        add(info->path, time_us * share.part / static_cast<double>(sharing.size()));
    }
  }
  for (const auto& [path, message] : division.failed_modules) {
    const auto row = rows.find(path);
    if (row == rows.end()) continue;
    row->second.status = ModuleStatus::Failed;
    row->second.error = message;
    row->second.num_errors = 1;
  }
  for (const std::string& path : order) report.modules.push_back(rows.at(path));
  report.model.macs = macs_known ? Measure(static_cast<double>(total_macs))
                                 : Measure::none("shapes are not static");
  ReportCoverage& coverage = report.coverage;
  const PartitionCounts& counts = division.counts;
  coverage.modules_total = static_cast<int64_t>(report.modules.size());
  coverage.modules_converted = std::count_if(
      report.modules.begin(), report.modules.end(),
      [](const ReportModule& module) { return module.status == ModuleStatus::Converted; });
  coverage.engines = static_cast<int64_t>(counts.engines);
  coverage.nodes_total = static_cast<int64_t>(counts.nodes_total);
  coverage.nodes_on_target = static_cast<int64_t>(counts.nodes_on_target);
  coverage.macs_on_target_fraction =
      counts.macs_total > 0 ? Measure(static_cast<double>(counts.macs_on_target) /
                                      static_cast<double>(counts.macs_total))
      : division.is_whole   ? Measure(1.0)
                            : Measure::none("no node multiplies, or shapes are not static");
}

void report_accuracy(Report& report, const std::vector<MetricValue>& values) {
  for (const MetricValue& value : values) {
    ReportAccuracy row;
    row.metric =
        value.output.empty() ? value.name : value.name + " of " + to_valid_utf8(value.output);
    row.baseline = value.baseline ? Measure(*value.baseline) : Measure::none(value.reason);
    row.converted = value.converted ? Measure(*value.converted) : Measure::none(value.reason);
    row.n = value.n;
    if (value.interval)
      row.interval = {(*value.interval)[0], (*value.interval)[1]};
    else
      row.interval_reason = value.reason.empty() ? "too few samples to resample" : value.reason;
    report.accuracy.push_back(std::move(row));
  }
}

void report_latency(Report& report, const Timing& baseline, const Timing& converted) {
  report.latency.baseline_ms = Measure(baseline.median_ms());
  report.latency.converted_ms = Measure(converted.median_ms());
  report.latency.p95_ms = Measure(converted.p95_ms());
  report.latency.runs = static_cast<int64_t>(converted.wall_ms.size());
  report.latency.baseline_samples_ms = baseline.wall_ms;
  report.latency.converted_samples_ms = converted.wall_ms;
}

void report_kernels(Report& report, const Profile& profile) {
  std::map<std::string, int64_t> counts;
  for (const KernelRecord& kernel : profile.kernels) ++counts[kernel.op_type];
  report.kernels.executed.assign(counts.begin(), counts.end());
  if (counts.empty()) report.kernels.unproven = "the engine's profile named no kernel";
}

void report_environment(Report& report, const std::string& engine_version, int threads,
                        uint64_t seed) {
  report.environment = {
      {"acuate", kVersion},
      {"engine", engine_version},
      {"onnx", onnx_library_version()},
      {"cpu", cpu_model()},
      {"cpus", std::to_string(std::thread::hardware_concurrency())},
      {"threads", threads == 0 ? "all" : std::to_string(threads)},
      {"seed", std::to_string(seed)},
  };
}

std::vector<Finding> findings_of_execution(const Quantized& quantized, const Profile& profile,
                                           const std::string& target) {
  std::vector<Finding> findings;
  std::set<std::string, std::less<>> in_float;
  for (const KernelRecord& kernel : profile.kernels)
    if (is_float_convolution(kernel.op_type)) {
      in_float.insert(kernel.origins.begin(), kernel.origins.end());
      if (kernel.origins.empty()) in_float.emplace(without_engine_suffix(kernel.node));
    }
  Finding silent = new_finding("float_convolution");
  silent.target = target;
  silent.cause =
      "Planned in 8 bits, but the engine ran it in float: it found no integer kernel for this "
      "form.";
  silent.stage = "evaluate";
  for (const std::string& anchor : quantized.anchors)
    if (in_float.count(anchor) > 0) silent.nodes.push_back(anchor);
  silent.evidence =
      fmt::format("{} of {} convolutions and matrix products, by the engine's profile",
                  silent.nodes.size(), quantized.anchors.size());
  if (!silent.nodes.empty()) findings.push_back(std::move(silent));
  std::map<std::string, std::vector<std::string>> kept;
  for (const auto& [node, reason] : quantized.kept_float) kept[reason].push_back(node);
  for (auto& [reason, nodes] : kept) {
    Finding finding = new_finding("kept_float");
    finding.target = target;
    finding.cause = "Stays in float while the rest runs in 8 bits.";
    finding.evidence = reason;
    finding.nodes = std::move(nodes);
    finding.stage = "quantize";
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace acuate
