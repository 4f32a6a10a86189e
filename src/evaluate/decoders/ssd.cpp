#include <algorithm>
#include <cmath>

#include "evaluate/decoder.h"
#include "evaluate/ssd_anchors.h"
#include "evaluate/values.h"

// SSD (Liu et al., ECCV 2016) with anchors of one size, as MediaPipe's BlazeFace (Bazarevsky et
// al., arXiv 1907.05047) has them: a layer of stride s puts anchors at the centres of cells of s
// pixels; layers of equal stride in a row share the cells. A box's first four values are centre
// and size in pixels, the centre from the anchor's; what follows (key points) is not read. Scores
// are logits. MediaPipe averages overlapping boxes; here, as everywhere, the best one stays.

namespace acuate {
namespace {

// The outputs whose rows hold that many values, or that hold another number, one below the other;
// more rows first, as strides grow.
struct Rows {
  size_t columns = 0;
  std::vector<double> values;
};
Result<Rows> collect(std::span<const Tensor> outputs, int64_t box_values, bool boxes) {
  std::vector<const Tensor*> parts;
  for (const Tensor& output : outputs)
    if (output.shape().size() == 3 && output.shape()[0] == 1 && output.shape()[2] > 0 &&
        (output.shape()[2] == box_values) == boxes)
      parts.push_back(&output);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Tensor* a, const Tensor* b) { return a->shape()[1] > b->shape()[1]; });
  Rows rows;
  for (const Tensor* part : parts) {
    if (part->shape()[2] != parts[0]->shape()[2])
      return fail("ssd: outputs {} and {} hold scores of different classes",
                  format_shape(parts[0]->shape()), format_shape(part->shape()));
    auto values = to_doubles(*part, "ssd");
    if (!values) return values.error();
    rows.columns = static_cast<size_t>(part->shape()[2]);
    rows.values.insert(rows.values.end(), values->begin(), values->end());
  }
  return rows;
}

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  const auto box_values = static_cast<int64_t>(options.at("box_values"));
  const auto boxes = collect(raw.outputs, box_values, true),
             scores = collect(raw.outputs, box_values, false);
  if (!boxes) return boxes.error();
  if (!scores) return scores.error();
  const std::vector<Point> centres = ssd_anchors(raw.input, options);
  const auto rows = [](const Rows& r) { return r.columns == 0 ? 0 : r.values.size() / r.columns; };
  if (centres.empty() || rows(*boxes) != centres.size() || rows(*scores) != centres.size())
    return fail(
        "ssd: a {}x{} input has {} anchors; found {} rows of scores and {} of boxes ({} values "
        "each); set `strides`, `anchors_per_layer` or `box_values`",
        raw.input.width, raw.input.height, centres.size(), rows(*scores), rows(*boxes), box_values);
  std::vector<Detection> candidates;
  for (size_t i = 0; i < centres.size(); ++i) {
    const double* box = &boxes->values[i * boxes->columns];
    for (size_t c = 0; c < scores->columns; ++c) {
      const double score = 1 / (1 + std::exp(-scores->values[i * scores->columns + c]));
      if (!(score >= options.at("score"))) continue;
      candidates.push_back(
          {box_of_center(centres[i].x + box[0], centres[i].y + box[1], box[2], box[3]),
           static_cast<float>(score), static_cast<int64_t>(c)});
    }
  }
  Decoded decoded;
  decoded.detections = keep_best(std::move(candidates), options);
  return decoded;
}

}  // namespace

void register_evaluate_ssd(DecoderRegistry& registry) {
  registry.add({.id = "ssd",
                .summary = "detections from an SSD head with anchors of one size (BlazeFace)",
                .produces = "detections",
                .parameters = detection_parameters(
                    {{"strides", "of the layers, in pixels", 0, 1, 1024, {8, 16, 16, 16}},
                     {"anchors_per_layer", "anchors of a cell, in each layer", 2, 1, 64},
                     {"box_values", "values of a box, key points included", 16, 4, 4096}}),
                .decode = decode});
}

}  // namespace acuate
