#include "evaluate/decoder.h"
#include "evaluate/values.h"

// Ultralytics' YOLO as exported without non-maximum suppression: centre, width and height in pixels
// of the input and a score for each class behind the sigmoid. From version 8 on [1, 4 + classes,
// boxes]; version 5 [1, boxes, 5 + classes], where an object's own score multiplies those of the
// classes.

namespace acuate {
namespace {

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  const bool has_objectness = options.at("objectness") != 0;
  const size_t before_classes = has_objectness ? 5 : 4;
  const Tensor* output = raw.outputs.size() == 1 ? &raw.outputs[0] : nullptr;
  const size_t channel_axis = has_objectness ? 2 : 1;
  if (output == nullptr || output->shape().size() != 3 || output->shape()[0] != 1 ||
      output->shape()[channel_axis] <= static_cast<int64_t>(before_classes))
    return fail("yolo: expected one output {}, found {}{}",
                has_objectness ? "1xBOXESx(5 + classes)" : "1x(4 + classes)xBOXES",
                raw.outputs.size() == 1 ? "" : fmt::format("{}, the first ", raw.outputs.size()),
                raw.outputs.empty() ? "none" : format_shape(raw.outputs[0].shape()));
  const auto values = to_doubles(*output, "yolo");
  if (!values) return values.error();
  const auto channels = static_cast<size_t>(output->shape()[channel_axis]);
  const auto boxes = static_cast<size_t>(output->shape()[3 - channel_axis]);
  const auto at = [&](size_t box, size_t channel) {
    return (*values)[has_objectness ? box * channels + channel : channel * boxes + box];
  };
  std::vector<Detection> candidates;
  for (size_t box = 0; box < boxes; ++box) {
    const double objectness = has_objectness ? at(box, 4) : 1;
    for (size_t channel = before_classes; channel < channels; ++channel) {
      const double score = objectness * at(box, channel);
      if (!(score >= options.at("score"))) continue;
      candidates.push_back({box_of_center(at(box, 0), at(box, 1), at(box, 2), at(box, 3)),
                            static_cast<float>(score),
                            static_cast<int64_t>(channel - before_classes)});
    }
  }
  Decoded decoded;
  decoded.detections = keep_best(std::move(candidates), options);
  return decoded;
}

}  // namespace

void register_evaluate_yolo(DecoderRegistry& registry) {
  registry.add(
      {.id = "yolo",
       .summary = "detections from YOLOv8 and later, or v5 with `objectness: 1`",
       .produces = "detections",
       .parameters = detection_parameters(
           {{"objectness", "1: [1, boxes, 5 + classes], 0: [1, 4 + classes, boxes]", 0, 0, 1}}),
       .decode = decode});
}

}  // namespace acuate
