#include "numeric/mixed_ranges.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "graph/constants.h"

namespace acuate {
namespace {

constexpr double kSteps = 256;

}  // namespace

std::string MixedConcat::text() const {
  return fmt::format(
      "'{}' has values from {:.4g} to {:.4g}, '{}' from {:.4g} to {:.4g}: of {} steps '{}' gets "
      "{:.2g}",
      to_valid_utf8(widest->name), wide.low, wide.high, to_valid_utf8(narrowest->name), narrow.low,
      narrow.high, kSteps, to_valid_utf8(narrowest->name), steps);
}

std::vector<MixedConcat> mixed_concats(
    const Graph& graph, const std::function<std::optional<ValueRange>(const Value&)>& range_of,
    double steps) {
  std::vector<MixedConcat> found;
  for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
    if (!node->is_op("Concat") || node->output() == nullptr ||
        !is_floating_point(node->output()->type.element))
      continue;
    MixedConcat mixed;
    mixed.node = node;
    ValueRange all{0, 0};  // zero has a step of its own
    for (size_t slot = 0; slot < node->input_count(); ++slot) {
      const Value* value = node->input(slot);
      if (value == nullptr || is_constant(*value)) continue;
      const auto range = range_of(*value);
      if (!range || !(range->width() > 0)) continue;
      all.low = std::min(all.low, range->low);
      all.high = std::max(all.high, range->high);
      if (mixed.widest == nullptr || range->width() > mixed.wide.width()) {
        mixed.widest = value;
        mixed.wide = *range;
      }
      if (mixed.narrowest == nullptr || range->width() < mixed.narrow.width()) {
        mixed.narrowest = value;
        mixed.narrow = *range;
      }
    }
    if (mixed.widest == nullptr || !mixed.narrow.is_bounded()) continue;
    mixed.steps = kSteps * mixed.narrow.width() / all.width();
    if (mixed.steps < steps) found.push_back(mixed);
  }
  return found;
}

}  // namespace acuate
