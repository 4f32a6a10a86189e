#include <fmt/format.h>

#include "base/text.h"
#include "export/detection_text.h"

// src/evaluate/decoders/yolo.cpp as nodes.
namespace acuate {
namespace {

Result<DecoderBody> write(const DecoderPorts& ports, const DecoderOptions& options) {
  const bool has_objectness = options.at("objectness") != 0;
  const int64_t before_classes = has_objectness ? 5 : 4;
  const size_t channel_axis = has_objectness ? 2 : 1;
  if (ports.outputs.size() != 1 || ports.outputs[0].shape.size() != 3 ||
      ports.outputs[0].shape[0] > 1 || ports.outputs[0].shape[channel_axis] <= before_classes)
    return fail("yolo: expected one output {} with a known number of classes, found {}",
                has_objectness ? "1xBOXESx(5 + classes)" : "1x(4 + classes)xBOXES",
                ports.outputs.empty() ? "none" : ports.outputs[0].text());
  const int64_t classes = ports.outputs[0].shape[channel_axis] - before_classes;
  std::vector<int64_t> parts = {2, 2};
  if (has_objectness) parts.push_back(1);
  parts.push_back(classes);
  const double half = 0.5;
  DecoderBody body;
  body.reads = ports.outputs;
  body.text = has_objectness ? "rows = Identity(read_0)  "
                             : "rows = Transpose <perm = [0, 2, 1]> (read_0)  ";
  body.text +=
      constant_text("parts", {static_cast<int64_t>(parts.size())}, parts) +
      constant_text("half", {}, std::span(&half, 1)) +
      (has_objectness ? "centre, size, object, class_scores = Split <axis = 2> (rows, parts)  "
                        "scores = Mul(object, class_scores)  "
                      : "centre, size, scores = Split <axis = 2> (rows, parts)  ") +
      "reach = Mul(size, half)  low = Sub(centre, reach)  high = Add(centre, reach)  " +
      keep_best_text(classes, options);
  body.results = detection_results();
  return body;
}

}  // namespace

void register_export_yolo(DecoderGraphRegistry& registry) {
  registry.add({.id = "yolo", .write = write});
}

}  // namespace acuate
