#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "data/image.h"
#include "evaluate/detections.h"
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
  std::vector<Detection> detections;  // by falling score, after non-maximum suppression
  std::vector<double> class_scores;   // one a class; only their order counts
  std::vector<int64_t> symbols;       // a line of text as indices into the model's alphabet
};

// One sample as the network answers it.
struct RawOutputs {
  std::span<const Tensor> outputs;
  ImageSize input = {};  // of the network's image input; 0x0 where it has none
};

// A number, or a list of them where `fallbacks` is not empty.
struct DecoderParameter {
  std::string id, summary;
  double fallback = 0, minimum = 0, maximum = 0;
  std::vector<double> fallbacks = {};
};

// Values by parameter; a number is a list of one.
class DecoderOptions {
 public:
  DecoderOptions() = default;
  DecoderOptions(std::initializer_list<std::pair<const std::string, double>> numbers) {
    for (const auto& [id, value] : numbers) set(id, {value});
  }
  void set(const std::string& id, std::vector<double> values) { values_[id] = std::move(values); }
  double at(const std::string& id) const { return values_.at(id).at(0); }
  const std::vector<double>& list(const std::string& id) const { return values_.at(id); }
  const std::map<std::string, std::vector<double>>& all() const { return values_; }

 private:
  std::map<std::string, std::vector<double>> values_;
};

// A unit of decoders/: from a network's raw outputs to what people mean by them.
struct Decoder {
  std::string id;
  std::string summary;
  std::string produces;  // the member of Decoded: `text_boxes`, `detections`, …
  std::vector<DecoderParameter> parameters;
  // `options` holds every parameter, see complete_options(). An Error says which output shape was
  // expected.
  std::function<Result<Decoded>(const RawOutputs& raw, const DecoderOptions& options)> decode;
};

using DecoderRegistry = Registry<Decoder>;
void register_all_decoders(DecoderRegistry& registry);

// The given options with the missing ones at their fallback; an unknown one or one out of range is
// an Error.
Result<DecoderOptions> complete_options(const Decoder& decoder, const DecoderOptions& given);

}  // namespace acuate
