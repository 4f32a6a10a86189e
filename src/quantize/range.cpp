#include "quantize/range.h"

#include <algorithm>

#include "base/text.h"

namespace acuate {

const RangeMethodRegistry& range_methods() {
  static const RangeMethodRegistry registry = [] {
    RangeMethodRegistry made;
    register_all_ranges(made);
    return made;
  }();
  return registry;
}

Result<RangeChoice> parse_range_method(std::string_view text) {
  const size_t colon = text.find(':');
  const auto method = range_methods().find(trim(text.substr(0, colon)), "range method");
  if (!method) return method.error();
  const std::string_view argument =
      colon == std::string_view::npos ? std::string_view() : trim(text.substr(colon + 1));
  if (colon != std::string_view::npos && argument.empty())
    return fail("range method '{}': nothing stands behind the colon", text);
  auto range = (*method)->prepare(argument);
  if (!range) return range.error();
  std::string name = to_kebab_case((*method)->id);
  if (!argument.empty()) name += ":" + std::string(argument);
  return RangeChoice{std::move(name), std::move(*range),
                     (*method)->needs ? (*method)->needs(argument) : RangeNeeds{},
                     (*method)->refined_at_outputs};
}

Range usable_range(Range range, const Scheme& scheme) {
  range.min = std::min(0.0, range.min);
  range.max = std::max(0.0, range.max);
  if (scheme.symmetric) {
    range.max = std::max(-range.min, range.max);
    range.min = -range.max;
  }
  return range;
}

std::function<Result<RangeFunction>(std::string_view)> without_argument(std::string_view id,
                                                                        RangeFunction function) {
  return [id = to_kebab_case(id),
          function = std::move(function)](std::string_view argument) -> Result<RangeFunction> {
    if (!argument.empty())
      return fail("range method '{}' takes no option, found '{}'", id, argument);
    return function;
  };
}

}  // namespace acuate
