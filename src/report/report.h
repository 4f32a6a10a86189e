#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diagnose/finding.h"
#include "report/measure.h"
#include "report/quantization_report.h"

// The content of `report.json`, schema_version 1: plain data, filled by the pipeline and rendered
// by the writers. docs/report.md gives the meaning and unit of every field.
namespace acuate {

// One dimension: a size, a symbol ("batch"), or, with neither, unknown.
struct ReportDim {
  std::optional<int64_t> size;
  std::string symbol;
  bool operator==(const ReportDim&) const = default;
};
using ReportShape = std::optional<std::vector<ReportDim>>;  // none: the rank is unknown

struct ReportPort {
  std::string name;
  std::string type;  // as element_type names it: "float32", "uint8"
  ReportShape shape_before;
  ReportShape shape_after;
  bool operator==(const ReportPort&) const = default;
};

struct ReportOpset {
  std::string domain;  // empty: ai.onnx
  int64_t version = 0;
  bool operator==(const ReportOpset&) const = default;
};

struct ReportModel {
  std::string path;
  std::string hash;  // content hash of the file, 32 hex digits
  int64_t size_bytes = 0;
  Measure converted_size_bytes;  // all modules and engines of the artifact
  std::vector<ReportPort> inputs;
  std::vector<ReportPort> outputs;
  int64_t nodes_before = 0;
  int64_t nodes_after = 0;
  int64_t parameters = 0;
  Measure macs;  // multiply-accumulates of one inference
  std::vector<ReportOpset> opset;
  std::string producer;  // name and version as the file gives them; empty: not given
};

struct ReportTarget {
  std::string id;         // "onnxruntime"
  std::string engine;     // "ONNX Runtime"
  std::string version;    // of the engine
  std::string device;     // "CPU"
  std::string precision;  // fp32 | fp16 | bf16 | int8
  std::string scheme;     // of quantization; empty: not quantized
};

// A way to divide the model between target and host, as it was predicted before conversion.
struct ReportOption {
  std::string id;  // host | everything | largest | chosen
  int64_t engines = 0;
  int64_t nodes_on_target = 0;
  Measure predicted_ms;  // of one inference; none without a cost table
};

struct ReportCoverage {
  int64_t modules_converted = 0;
  int64_t modules_total = 0;
  int64_t engines = 0;
  int64_t nodes_on_target = 0;
  int64_t nodes_total = 0;
  Measure macs_on_target_fraction;    // 0…1
  std::vector<ReportOption> options;  // empty: nothing had to be divided
};

enum class ModuleStatus { Converted, Host, Ignored, Failed };

struct ReportModule {
  std::string
      path;  // "backbone.stage1.conv"; parts are joined by `/` where it has one, else by `.`
  std::string type;  // `class` in the file: "Conv2d", or the operator of a lone node
  ModuleStatus status = ModuleStatus::Host;
  std::string engine;            // file of the artifact that runs it; empty: none
  std::optional<int64_t> calls;  // in one inference, where the program that was exported says so
  int64_t nodes = 0;
  Measure macs;
  int64_t parameters = 0;
  Measure time_us;  // device time of one inference
  Measure sqnr_db;  // at the module's outputs, against the float model
  Measure cosine;
  std::string error;  // first message of failure; empty: none
  int64_t num_errors = 0;
};

// One metric; the first one of a report is its headline.
struct ReportAccuracy {
  std::string metric;
  Measure baseline;
  Measure converted;
  int64_t n = 0;                                      // evaluation samples
  std::optional<std::pair<double, double>> interval;  // 95 %, of `converted`
  std::string interval_reason;                        // why there is none
};

struct ReportLatency {
  Measure baseline_ms;                      // median
  Measure converted_ms;                     // median
  Measure p95_ms;                           // of the converted model
  int64_t runs = 0;                         // of each
  std::vector<double> baseline_samples_ms;  // may be left empty, as may the next
  std::vector<double> converted_samples_ms;
};

// What it cost to fill up the inputs to one size; of the model before it was converted.
struct ReportPadding {
  std::vector<std::pair<std::string, int64_t>> sizes;        // by the axes' symbol
  std::vector<std::pair<std::string, std::string>> fills;    // what is filled in, by input
  std::vector<std::pair<std::string, std::string>> outputs;  // what is done to them afterwards
  Measure padded_ms;  // median, in turn with ReportLatency::baseline_ms
  Measure sqnr_db;    // of the worst output, against the model without padding
  std::vector<std::pair<std::string, double>> metrics;  // ReportAccuracy::baseline, padded
};

// What the engine was seen to execute, or why that could not be seen.
struct ReportKernels {
  std::vector<std::pair<std::string, int64_t>> executed;  // kernel type, count
  std::string unproven = "not measured";                  // read only where `executed` is empty
};

// An engine and precision that `--target auto` or `--precision auto` tried.
struct ReportCandidate {
  std::string target, precision;
  std::string status;  // chosen | slower | refused (by --max-drop) | failed
  Measure latency_ms;  // median, all candidates in turn
  Measure cpu_ms;      // of all threads
  std::string reason;  // of what was refused or failed
};

struct ReportStage {
  std::string name;
  double seconds = 0;
  Measure peak_rss_bytes;
};

struct Report {
  static constexpr int kSchemaVersion = 1;

  ReportModel model;
  ReportTarget target;
  ReportCoverage coverage;
  std::vector<Finding> findings;
  std::vector<ReportModule> modules;
  std::vector<ReportAccuracy> accuracy;
  ReportLatency latency;
  std::optional<ReportPadding> padding = {};  // none: inputs are taken as they come
  std::vector<ReportCandidate> candidates =
      {};  // in the order of trial; empty where nothing was to choose
  ReportQuantization quantization;
  ReportKernels kernels;
  std::vector<ReportStage> stages;
  std::vector<std::pair<std::string, std::string>> environment;  // in the order of display
};

}  // namespace acuate
