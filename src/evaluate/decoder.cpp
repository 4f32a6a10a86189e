#include "evaluate/decoder.h"

namespace acuate {

Result<DecoderOptions> complete_options(const Decoder& decoder, const DecoderOptions& given) {
  DecoderOptions options;
  std::vector<std::string> ids;
  for (const DecoderParameter& parameter : decoder.parameters) {
    options[parameter.id] = parameter.fallback;
    ids.push_back(parameter.id);
  }
  for (const auto& [id, value] : given) {
    if (!options.contains(id)) {
      const auto nearest = closest_match(id, ids);
      return fail("decoder '{}' has no parameter '{}'{}; there are: {}", to_kebab_case(decoder.id),
                  id, nearest ? ", did you mean '" + *nearest + "'?" : "", join(ids, ", "));
    }
    for (const DecoderParameter& parameter : decoder.parameters)
      if (parameter.id == id && !(value >= parameter.minimum && value <= parameter.maximum))
        return fail("decoder '{}': {} is {}, expected {} to {}", to_kebab_case(decoder.id), id,
                    value, parameter.minimum, parameter.maximum);
    options[id] = value;
  }
  return options;
}

}  // namespace acuate
