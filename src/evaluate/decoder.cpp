#include "evaluate/decoder.h"

#include <algorithm>

namespace acuate {

Result<DecoderOptions> complete_options(const Decoder& decoder, const DecoderOptions& given) {
  DecoderOptions options;
  std::vector<std::string> ids;
  for (const DecoderParameter& parameter : decoder.parameters) {
    options.set(parameter.id, parameter.fallbacks.empty() ? std::vector{parameter.fallback}
                                                          : parameter.fallbacks);
    ids.push_back(parameter.id);
  }
  for (const auto& [id, values] : given.all()) {
    const auto parameter =
        std::find_if(decoder.parameters.begin(), decoder.parameters.end(),
                     [&id = id](const DecoderParameter& known) { return known.id == id; });
    if (parameter == decoder.parameters.end()) {
      const auto nearest = closest_match(id, ids);
      return fail("decoder '{}' has no parameter '{}'{}; there are: {}", to_kebab_case(decoder.id),
                  id, nearest ? ", did you mean '" + *nearest + "'?" : "", join(ids, ", "));
    }
    if (values.empty() || (parameter->fallbacks.empty() && values.size() != 1))
      return fail("decoder '{}': {} has {} values, expected {}", to_kebab_case(decoder.id), id,
                  values.size(), parameter->fallbacks.empty() ? "a number" : "at least one");
    for (const double value : values)
      if (!(value >= parameter->minimum && value <= parameter->maximum))
        return fail("decoder '{}': {} is {}, expected {} to {}", to_kebab_case(decoder.id), id,
                    value, parameter->minimum, parameter->maximum);
    options.set(id, values);
  }
  return options;
}

}  // namespace acuate
