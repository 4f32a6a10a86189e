#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "report/names.h"
#include "report/writer.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

// Walks a JSON value and remembers the first thing that is wrong; what is asked for after that is
// empty, so that the readers below need no checks of their own.
class Reader {
 public:
  Reader(const Json* value, std::string path, std::optional<Error>* error)
      : value_(value), path_(std::move(path)), error_(error) {}

  Reader member(const char* name) const {
    Reader child(nullptr, path_.empty() ? name : path_ + "." + name, error_);
    if (value_ == nullptr) return child;
    if (!value_->is_object()) {
      expected("an object");
    } else if (auto it = value_->find(name); it != value_->end()) {
      child.value_ = &*it;
    } else {
      child.report("is missing");
    }
    return child;
  }

  bool has(const char* name) const {
    return value_ != nullptr && value_->is_object() && value_->contains(name);
  }
  bool boolean() const {
    if (value_ != nullptr && value_->is_boolean()) return value_->get<bool>();
    expected("true or false");
    return false;
  }
  bool is_null() const { return value_ == nullptr || value_->is_null(); }
  bool is_text() const { return value_ != nullptr && value_->is_string(); }

  std::string text() const {
    if (value_ != nullptr && value_->is_string()) return value_->get<std::string>();
    return expected("a string"), "";
  }
  int64_t integer() const {
    if (value_ != nullptr && value_->is_number_integer()) return value_->get<int64_t>();
    return expected("an integer"), 0;
  }
  double number() const {
    if (value_ != nullptr && value_->is_number()) return value_->get<double>();
    return expected("a number"), 0;
  }

  // The number `name` of this object, or none with its entry of the object's `reason`.
  Measure measure(const char* name) const {
    const Reader child = member(name);
    if (!child.is_null()) return child.number();
    return Measure::none(reason(name));
  }
  std::string reason(const char* name) const {
    return has("reason") && member("reason").has(name) ? member("reason").member(name).text() : "";
  }

  template <class Function>
  auto list(Function&& read) const {
    std::vector<decltype(read(*this))> items;
    if (value_ != nullptr && !value_->is_array()) expected("an array");
    for (size_t i = 0; value_ != nullptr && value_->is_array() && i < value_->size(); ++i) {
      items.push_back(read(Reader(&(*value_)[i], path_ + "[" + std::to_string(i) + "]", error_)));
    }
    return items;
  }

  template <class Function>
  void each_member(Function&& read) const {
    if (value_ != nullptr && !value_->is_object()) expected("an object");
    if (value_ == nullptr || !value_->is_object()) return;
    for (const auto& [key, item] : value_->items()) {
      read(key, Reader(&item, path_ + "." + key, error_));
    }
  }

  void expected(const std::string& what) const {
    if (value_ != nullptr) report("expected " + what + ", found " + excerpt());
  }

 private:
  void report(const std::string& what) const {
    if (!*error_) *error_ = fail("the report's member '{}': {}", to_valid_utf8(path_), what);
  }
  std::string excerpt() const {
    std::string text = value_->dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() > 40 ? text.substr(0, 40) + "…" : text;
  }

  const Json* value_;
  std::string path_;
  std::optional<Error>* error_;
};

std::string read_text(const Reader& json) { return json.text(); }
double read_number(const Reader& json) { return json.is_null() ? std::nan("") : json.number(); }
int64_t read_integer(const Reader& json) { return json.integer(); }

std::optional<double> read_optional(const Reader& json) {
  return json.is_null() ? std::nullopt : std::optional(json.number());
}

ReportDim read_dim(const Reader& json) {
  if (json.is_null()) return {};
  return json.is_text() ? ReportDim{{}, json.text()} : ReportDim{json.integer(), ""};
}

ReportShape read_shape(const Reader& json) {
  if (json.is_null()) return std::nullopt;
  return json.list(read_dim);
}

ReportPort read_port(const Reader& json) {
  return {json.member("name").text(), json.member("type").text(),
          read_shape(json.member("shape_before")), read_shape(json.member("shape_after"))};
}

ReportOpset read_opset(const Reader& json) {
  return {json.member("domain").text(), json.member("version").integer()};
}

ReportModel read_model(const Reader& json) {
  ReportModel model;
  model.path = json.member("path").text();
  model.hash = json.member("hash").text();
  model.size_bytes = json.member("size_bytes").integer();
  model.converted_size_bytes = json.measure("converted_size_bytes");
  model.inputs = json.member("inputs").list(read_port);
  model.outputs = json.member("outputs").list(read_port);
  model.nodes_before = json.member("nodes_before").integer();
  model.nodes_after = json.member("nodes_after").integer();
  model.parameters = json.member("parameters").integer();
  model.macs = json.measure("macs");
  model.opset = json.member("opset").list(read_opset);
  model.producer = json.member("producer").text();
  return model;
}

ReportTarget read_target(const Reader& json) {
  return {json.member("id").text(),        json.member("engine").text(),
          json.member("version").text(),   json.member("device").text(),
          json.member("precision").text(), json.member("scheme").text()};
}

ReportOption read_option(const Reader& json) {
  return {json.member("id").text(), json.member("engines").integer(),
          json.member("nodes_on_target").integer(), json.measure("predicted_ms")};
}

ReportCoverage read_coverage(const Reader& json) {
  std::vector<ReportOption> options;
  if (json.has("options")) options = json.member("options").list(read_option);
  return {json.member("modules_converted").integer(),
          json.member("modules_total").integer(),
          json.member("engines").integer(),
          json.member("nodes_on_target").integer(),
          json.member("nodes_total").integer(),
          json.measure("macs_on_target_fraction"),
          std::move(options)};
}

Finding read_finding(const Reader& json) {
  Finding finding;
  finding.id = json.member("id").text();
  const Reader severity = json.member("severity");
  if (auto parsed = parse_severity(severity.text()))
    finding.severity = *parsed;
  else
    severity.expected("error, warning or info");
  finding.target = json.member("target").text();
  finding.module = json.member("module").text();
  if (json.has("modules")) finding.modules = json.member("modules").list(read_text);
  finding.nodes = json.member("nodes").list(read_text);
  finding.cause = json.member("cause").text();
  finding.evidence = json.member("evidence").text();
  finding.fix = json.member("fix").list(read_text);
  const Reader worth = json.member("worth");
  finding.worth = {read_optional(worth.member("coverage")), read_optional(worth.member("engines")),
                   read_optional(worth.member("ms"))};
  if (json.has("stage")) finding.stage = json.member("stage").text();
  return finding;
}

ReportModule read_module(const Reader& json) {
  ReportModule module;
  module.path = json.member("path").text();
  module.type = json.member("class").text();
  const Reader status = json.member("status");
  if (auto parsed = parse_module_status(status.text()))
    module.status = *parsed;
  else
    status.expected("converted, host, ignored or failed");
  const Reader engine = json.member("engine");
  if (!engine.is_null()) module.engine = engine.text();
  module.nodes = json.member("nodes").integer();
  if (json.has("calls")) module.calls = json.member("calls").integer();
  module.macs = json.measure("macs");
  module.parameters = json.member("parameters").integer();
  module.time_us = json.measure("time_us");
  module.sqnr_db = json.measure("sqnr_db");
  module.cosine = json.measure("cosine");
  module.error = json.member("error").text();
  module.num_errors = json.member("num_errors").integer();
  return module;
}

ReportAccuracy read_accuracy(const std::string& metric, const Reader& json) {
  ReportAccuracy row;
  row.metric = metric;
  row.baseline = json.measure("baseline");
  row.converted = json.measure("converted");
  row.n = json.member("n").integer();
  const Reader interval = json.member("interval");
  if (interval.is_null()) {
    row.interval_reason = json.reason("interval");
  } else if (auto ends = interval.list(read_number); ends.size() == 2) {
    row.interval = {ends[0], ends[1]};
  } else {
    interval.expected("two numbers");
  }
  return row;
}

ReportLatency read_latency(const Reader& json) {
  return {json.measure("baseline_ms"),
          json.measure("converted_ms"),
          json.measure("p95_ms"),
          json.member("runs").integer(),
          json.member("baseline_samples_ms").list(read_number),
          json.member("converted_samples_ms").list(read_number)};
}

ReportPadding read_padding(const Reader& json) {
  ReportPadding padding;
  json.member("sizes").each_member([&](const std::string& symbol, const Reader& size) {
    padding.sizes.emplace_back(symbol, size.integer());
  });
  json.member("fills").each_member([&](const std::string& input, const Reader& value) {
    padding.fills.emplace_back(input, value.text());
  });
  json.member("outputs").each_member([&](const std::string& output, const Reader& how) {
    padding.outputs.emplace_back(output, how.text());
  });
  padding.padded_ms = json.measure("padded_ms");
  padding.sqnr_db = json.measure("sqnr_db");
  json.member("metrics").each_member([&](const std::string& metric, const Reader& value) {
    padding.metrics.emplace_back(metric, read_number(value));
  });
  return padding;
}

ReportCandidate read_candidate(const Reader& json) {
  return {json.member("target").text(), json.member("precision").text(),
          json.member("status").text(), json.measure("latency_ms"),
          json.measure("cpu_ms"),       json.member("why").text()};
}

ReportHistogram read_histogram(const Reader& json) {
  return {json.member("min").number(), json.member("max").number(),
          json.member("counts").list(read_integer)};
}

ReportRange read_range(const Reader& json) {
  return {json.member("method").text(), json.member("min").number(), json.member("max").number(),
          json.measure("sqnr_db")};
}

ReportTensor read_tensor(const Reader& json) {
  ReportTensor tensor;
  tensor.name = json.member("name").text();
  tensor.kind = json.member("kind").text();
  tensor.module = json.member("module").text();
  tensor.scheme = json.member("scheme").text();
  tensor.bits = json.member("bits").integer();
  const Reader axis = json.member("axis");
  if (!axis.is_null()) tensor.axis = axis.integer();
  tensor.scale = json.member("scale").list(read_number);
  tensor.zero_point = json.member("zero_point").list(read_integer);
  tensor.range_min = json.measure("range_min");
  tensor.range_max = json.measure("range_max");
  tensor.range_method = json.member("range_method").text();
  tensor.sqnr_db = json.measure("sqnr_db");
  tensor.clipped_fraction = json.measure("clipped_fraction");
  const Reader histogram = json.member("histogram");
  if (!histogram.is_null()) tensor.histogram = read_histogram(histogram);
  if (json.has("network_sqnr_db")) tensor.network_sqnr_db = json.measure("network_sqnr_db");
  if (json.has("methods")) tensor.methods = json.member("methods").list(read_range);
  if (json.has("channels")) {
    const Reader channels = json.member("channels");
    tensor.channels = {channels.member("min").list(read_number),
                       channels.member("max").list(read_number)};
    if (tensor.channels->min.size() != tensor.channels->max.size())
      channels.expected("as many minima as maxima");
  }
  return tensor;
}

ReportRecovery read_recovery(const Reader& json) {
  return {json.member("id").text(), json.member("places").integer(), json.member("used").boolean(),
          json.measure("gain_db")};
}

ReportGrids read_grids(const Reader& json) {
  return {json.member("scheme").text(), json.member("range").text(), json.member("used").boolean(),
          json.measure("sqnr_db")};
}

ReportHybridPoint read_hybrid_point(const Reader& json) {
  ReportHybridPoint point{json.member("promoted").integer(), json.member("share").number(),
                          json.member("macs_8bit_share").number(),
                          json.measure("predicted_sqnr_db"), json.measure("sqnr_db")};
  if (json.has("metrics"))
    json.member("metrics").each_member([&](const std::string& metric, const Reader& value) {
      point.metrics.emplace_back(metric, read_number(value));
    });
  return point;
}

ReportHybrid read_hybrid(const Reader& json) {
  return {json.member("scheme").text(), json.member("promoted").integer(),
          json.member("activations").integer(), json.member("accepted").boolean(),
          json.member("curve").list(read_hybrid_point)};
}

ReportStage read_stage(const Reader& json) {
  return {json.member("name").text(), json.member("seconds").number(),
          json.measure("peak_rss_bytes")};
}

}  // namespace

Result<Report> parse_report(std::string_view json_text) {
  const Json root = Json::parse(json_text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return fail("the report is not JSON, or was cut off");
  std::optional<Error> error;
  const Reader json(&root, "", &error);
  const int64_t version = json.member("schema_version").integer();
  if (error) return *error;
  if (version != Report::kSchemaVersion) {
    return fail("the report has schema_version {}, this acuate reads {}; convert the model again",
                version, Report::kSchemaVersion);
  }
  Report report;
  report.model = read_model(json.member("model"));
  report.target = read_target(json.member("target"));
  report.coverage = read_coverage(json.member("coverage"));
  report.findings = json.member("findings").list(read_finding);
  report.modules = json.member("modules").list(read_module);
  json.member("accuracy").each_member([&](const std::string& metric, const Reader& row) {
    report.accuracy.push_back(read_accuracy(metric, row));
  });
  report.latency = read_latency(json.member("latency"));
  if (json.has("padding")) report.padding = read_padding(json.member("padding"));
  // Reports of earlier versions have none.
  if (json.has("candidates")) report.candidates = json.member("candidates").list(read_candidate);
  const Reader quantization = json.member("quantization");
  report.quantization.tensors = quantization.member("tensors").list(read_tensor);
  if (quantization.has("grids"))
    report.quantization.grids = quantization.member("grids").list(read_grids);
  report.quantization.recovery = quantization.member("recovery").list(read_recovery);
  const Reader hybrid = quantization.member("hybrid");
  if (!hybrid.is_null()) report.quantization.hybrid = read_hybrid(hybrid);
  const Reader kernels = json.member("kernels");
  kernels.each_member([&](const std::string& type, const Reader& count) {
    if (type == "unproven")
      report.kernels.unproven = count.text();
    else
      report.kernels.executed.emplace_back(type, count.integer());
  });
  report.stages = json.member("stages").list(read_stage);
  json.member("environment").each_member([&](const std::string& name, const Reader& value) {
    report.environment.emplace_back(name, value.text());
  });
  if (error) return *error;
  return report;
}

}  // namespace acuate
