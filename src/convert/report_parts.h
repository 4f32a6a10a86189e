#pragma once

#include "evaluate/metric.h"
#include "graph/model.h"
#include "quantize/quantize.h"
#include "report/report.h"
#include "runtime/timing.h"
#include "targets/engine.h"

namespace acuate {

// The parts of a report from what the stages know. Each fills its members and leaves the rest.

// `converted` is the graph before quantization: its nodes are still the user's.
void report_model(Report& report, const Model& original, const Model& fixed,
                  const Model& converted);
// One row for each module of the user's program; all are on `engine`. Times are given to modules by
// the kernels' node names.
void report_modules(Report& report, const Model& converted, const std::string& engine,
                    const Profile& profile);
void report_accuracy(Report& report, const std::vector<MetricValue>& values);
void report_latency(Report& report, const Timing& baseline, const Timing& converted);
void report_quantization(Report& report, const Model& converted, const Quantized& quantized);
void report_kernels(Report& report, const Profile& profile);
// Versions and machine that the numbers depend on.
void report_environment(Report& report, const std::string& engine_version, int threads,
                        uint64_t seed);

// What was planned in integers but ran in float (float_convolution), and what was left in float on
// purpose (kept_float), each with its nodes.
std::vector<Finding> findings_of_execution(const Quantized& quantized, const Profile& profile,
                                           const std::string& target);

}  // namespace acuate
