#pragma once

#include <map>
#include <string>

#include "convert/emit.h"
#include "convert/options.h"
#include "convert/samples.h"
#include "evaluate/metric.h"
#include "graph/model.h"
#include "graph/module_tree.h"
#include "quantize/quantize.h"
#include "report/report.h"
#include "runtime/timing.h"
#include "targets/engine.h"

namespace acuate {

// The parts of a report from what the stages know. Each fills its members and leaves the rest.

// `converted` is the graph before quantization: its nodes are still the user's.
void report_model(Report& report, const Model& original, const Model& fixed,
                  const Model& converted);
// What each way to divide the model was predicted to bring.
void report_division(Report& report, const Division& division);
// One row for each module of the user's program: converted where all of it is on the target.
// `modules` are those of the user's model (ModelModuleTree::carried_over). A node that came of
// several counts as one in each, and gives each the same part of its time; what it multiplies and
// its weights are the first one's, which took the others in. `file_of_node` tells the piece that
// has a node; empty: one file has all. Times are given by attribute_kernels().
void report_modules(Report& report, const Model& converted, const ModelModuleTree& modules,
                    const Division& division,
                    const std::map<std::string, std::string, std::less<>>& file_of_node,
                    const Profile& profile);
void report_accuracy(Report& report, const std::vector<MetricValue>& values);
void report_latency(Report& report, const Timing& baseline, const Timing& converted);
void report_quantization(Report& report, const Model& converted, const ModelModuleTree& modules,
                         const Quantized& quantized);
// Measures the noise of the quantized network at each activation that stands in the report, on a
// few samples (measure_drift()); without them, or where it cannot be measured, the reason.
void report_depth(Report& report, const Quantized& quantized, const Target& target,
                  const Samples& samples, const ConvertOptions& options);
// Gives each module's row the noise of the last activation that the network has in it, in the order
// of the graph: its result. After report_depth() and report_modules().
void report_module_noise(Report& report);
void report_kernels(Report& report, const Profile& profile);
// Versions and machine that the numbers depend on.
void report_environment(Report& report, const std::string& engine_version, int threads,
                        uint64_t seed);

// What was planned in integers but ran in float (float_convolution), and what was left in float on
// purpose (kept_float), each with its nodes.
std::vector<Finding> findings_of_execution(const Quantized& quantized, const Profile& profile,
                                           const std::string& target);

}  // namespace acuate
