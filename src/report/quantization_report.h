#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/measure.h"

namespace acuate {

// What a report tells of quantization: every tensor with its grid, and what was tried.

// Equal bins from `min` to `max`. report/histogram.h makes one of unequal bins.
struct ReportHistogram {
  double min = 0;
  double max = 0;
  std::vector<int64_t> counts;
  bool operator==(const ReportHistogram&) const = default;
};

// The range that a method would give a tensor, on the tensor's own scheme.
struct ReportRange {
  std::string method;  // as --range takes it
  double min = 0;      // of the representable values
  double max = 0;
  Measure sqnr_db;
};

// The values of a weight by channel, of one size.
struct ReportChannels {
  std::vector<double> min;
  std::vector<double> max;
  bool operator==(const ReportChannels&) const = default;
};

struct ReportTensor {
  std::string name;
  std::string kind;    // activation | weight | bias
  std::string module;  // of its producer; empty: none
  std::string scheme;
  int64_t bits = 8;
  std::optional<int64_t> axis;      // per channel along it; none: per tensor
  std::vector<double> scale;        // one, or one for each channel
  std::vector<int64_t> zero_point;  // one, or one for each channel
  Measure range_min;                // of the representable values; the widest channel's
  Measure range_max;
  std::string range_method;
  Measure sqnr_db;  // of its own grid, on the float network's values
  // Of what the quantized network computes here, with all the noise from further up.
  Measure network_sqnr_db;
  Measure clipped_fraction;  // 0…1
  std::optional<ReportHistogram> histogram;
  std::vector<ReportRange> methods;        // all of them; empty: per channel, or not measured
  std::optional<ReportChannels> channels;  // of weights with more than one
};

// What a way to win accuracy back without training did, or would have done.
struct ReportRecovery {
  std::string id;
  int64_t places = 0;  // that it changed
  bool used = false;
  Measure gain_db;  // less noise at the outputs, on samples that it had not seen
};

// Grids of activations that were tried for the whole network, before any was recovered.
struct ReportGrids {
  std::string scheme;  // of activations
  std::string range;   // the method
  bool used = false;
  Measure sqnr_db;  // at the outputs, on samples that the ranges had not seen
};

// A point of the trade-off between width and noise.
struct ReportHybridPoint {
  int64_t promoted = 0;        // activations
  double share = 0;            // of the planned activations, 0…1
  double macs_8bit_share = 0;  // of the planned layers' multiply-accumulates, 0…1
  Measure predicted_sqnr_db;   // at the outputs
  Measure sqnr_db;             // the same of the emitted form
  // What --max-drop asked of it, by metric; empty: not judged.
  std::vector<std::pair<std::string, double>> metrics = {};
};

struct ReportHybrid {
  std::string scheme;  // of promoted activations
  int64_t promoted = 0;
  int64_t activations = 0;
  bool accepted = true;                  // false: what was required is not reached
  std::vector<ReportHybridPoint> curve;  // by `promoted`, ascending
};

struct ReportQuantization {
  std::vector<ReportTensor> tensors;     // in the order of the graph
  std::vector<ReportGrids> grids;        // in the order of trial; empty: they were given
  std::vector<ReportRecovery> recovery;  // in the order of trial
  std::optional<ReportHybrid> hybrid;    // where one was asked for
};

}  // namespace acuate
