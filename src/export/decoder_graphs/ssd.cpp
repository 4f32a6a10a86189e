#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "evaluate/ssd_anchors.h"
#include "export/detection_text.h"

// src/evaluate/decoders/ssd.cpp as nodes.
namespace acuate {
namespace {

// The outputs that hold boxes, or scores; more rows first, as strides grow.
std::vector<IoSpec> collect(const DecoderPorts& ports, int64_t box_values, bool boxes) {
  std::vector<IoSpec> parts;
  for (const IoSpec& output : ports.outputs)
    if (output.shape.size() == 3 && output.shape[1] > 0 && output.shape[2] > 0 &&
        (output.shape[2] == box_values) == boxes)
      parts.push_back(output);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const IoSpec& a, const IoSpec& b) { return a.shape[1] > b.shape[1]; });
  return parts;
}

int64_t rows_of(const std::vector<IoSpec>& parts) {
  int64_t rows = 0;
  for (const IoSpec& part : parts) rows += part.shape[1];
  return rows;
}

// One below the other; they are read from `first` on.
std::string joined(std::string_view name, size_t first, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(fmt::format("read_{}", first + i));
  return fmt::format("{} = Concat <axis = 1> ({})  ", name, join(names, ", "));
}

Result<DecoderBody> write(const DecoderPorts& ports, const DecoderOptions& options) {
  const auto box_values = static_cast<int64_t>(options.at("box_values"));
  const std::vector<IoSpec> boxes = collect(ports, box_values, true),
                            scores = collect(ports, box_values, false);
  std::vector<double> centres;  // x, y of each
  for (const Point& centre : ssd_anchors(ports.input, options))
    centres.insert(centres.end(), {centre.x, centre.y});
  const auto count = static_cast<int64_t>(centres.size() / 2);
  if (count == 0 || rows_of(boxes) != count || rows_of(scores) != count)
    return fail(
        "ssd: a {}x{} input has {} anchors; found {} rows of scores and {} of boxes ({} values "
        "each); set `strides`, `anchors_per_layer` or `box_values`",
        ports.input.width, ports.input.height, count, rows_of(scores), rows_of(boxes), box_values);
  const int64_t classes = scores[0].shape[2];
  for (const IoSpec& part : scores)
    if (part.shape[2] != classes)
      return fail("ssd: outputs {} and {} hold scores of different classes", scores[0].text(),
                  part.text());
  const double half = 0.5;
  const int64_t begin[] = {0}, middle[] = {2}, end[] = {4}, axis[] = {2};
  DecoderBody body;
  body.reads = boxes;
  body.reads.insert(body.reads.end(), scores.begin(), scores.end());
  body.text = joined("box_rows", 0, boxes.size()) + joined("logits", boxes.size(), scores.size()) +
              "scores = Sigmoid(logits)  " + constant_text("anchors", {1, count, 2}, centres) +
              constant_text("half", {}, std::span(&half, 1)) + constant_text("begin", {1}, begin) +
              constant_text("middle", {1}, middle) + constant_text("end", {1}, end) +
              constant_text("axis", {1}, axis) +
              "offset = Slice(box_rows, begin, middle, axis)  size = Slice(box_rows, middle, end, "
              "axis)  centre = Add(anchors, offset)  reach = Mul(size, half)  "
              "low = Sub(centre, reach)  high = Add(centre, reach)  " +
              keep_best_text(classes, options);
  body.results = detection_results();
  return body;
}

}  // namespace

void register_export_ssd(DecoderGraphRegistry& registry) {
  registry.add({.id = "ssd", .write = write});
}

}  // namespace acuate
