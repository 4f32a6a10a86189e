#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "evaluate/geometry.h"
#include "graph/tensor.h"

namespace acuate {

// A text line in the coordinates of the network's output map (pixel i covers [i, i + 1)); corners
// as RotatedRect gives them.
struct TextBox {
  Quad corners;
  float score = 0;
};

// What a decoder makes of one sample's outputs; which member it fills is its `Decoder::produces`.
struct Decoded {
  std::vector<TextBox> text_boxes;
};

struct DecoderParameter {
  std::string id, summary;
  double fallback = 0, minimum = 0, maximum = 0;
};
using DecoderOptions = std::map<std::string, double>;

// A unit of decoders/: from a network's raw outputs to what people mean by them.
struct Decoder {
  std::string id;
  std::string summary;
  std::string produces;  // `text_boxes`
  std::vector<DecoderParameter> parameters;
  // `options` holds every parameter, see complete_options(). An Error says which output shape was
  // expected.
  std::function<Result<Decoded>(std::span<const Tensor> outputs, const DecoderOptions& options)>
      decode;
};

using DecoderRegistry = Registry<Decoder>;
void register_all_decoders(DecoderRegistry& registry);

// The given options with the missing ones at their fallback; an unknown one or one out of range is
// an Error.
Result<DecoderOptions> complete_options(const Decoder& decoder, const DecoderOptions& given);

}  // namespace acuate
