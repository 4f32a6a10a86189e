#include <fmt/format.h>

#include "base/text.h"
#include "export/detection_text.h"

// src/evaluate/decoders/gfl.cpp as nodes.
namespace acuate {
namespace {

// The one output with that many cells that holds distributions, or that does not.
const IoSpec* output_of(const DecoderPorts& ports, int64_t cells, int64_t bins, bool sides) {
  const IoSpec* found = nullptr;
  for (const IoSpec& output : ports.outputs) {
    if (output.shape.size() != 3 || output.shape[1] != cells || output.shape[2] <= 0) continue;
    if ((output.shape[2] == 4 * bins) != sides) continue;
    if (found != nullptr) return nullptr;
    found = &output;
  }
  return found;
}

Result<DecoderBody> write(const DecoderPorts& ports, const DecoderOptions& options) {
  const auto bins = static_cast<int64_t>(options.at("reg_max")) + 1;
  DecoderBody body;
  std::vector<std::string> scores, sides;
  std::vector<double> centres, strides;
  int64_t classes = 0;
  for (const double of_level : options.list("strides")) {
    const auto stride = static_cast<int64_t>(of_level);
    const int64_t columns = (ports.input.width + stride - 1) / stride,
                  rows = (ports.input.height + stride - 1) / stride, cells = columns * rows;
    const IoSpec *score = output_of(ports, cells, bins, false),
                 *side = output_of(ports, cells, bins, true);
    if (cells == 0 || score == nullptr || side == nullptr ||
        (classes > 0 && score->shape[2] != classes))
      return fail(
          "gfl: at stride {} a {}x{} input has {} cells; expected one output 1x{}xCLASSES and one "
          "1x{}x{}",
          stride, ports.input.width, ports.input.height, cells, cells, cells, 4 * bins);
    classes = score->shape[2];
    scores.push_back(fmt::format("read_{}", body.reads.size()));
    body.reads.push_back(*score);
    sides.push_back(fmt::format("read_{}", body.reads.size()));
    body.reads.push_back(*side);
    for (int64_t cell = 0; cell < cells; ++cell) {
      const auto x = static_cast<double>(cell % columns), y = static_cast<double>(cell / columns);
      centres.insert(centres.end(), {(x + 0.5) * of_level, (y + 0.5) * of_level});
      strides.push_back(of_level);
    }
  }
  std::vector<double> ramp;
  for (int64_t bin = 0; bin < bins; ++bin) ramp.push_back(static_cast<double>(bin));
  const auto count = static_cast<int64_t>(strides.size());
  const int64_t by_side[] = {1, count, 4, bins}, distances[] = {1, count, 4}, halves[] = {2, 2};
  body.text = fmt::format("scores = Concat <axis = 1> ({})  logits = Concat <axis = 1> ({})  ",
                          join(scores, ", "), join(sides, ", ")) +
              constant_text("centres", {1, count, 2}, centres) +
              constant_text("strides", {1, count, 1}, strides) +
              constant_text("ramp", {bins, 1}, ramp) + constant_text("by_side", {4}, by_side) +
              constant_text("distances", {3}, distances) + constant_text("halves", {2}, halves) +
              "side_logits = Reshape(logits, by_side)  shares = Softmax <axis = 3> (side_logits)  "
              "means = MatMul(shares, ramp)  in_cells = Reshape(means, distances)  "
              "in_pixels = Mul(in_cells, strides)  before, behind = Split <axis = 2> (in_pixels, "
              "halves)  low = Sub(centres, before)  high = Add(centres, behind)  " +
              keep_best_text(classes, options);
  body.results = detection_results();
  return body;
}

}  // namespace

void register_export_gfl(DecoderGraphRegistry& registry) {
  registry.add({.id = "gfl", .write = write});
}

}  // namespace acuate
