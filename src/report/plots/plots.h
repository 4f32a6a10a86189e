#pragma once

#include <string>
#include <vector>

#include "report/plots/figure.h"
#include "report/report.h"

// The pictures of quantization. Each is empty where there is nothing to draw.
namespace acuate {

// A row of the picture below: a range, whose it is, and whether the network has it.
struct PlottedRange {
  std::string label;
  const char* tone;  // class of plots.css
  Measure min, max, sqnr_db;
  bool chosen = false;
};
// What the tensor has first, then what the other methods would give it, the best first.
std::vector<PlottedRange> plotted_ranges(const ReportTensor& tensor);

// Counts on a log scale over the values, what is clipped in red, and below it the range of every
// method with its SQNR, whose ends are dashed lines above. Ends far outside the values are arrows.
std::string histogram_plot(const ReportTensor& tensor, PlotForm form);

// Channels whose values reach more than this many times as far as those of the median channel.
inline constexpr double kWildChannel = 4;
// From the least to the greatest value of each channel of a weight; wild ones in red.
std::string channels_plot(const ReportTensor& tensor, PlotForm form);
// In words: how many channels, how far the widest reaches, how many are wild.
std::string channels_text(const ReportChannels& channels);

// SQNR of each activation in the order of the graph: in the network, and of its own grid alone;
// those of more than 8 bits in a hybrid are marked.
std::string depth_plot(const ReportQuantization& quantization, PlotForm form);

// Noise at the outputs over the share of promoted activations: measured, predicted, chosen.
std::string trade_off_plot(const ReportHybrid& hybrid, PlotForm form);

}  // namespace acuate
