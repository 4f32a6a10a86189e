#include <cmath>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/names.h"
#include "report/writer.h"

// `report.json` itself. Members stand in the order of the schema and every finding, module and
// tensor is one line, so that two reports can be compared line by line.
namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

void set_reason(Json& object, const char* member, const std::string& reason) {
  object["reason"][member] = reason;
}

// A number, or null with its entry in the object's `reason`.
void set(Json& object, const char* member, const Measure& measure) {
  object[member] = measure ? Json(*measure) : Json(nullptr);
  if (!measure) set_reason(object, member, measure.reason());
}

// As above for what is counted: an integer where the value is one.
void set_count(Json& object, const char* member, const Measure& measure) {
  set(object, member, measure);
  const double value = measure.value_or(0.5);
  if (std::abs(value) < 9e15 && value == std::trunc(value)) {
    object[member] = static_cast<int64_t>(value);
  }
}

Json write(const ReportShape& shape) {
  if (!shape) return nullptr;
  Json dims = Json::array();
  for (const ReportDim& dim : *shape) {
    if (dim.size)
      dims.push_back(*dim.size);
    else if (!dim.symbol.empty())
      dims.push_back(dim.symbol);
    else
      dims.push_back(nullptr);
  }
  return dims;
}

Json write(const std::vector<ReportPort>& ports) {
  Json result = Json::array();
  for (const ReportPort& port : ports) {
    result.push_back({{"name", port.name},
                      {"type", port.type},
                      {"shape_before", write(port.shape_before)},
                      {"shape_after", write(port.shape_after)}});
  }
  return result;
}

Json write(const ReportModel& model) {
  Json object = {{"path", model.path}, {"hash", model.hash}, {"size_bytes", model.size_bytes}};
  set_count(object, "converted_size_bytes", model.converted_size_bytes);
  object["inputs"] = write(model.inputs);
  object["outputs"] = write(model.outputs);
  object["nodes_before"] = model.nodes_before;
  object["nodes_after"] = model.nodes_after;
  object["parameters"] = model.parameters;
  set_count(object, "macs", model.macs);
  object["opset"] = Json::array();
  for (const ReportOpset& opset : model.opset) {
    object["opset"].push_back({{"domain", opset.domain}, {"version", opset.version}});
  }
  object["producer"] = model.producer;
  return object;
}

Json write(const ReportTarget& target) {
  return {{"id", target.id},         {"engine", target.engine},       {"version", target.version},
          {"device", target.device}, {"precision", target.precision}, {"scheme", target.scheme}};
}

Json write(const ReportOption& option) {
  Json object = {
      {"id", option.id}, {"engines", option.engines}, {"nodes_on_target", option.nodes_on_target}};
  set(object, "predicted_ms", option.predicted_ms);
  return object;
}

Json write(const ReportCoverage& coverage) {
  Json object = {{"modules_converted", coverage.modules_converted},
                 {"modules_total", coverage.modules_total},
                 {"engines", coverage.engines},
                 {"nodes_on_target", coverage.nodes_on_target},
                 {"nodes_total", coverage.nodes_total}};
  set(object, "macs_on_target_fraction", coverage.macs_on_target_fraction);
  for (const ReportOption& option : coverage.options) object["options"].push_back(write(option));
  return object;
}

Json write(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json write(const Finding& finding) {
  Json object = {{"id", finding.id},
                 {"severity", severity_name(finding.severity)},
                 {"target", finding.target},
                 {"module", finding.module},
                 {"nodes", finding.nodes},
                 {"cause", finding.cause},
                 {"evidence", finding.evidence},
                 {"fix", finding.fix},
                 {"worth",
                  {{"coverage", write(finding.worth.coverage)},
                   {"engines", write(finding.worth.engines)},
                   {"ms", write(finding.worth.ms)}}}};
  if (!finding.modules.empty()) object["modules"] = finding.modules;
  if (!finding.stage.empty()) object["stage"] = finding.stage;
  return object;
}

Json write(const ReportModule& module) {
  Json object = {{"path", module.path},
                 {"class", module.type},
                 {"status", module_status_name(module.status)},
                 {"engine", module.engine.empty() ? Json(nullptr) : Json(module.engine)},
                 {"nodes", module.nodes}};
  if (module.calls) object["calls"] = *module.calls;
  set_count(object, "macs", module.macs);
  object["parameters"] = module.parameters;
  set(object, "time_us", module.time_us);
  set(object, "sqnr_db", module.sqnr_db);
  set(object, "cosine", module.cosine);
  object["error"] = module.error;
  object["num_errors"] = module.num_errors;
  return object;
}

Json write(const ReportAccuracy& accuracy) {
  Json object = Json::object();
  set(object, "baseline", accuracy.baseline);
  set(object, "converted", accuracy.converted);
  object["n"] = accuracy.n;
  if (accuracy.interval) {
    object["interval"] = {accuracy.interval->first, accuracy.interval->second};
  } else {
    object["interval"] = nullptr;
    set_reason(object, "interval",
               accuracy.interval_reason.empty() ? "not measured" : accuracy.interval_reason);
  }
  return object;
}

Json write(const ReportLatency& latency) {
  Json object = Json::object();
  set(object, "baseline_ms", latency.baseline_ms);
  set(object, "converted_ms", latency.converted_ms);
  set(object, "p95_ms", latency.p95_ms);
  object["runs"] = latency.runs;
  object["baseline_samples_ms"] = latency.baseline_samples_ms;
  object["converted_samples_ms"] = latency.converted_samples_ms;
  return object;
}

template <typename Value>
Json write_members(const std::vector<std::pair<std::string, Value>>& members) {
  Json object = Json::object();
  for (const auto& [name, value] : members) object[name] = value;
  return object;
}

Json write(const ReportPadding& padding) {
  Json object = {{"sizes", write_members(padding.sizes)},
                 {"fills", write_members(padding.fills)},
                 {"outputs", write_members(padding.outputs)}};
  set(object, "padded_ms", padding.padded_ms);
  set(object, "sqnr_db", padding.sqnr_db);
  object["metrics"] = write_members(padding.metrics);
  return object;
}

Json write(const ReportCandidate& candidate) {
  Json object = {{"target", candidate.target},
                 {"precision", candidate.precision},
                 {"status", candidate.status}};
  set(object, "latency_ms", candidate.latency_ms);
  set(object, "cpu_ms", candidate.cpu_ms);
  object["why"] = candidate.reason;
  return object;
}

Json write(const ReportRange& range) {
  Json object = {{"method", range.method}, {"min", range.min}, {"max", range.max}};
  set(object, "sqnr_db", range.sqnr_db);
  return object;
}

Json write(const ReportTensor& tensor) {
  Json object = {
      {"name", tensor.name},     {"kind", tensor.kind},
      {"module", tensor.module}, {"scheme", tensor.scheme},
      {"bits", tensor.bits},     {"axis", tensor.axis ? Json(*tensor.axis) : Json(nullptr)},
      {"scale", tensor.scale},   {"zero_point", tensor.zero_point}};
  set(object, "range_min", tensor.range_min);
  set(object, "range_max", tensor.range_max);
  object["range_method"] = tensor.range_method;
  set(object, "sqnr_db", tensor.sqnr_db);
  set(object, "clipped_fraction", tensor.clipped_fraction);
  object["histogram"] = nullptr;
  if (const auto& histogram = tensor.histogram) {
    object["histogram"] = {
        {"min", histogram->min}, {"max", histogram->max}, {"counts", histogram->counts}};
  }
  if (tensor.network_sqnr_db != Measure()) set(object, "network_sqnr_db", tensor.network_sqnr_db);
  for (const ReportRange& range : tensor.methods) object["methods"].push_back(write(range));
  if (const auto& channels = tensor.channels)
    object["channels"] = {{"min", channels->min}, {"max", channels->max}};
  return object;
}

Json write(const ReportRecovery& recovery) {
  Json object = {{"id", recovery.id}, {"places", recovery.places}, {"used", recovery.used}};
  set(object, "gain_db", recovery.gain_db);
  return object;
}

Json write(const ReportGrids& grids) {
  Json object = {{"scheme", grids.scheme}, {"range", grids.range}, {"used", grids.used}};
  set(object, "sqnr_db", grids.sqnr_db);
  return object;
}

Json write(const ReportHybridPoint& point) {
  Json object = {{"promoted", point.promoted},
                 {"share", point.share},
                 {"macs_8bit_share", point.macs_8bit_share}};
  set(object, "predicted_sqnr_db", point.predicted_sqnr_db);
  set(object, "sqnr_db", point.sqnr_db);
  for (const auto& [metric, value] : point.metrics)
    object["metrics"][to_valid_utf8(metric)] = std::isfinite(value) ? Json(value) : Json(nullptr);
  return object;
}

Json write(const ReportHybrid& hybrid) {
  Json curve = Json::array();
  for (const ReportHybridPoint& point : hybrid.curve) curve.push_back(write(point));
  return {{"scheme", hybrid.scheme},
          {"promoted", hybrid.promoted},
          {"activations", hybrid.activations},
          {"accepted", hybrid.accepted},
          {"curve", curve}};
}

Json write(const ReportKernels& kernels) {
  Json object = Json::object();
  for (const auto& [type, count] : kernels.executed) {
    object[type] = object.value(type, int64_t{0}) + count;
  }
  if (object.empty()) object["unproven"] = kernels.unproven;
  return object;
}

Json write(const ReportStage& stage) {
  Json object = {{"name", stage.name}, {"seconds", stage.seconds}};
  set_count(object, "peak_rss_bytes", stage.peak_rss_bytes);
  return object;
}

template <class Item>
Json write_list(const std::vector<Item>& items) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(write(item));
  return list;
}

std::string dump(const Json& value) {
  // Names come from untrusted files: bytes that are not UTF-8 become U+FFFD.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The outer `levels` of nesting one member or element a line, the rest in one line.
void append(std::string& out, const Json& value, int levels, int indent) {
  if (levels == 0 || !value.is_structured() || value.empty()) {
    out += dump(value);
    return;
  }
  const bool is_object = value.is_object();
  out += is_object ? "{" : "[";
  const char* separator = "\n";
  for (const auto& [key, item] : value.items()) {
    out += separator + std::string(indent + 1, ' ');
    if (is_object) out += dump(Json(key)) + ": ";
    append(out, item, is_object && key == "quantization" ? levels : levels - 1, indent + 1);
    separator = ",\n";
  }
  out += "\n" + std::string(indent, ' ') + (is_object ? "}" : "]");
}

std::string render(const Report& report, const RenderOptions&) {
  Json root = {{"schema_version", Report::kSchemaVersion}, {"model", write(report.model)},
               {"target", write(report.target)},           {"coverage", write(report.coverage)},
               {"findings", write_list(report.findings)},  {"modules", write_list(report.modules)}};
  root["accuracy"] = Json::object();
  for (const ReportAccuracy& row : report.accuracy) root["accuracy"][row.metric] = write(row);
  root["latency"] = write(report.latency);
  if (report.padding) root["padding"] = write(*report.padding);
  root["candidates"] = write_list(report.candidates);
  root["quantization"]["tensors"] = write_list(report.quantization.tensors);
  root["quantization"]["grids"] = write_list(report.quantization.grids);
  root["quantization"]["recovery"] = write_list(report.quantization.recovery);
  root["quantization"]["hybrid"] =
      report.quantization.hybrid ? write(*report.quantization.hybrid) : Json(nullptr);
  root["kernels"] = write(report.kernels);
  root["stages"] = write_list(report.stages);
  root["environment"] = write_members(report.environment);
  std::string out;
  append(out, root, 2, 0);
  return out + "\n";
}

}  // namespace

nlohmann::ordered_json findings_json(const std::vector<Finding>& findings) {
  return write_list(findings);
}

void register_report_json(ReportWriterRegistry& registry) {
  registry.add({"json", ".json", "the machine-readable report, by report.schema.json", render});
}

}  // namespace acuate
