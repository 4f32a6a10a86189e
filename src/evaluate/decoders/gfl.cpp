#include <algorithm>
#include <cmath>

#include "evaluate/decoder.h"
#include "evaluate/values.h"

// Heads of Generalized Focal Loss (Li et al., NeurIPS 2020, section 3): for every cell and class a
// score, for every cell four distances to the sides of the box, each a distribution over 0 …
// reg_max cells whose expectation counts. As PaddleDetection's PicoDet exports it without its
// post-processing: scores behind the sigmoid, logits of the distributions, a pair of outputs for
// each level.

namespace acuate {
namespace {

struct Level {
  int64_t stride = 0, columns = 0, rows = 0, classes = 0;
  std::vector<double> scores;  // [cell, class]
  std::vector<double> sides;   // [cell, left top right bottom, bin]
};

std::string shapes_of(std::span<const Tensor> outputs) {
  std::string shapes;
  for (const Tensor& output : outputs)
    shapes += (shapes.empty() ? "" : ", ") + format_shape(output.shape());
  return shapes;
}

// The one output with that many cells that holds distributions, or that does not.
const Tensor* output_of(std::span<const Tensor> outputs, int64_t cells, int64_t bins, bool sides) {
  const Tensor* found = nullptr;
  for (const Tensor& output : outputs) {
    const Shape& shape = output.shape();
    if (shape.size() != 3 || shape[0] != 1 || shape[1] != cells) continue;
    if ((shape[2] == 4 * bins) != sides) continue;
    if (found != nullptr) return nullptr;
    found = &output;
  }
  return found;
}

Result<Level> read_level(const RawOutputs& raw, int64_t stride, int64_t bins) {
  Level level{stride,
              (raw.input.width + stride - 1) / stride,
              (raw.input.height + stride - 1) / stride,
              0,
              {},
              {}};
  const int64_t cells = level.columns * level.rows;
  const Tensor *scores = output_of(raw.outputs, cells, bins, false),
               *sides = output_of(raw.outputs, cells, bins, true);
  if (scores == nullptr || sides == nullptr)
    return fail(
        "gfl: at stride {} a {}x{} input has {} cells; expected one output 1x{}xCLASSES and one "
        "1x{}x{}, found {}",
        stride, raw.input.width, raw.input.height, cells, cells, cells, 4 * bins,
        shapes_of(raw.outputs));
  auto score_values = to_doubles(*scores, "gfl"), side_values = to_doubles(*sides, "gfl");
  if (!score_values) return score_values.error();
  if (!side_values) return side_values.error();
  level.classes = scores->shape()[2];
  level.scores = std::move(*score_values);
  level.sides = std::move(*side_values);
  return level;
}

// Of softmax(logits) over 0, 1, ….
double expectation(std::span<const double> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0, weighted = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double e = std::exp(logits[i] - largest);
    sum += e;
    weighted += e * static_cast<double>(i);
  }
  return weighted / sum;
}

Box box_of(const Level& level, size_t cell, size_t bins) {
  const auto stride = static_cast<double>(level.stride);
  const auto columns = static_cast<size_t>(level.columns);
  const double x = (static_cast<double>(cell % columns) + 0.5) * stride,
               y = (static_cast<double>(cell / columns) + 0.5) * stride;
  double side[4];
  for (size_t i = 0; i < 4; ++i)
    side[i] = stride * expectation(std::span(level.sides).subspan((cell * 4 + i) * bins, bins));
  return {x - side[0], y - side[1], x + side[2], y + side[3]};
}

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  const auto bins = static_cast<size_t>(options.at("reg_max")) + 1;
  std::vector<Detection> candidates;
  for (const double stride : options.list("strides")) {
    const auto level = read_level(raw, static_cast<int64_t>(stride), static_cast<int64_t>(bins));
    if (!level) return level.error();
    const auto classes = static_cast<size_t>(level->classes);
    for (size_t cell = 0; cell * classes < level->scores.size(); ++cell) {
      std::optional<Box> box;
      for (size_t c = 0; c < classes; ++c) {
        const double score = level->scores[cell * classes + c];
        if (!(score >= options.at("score"))) continue;
        if (!box) box = box_of(*level, cell, bins);
        candidates.push_back({*box, static_cast<float>(score), static_cast<int64_t>(c)});
      }
    }
  }
  Decoded decoded;
  decoded.detections = keep_best(std::move(candidates), options);
  return decoded;
}

}  // namespace

void register_evaluate_gfl(DecoderRegistry& registry) {
  registry.add({.id = "gfl",
                .summary = "detections from the levels of a GFL head (PicoDet, NanoDet)",
                .produces = "detections",
                .parameters = detection_parameters(
                    {{"strides", "of the levels, in pixels", 0, 1, 1024, {8, 16, 32, 64}},
                     {"reg_max", "bins of a side's distribution, less one", 7, 1, 255}}),
                .decode = decode});
}

}  // namespace acuate
