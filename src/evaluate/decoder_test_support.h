#pragma once

#include <vector>

#include "evaluate/decoder.h"

namespace acuate {

// Runs the decoder that `register_decoder` adds, with `given` and what is missing at its fallback.
inline Result<Decoded> run_decoder(void (*register_decoder)(DecoderRegistry&),
                                   const std::vector<Tensor>& outputs, ImageSize input = {},
                                   const DecoderOptions& given = {}) {
  DecoderRegistry registry;
  register_decoder(registry);
  const Decoder& decoder = registry.all().at(0);
  return decoder.decode({outputs, input}, complete_options(decoder, given).value());
}

}  // namespace acuate
