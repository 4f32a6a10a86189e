#include <cmath>

#include "evaluate/decoder.h"
#include "evaluate/values.h"

// YOLOX (Ge et al., arXiv 2107.08430) as its demo decodes it: [1, cells, 5 + classes], the levels
// one after the other; the centre counts in cells from the cell's corner, width and height are
// logarithms in cells, the object's score multiplies those of the classes.

namespace acuate {
namespace {

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  size_t cells = 0;
  for (const double stride : options.list("strides"))
    cells += static_cast<size_t>(std::floor(raw.input.width / stride) *
                                 std::floor(raw.input.height / stride));
  const Tensor* output = raw.outputs.size() == 1 ? &raw.outputs[0] : nullptr;
  if (output == nullptr || output->shape().size() != 3 || output->shape()[0] != 1 ||
      output->shape()[1] != static_cast<int64_t>(cells) || output->shape()[2] < 6)
    return fail("yolox: a {}x{} input has {} cells; expected one output 1x{}x(5 + classes), {}",
                raw.input.width, raw.input.height, cells, cells,
                raw.outputs.size() == 1 ? "found " + format_shape(raw.outputs[0].shape())
                                        : fmt::format("found {} outputs", raw.outputs.size()));
  const auto values = to_doubles(*output, "yolox");
  if (!values) return values.error();
  const auto channels = static_cast<size_t>(output->shape()[2]);
  std::vector<Detection> candidates;
  const double* row = values->data();
  for (const double stride : options.list("strides")) {
    const double columns = std::floor(raw.input.width / stride),
                 rows = std::floor(raw.input.height / stride);
    for (double y = 0; y < rows; ++y)
      for (double x = 0; x < columns; ++x, row += channels)
        for (size_t channel = 5; channel < channels; ++channel) {
          const double score = row[4] * row[channel];
          if (!(score >= options.at("score"))) continue;
          const Box box = box_of_center((row[0] + x) * stride, (row[1] + y) * stride,
                                        std::exp(row[2]) * stride, std::exp(row[3]) * stride);
          candidates.push_back({box, static_cast<float>(score), static_cast<int64_t>(channel - 5)});
        }
  }
  Decoded decoded;
  decoded.detections = keep_best(std::move(candidates), options);
  return decoded;
}

}  // namespace

void register_evaluate_yolox(DecoderRegistry& registry) {
  registry.add({.id = "yolox",
                .summary = "detections from YOLOX",
                .produces = "detections",
                .parameters = detection_parameters(
                    {{"strides", "of the levels, in pixels", 0, 1, 1024, {8, 16, 32}}}),
                .decode = decode});
}

}  // namespace acuate
