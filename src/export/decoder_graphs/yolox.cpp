#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "export/detection_text.h"

// src/evaluate/decoders/yolox.cpp as nodes.
namespace acuate {
namespace {

Result<DecoderBody> write(const DecoderPorts& ports, const DecoderOptions& options) {
  std::vector<double> cells, strides;  // the corner of each cell, in cells; its side, in pixels
  for (const double stride : options.list("strides")) {
    const double columns = std::floor(ports.input.width / stride),
                 rows = std::floor(ports.input.height / stride);
    for (double y = 0; y < rows; ++y)
      for (double x = 0; x < columns; ++x) {
        cells.insert(cells.end(), {x, y});
        strides.push_back(stride);
      }
  }
  const auto count = static_cast<int64_t>(strides.size());
  if (count == 0 || ports.outputs.size() != 1 || ports.outputs[0].shape.size() != 3 ||
      ports.outputs[0].shape[0] > 1 || ports.outputs[0].shape[1] != count ||
      ports.outputs[0].shape[2] < 6)
    return fail("yolox: a {}x{} input has {} cells; expected one output 1x{}x(5 + classes), {}",
                ports.input.width, ports.input.height, count, count,
                ports.outputs.size() == 1 ? "found " + ports.outputs[0].text()
                                          : fmt::format("found {} outputs", ports.outputs.size()));
  const int64_t classes = ports.outputs[0].shape[2] - 5;
  const int64_t parts[] = {2, 2, 1, classes};
  const double half = 0.5;
  DecoderBody body;
  body.reads = ports.outputs;
  body.text = constant_text("cells", {1, count, 2}, cells) +
              constant_text("strides", {1, count, 1}, strides) +
              constant_text("parts", {4}, parts) + constant_text("half", {}, std::span(&half, 1)) +
              "offset, log_size, object, class_scores = Split <axis = 2> (read_0, parts)  "
              "scores = Mul(object, class_scores)  in_cells = Add(offset, cells)  "
              "centre = Mul(in_cells, strides)  size_in_cells = Exp(log_size)  "
              "size = Mul(size_in_cells, strides)  reach = Mul(size, half)  "
              "low = Sub(centre, reach)  high = Add(centre, reach)  " +
              keep_best_text(classes, options);
  body.results = detection_results();
  return body;
}

}  // namespace

void register_export_yolox(DecoderGraphRegistry& registry) {
  registry.add({.id = "yolox", .write = write});
}

}  // namespace acuate
