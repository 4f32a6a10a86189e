#include <algorithm>
#include <cmath>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

// One pixel for each point of the grid, and how much of it is taken.
struct Taps {
  std::vector<int64_t> indices;
  std::vector<float> weights;
  bool is_whole = true;  // every weight is 1
};

struct Sampler {
  int64_t height = 0, width = 0;
  std::string padding;
  bool aligns_corners = false;

  float to_pixel(float x, int64_t size) const {
    const auto length = static_cast<float>(size);
    return aligns_corners ? (x + 1) / 2 * (length - 1) : ((x + 1) * length - 1) / 2;
  }

  // Into the image, as `border` and `reflection` have it.
  float place(float x, int64_t size) const {
    const auto length = static_cast<float>(size);
    if (padding == "border") return std::clamp(x, 0.0F, length - 1);
    if (padding != "reflection") return x;
    const float lowest = aligns_corners ? 0.0F : -0.5F;
    const float highest = aligns_corners ? length - 1 : length - 0.5F;
    const float range = highest - lowest;
    if (range <= 0) return 0;
    if (x < lowest || x > highest) {
      const float beyond = x < lowest ? lowest - x : x - highest;
      const float turns = std::floor(beyond / range), rest = beyond - turns * range;
      const bool is_even = std::fmod(turns, 2.0F) == 0;
      const bool from_lowest = (x < lowest) == is_even;
      x = from_lowest ? lowest + rest : highest - rest;
    }
    return x;
  }

  void add(Taps& taps, float y, float x, float weight) const {
    if (padding == "reflection" || padding == "border") {
      y = std::clamp(place(y, height), 0.0F, static_cast<float>(height - 1));
      x = std::clamp(place(x, width), 0.0F, static_cast<float>(width - 1));
    }
    const bool is_inside = y >= 0 && x >= 0 && y <= static_cast<float>(height - 1) &&
                           x <= static_cast<float>(width - 1);
    if (!is_inside) weight = 0;
    taps.indices.push_back(is_inside ? static_cast<int64_t>(y) * width + static_cast<int64_t>(x)
                                     : 0);
    taps.weights.push_back(weight);
    taps.is_whole &= weight == 1;
  }
};

std::vector<Taps> taps_of(const Sampler& sampler, std::span<const float> grid, bool is_nearest) {
  std::vector<Taps> out(is_nearest ? 1 : 4);
  for (size_t i = 0; i + 1 < grid.size(); i += 2) {
    float x = sampler.to_pixel(grid[i], sampler.width);
    float y = sampler.to_pixel(grid[i + 1], sampler.height);
    if (is_nearest) {
      sampler.add(out[0], std::nearbyint(sampler.place(y, sampler.height)),
                  std::nearbyint(sampler.place(x, sampler.width)), 1);
      continue;
    }
    x = sampler.place(x, sampler.width);
    y = sampler.place(y, sampler.height);
    const float left = std::floor(x), top = std::floor(y);
    const float right_part = x - left, low_part = y - top;
    sampler.add(out[0], top, left, (1 - low_part) * (1 - right_part));
    sampler.add(out[1], top, left + 1, (1 - low_part) * right_part);
    sampler.add(out[2], top + 1, left, low_part * (1 - right_part));
    sampler.add(out[3], top + 1, left + 1, low_part * right_part);
  }
  return out;
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  const auto shape = known_shape(node.input(0));
  const auto grid = known_tensor(node.input(1));
  if (!grid) return "its grid is computed at run time";
  if (!shape || node.input(0)->type.element != ElementType::Float ||
      grid->type() != ElementType::Float)
    return "its image is not float32 of a known shape";
  if (shape->size() != 4 || element_count(*shape).value_or(0) == 0)
    return "its image has not 4 dimensions";
  const std::string mode = node.string_attribute("mode", "linear");
  const bool is_nearest = mode == "nearest";
  if (!is_nearest && mode != "linear" && mode != "bilinear") return "it is cubic";
  const int64_t images = grid->shape()[0], points = grid->shape()[1] * grid->shape()[2];
  if (images < 1 || points < 1) return "its grid is empty";
  const auto values = grid->values<float>();
  const auto size = static_cast<size_t>(points * 2);
  for (size_t i = size; i < values.size(); ++i)
    if (values[i] != values[i % size]) return "its images have different grids";
  for (const float value : values)
    if (!(std::abs(value) < 1e4F)) return "its grid has points that are not finite, or far outside";
  const Sampler sampler{(*shape)[2], (*shape)[3], node.string_attribute("padding_mode", "zeros"),
                        node.int_attribute("align_corners", 0) != 0};
  const auto taps = taps_of(sampler, values.first(size), is_nearest);
  Expansion out(node, context);
  Value* flat = out.reshape(node.input(0), {(*shape)[0], (*shape)[1], -1});
  Value* sum = nullptr;
  for (const Taps& tap : taps) {
    Value* part = out.add("Gather", {flat, out.ints(tap.indices)}, {{"axis", int64_t{2}}});
    if (!tap.is_whole)
      part =
          out.add("Mul", {part, out.constant(Tensor::of<float>({points}, std::span(tap.weights)))});
    sum = sum == nullptr ? part : out.add("Add", {sum, part});
  }
  return out.finish(
      out.reshape(sum, {(*shape)[0], (*shape)[1], grid->shape()[1], grid->shape()[2]}));
}

}  // namespace

void register_rewrite_legalize_grid_sample(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_grid_sample",
                .doc =
                    "GridSample of images by a constant grid, to the nearest or bilinear, becomes "
                    "Gather of the pixels, Mul by their weights and Add.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= 2^-16 * max |x| for float32 of finite numbers",
                .operators = {"GridSample"},
                .uses = {"Reshape", "Gather", "Mul", "Add"},
                .rewrite = rewrite});
}

}  // namespace acuate
