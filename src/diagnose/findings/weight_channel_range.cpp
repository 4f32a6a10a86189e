#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/judge.h"
#include "diagnose/rule.h"
#include "graph/constants.h"

namespace acuate {
namespace {

constexpr double kWild = 32;     // the widest channel against one that keeps 4 of 127 steps
constexpr double kShare = 0.05;  // of the channels that is told from
constexpr size_t kFewest = 8;    // channels

// max |w| of each output channel of weights [M, …].
std::vector<double> channel_ranges(const Tensor& weight) {
  const auto values = weight.values<float>();
  const auto channels = static_cast<size_t>(weight.shape()[0]);
  std::vector<double> ranges(channels);
  const size_t each = channels == 0 ? 0 : values.size() / channels;
  for (size_t c = 0; c < channels; ++c)
    for (size_t i = c * each; i < (c + 1) * each; ++i)
      ranges[c] = std::max(ranges[c], static_cast<double>(std::abs(values[i])));
  return ranges;
}

std::vector<Finding> find(const DiagnoseContext& context) {
  std::vector<Finding> findings;
  if (!context.is_sound) return findings;
  // Of the shadow: with batch normalization folded in, as it would be quantized.
  const Graph& graph = context.shadow.graph();
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    const Value* value = node->is_op("Conv") ? node->input(1) : nullptr;
    if (value == nullptr || !value->is_constant() || node->int_attribute("group", 1) < 2 ||
        value->initializer->type != ElementType::Float || value->initializer->shape.size() < 3 ||
        value->initializer->shape[1] != 1)
      continue;
    const auto weight = load_constant(context.shadow, *value);
    if (!weight) continue;
    std::vector<double> ranges = channel_ranges(*weight);
    std::erase(ranges, 0.0);  // pruned channels lose nothing
    if (ranges.size() < kFewest) continue;
    std::sort(ranges.begin(), ranges.end());
    const double widest = ranges.back();
    if (!std::isfinite(widest)) continue;
    const auto narrow = std::count_if(ranges.begin(), ranges.end(),
                                      [&](double range) { return range * kWild < widest; });
    if (static_cast<double>(narrow) < kShare * static_cast<double>(ranges.size())) continue;
    Finding finding = new_finding("weight_channel_range");
    const auto origins = context.origins(*node);
    file_under(finding, context.modules, origins);
    finding.nodes = addresses(origins);
    finding.cause =
        "the channels of a depthwise convolution have wildly different weights: one scale for all "
        "of them leaves the small ones few steps";
    finding.evidence = fmt::format(
        "'{}' {}: largest weight of a channel from {:.3g} to {:.3g}, median {:.3g}; {} of {} "
        "channels would get fewer than 4 of 127 steps",
        to_valid_utf8(value->name), format_shape(weight->shape()), ranges.front(), widest,
        ranges[ranges.size() / 2], narrow, ranges.size());
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

void register_diagnose_weight_channel_range(FindingRuleRegistry& registry) {
  registry.add(
      {"weight_channel_range", Severity::Info,
       "In a depthwise convolution every channel has weights of its own, and batch normalization\n"
       "folded into them stretches some a thousandfold. A target that gives the whole tensor one\n"
       "scale (the usual one of VeriSilicon NPUs) then rounds the small channels to a few steps, "
       "or\n"
       "to zero (Nagel et al., \"Data-Free Quantization Through Weight Equalization and Bias\n"
       "Correction\", 2019, section 3.1). Told where at least 5 % of the channels would keep "
       "fewer\n"
       "than 4 of 127 steps. With a scale per channel, and in float, nothing is wrong with it.\n\n"
       "To mend it, take a scheme per channel where the target has one, or keep the node in float\n"
       "(`--exclude NODE`).",
       find});
}

}  // namespace acuate
