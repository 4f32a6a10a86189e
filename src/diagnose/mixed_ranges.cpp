#include "diagnose/mixed_ranges.h"

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/tail_cut.h"
#include "edit/address.h"

namespace acuate {
namespace {

constexpr double kSteps = 256, kFewestSteps = 4;

}  // namespace

std::string MixedConcat::text() const {
  return fmt::format(
      "'{}' has values from {:.4g} to {:.4g}, '{}' from {:.4g} to {:.4g}: of {} steps '{}' gets "
      "{:.2g}",
      to_valid_utf8(widest->name), wide.low, wide.high, to_valid_utf8(narrowest->name), narrow.low,
      narrow.high, kSteps, to_valid_utf8(narrowest->name), steps);
}

std::vector<MixedConcat> mixed_concats(
    const Model& model, const std::function<std::optional<ReachedRange>(const Value&)>& range_of) {
  std::vector<MixedConcat> found;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    if (!node->is_op("Concat") || node->output() == nullptr ||
        !is_floating_point(node->output()->type.element))
      continue;
    MixedConcat mixed;
    mixed.node = node;
    ReachedRange all;  // zero has a step of its own
    for (size_t slot = 0; slot < node->input_count(); ++slot) {
      const Value* value = node->input(slot);
      const auto range = value != nullptr ? range_of(*value) : std::nullopt;
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
    if (mixed.widest == nullptr) continue;
    mixed.steps = kSteps * mixed.narrow.width() / all.width();
    if (mixed.steps < kFewestSteps) found.push_back(mixed);
  }
  return found;
}

Finding mixed_ranges_finding(const Model& original, const Node& node, const MixedConcat& mixed,
                             const ModelModuleTree& modules) {
  Finding finding = new_finding("mixed_ranges");
  file_under(finding, modules, {&node});
  finding.nodes = {node_path(node)};
  finding.cause =
      "one tensor joins values of very different ranges, and 8 bits for all of them leave the "
      "small ones next to nothing";
  finding.evidence = mixed.text();
  if (const auto tail = tail_from(original, node)) {
    finding.fix = {tail->command};
    finding.evidence += "; " + tail->text();
  }
  return finding;
}

}  // namespace acuate
