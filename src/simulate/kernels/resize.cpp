#include <cmath>

#include "rewrite/legalizer.h"
#include "rewrite/resample.h"
#include "simulate/separable_map.h"

namespace acuate {
namespace {

constexpr int kFraction = 11;  // bits of a weight along one axis

bool is_nearest(const Node& node) { return node.string_attribute("mode", "nearest") == "nearest"; }

// What one element of the result takes along an axis: (2^11 − weight) of `first`, weight of
// `second`.
struct Tap {
  int64_t first = 0, second = 0, weight = 0;
};

struct LinearAxis {
  size_t axis = 0;
  int64_t from = 0;
  std::vector<Tap> taps;
};

LinearAxis linear_axis(const ResizeRule& rule, const ResizedAxis& axis) {
  LinearAxis out{static_cast<size_t>(axis.axis), axis.from, {}};
  const std::vector<float> weights = resize_weights(rule, axis);  // [to, from]
  for (int64_t i = 0; i < axis.to; ++i) {
    Tap tap{-1, 0, 0};
    for (int64_t k = 0; k < axis.from; ++k) {
      const float weight = weights[static_cast<size_t>(i * axis.from + k)];
      if (weight == 0) continue;
      if (tap.first < 0) {
        tap.first = tap.second = k;
      } else {
        tap.second = k;
        tap.weight = static_cast<int64_t>(std::nearbyint(std::ldexp(weight, kFraction)));
      }
    }
    out.taps.push_back(tap);
  }
  return out;
}

// Along one axis of [outer, from, inner]; nothing is rounded.
std::vector<int64_t> interpolate(const std::vector<int64_t>& values, const LinearAxis& axis,
                                 size_t inner) {
  const size_t from = static_cast<size_t>(axis.from), to = axis.taps.size();
  const size_t outer = values.size() / (from * inner);
  std::vector<int64_t> out(outer * to * inner);
  for (size_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < to; ++i) {
      const Tap& tap = axis.taps[i];
      const int64_t* first = values.data() + (o * from + static_cast<size_t>(tap.first)) * inner;
      const int64_t* second = values.data() + (o * from + static_cast<size_t>(tap.second)) * inner;
      int64_t* const target = out.data() + (o * to + i) * inner;
      for (size_t k = 0; k < inner; ++k)
        target[k] = ((int64_t{1} << kFraction) - tap.weight) * first[k] + tap.weight * second[k];
    }
  return out;
}

Result<IntegerKernel> linear(const KernelRequest& request) {
  const auto in = request.node.input(0)->type.static_shape();
  if (!in) return fail("the shape of its input is not known");
  ResizeRule rule;
  std::vector<ResizedAxis> resized;
  if (const auto reason = read_resize(request.node, {}, rule, resized)) return fail("{}", *reason);
  if (rule.mode != "linear") return fail("its mode is {}", rule.mode);
  if (resized.size() > 2) return fail("it resizes {} axes", resized.size());
  std::vector<LinearAxis> axes;
  Shape shape = *in;
  for (const ResizedAxis& each : resized) {
    axes.push_back(linear_axis(rule, each));
    shape[axes.back().axis] = each.to;
  }
  const Rescale rescale = request.rescale(std::ldexp(
      static_cast<double>(request.grid(0).scale[0]) / static_cast<double>(request.output.scale[0]),
      -kFraction * static_cast<int>(axes.size())));
  return IntegerKernel([axes = std::move(axes), from = *in, shape, rescale,
                        in_grid = request.grid(0),
                        grid = request.output](std::span<const Tensor> inputs,
                                               const Execution&) -> Result<std::vector<Tensor>> {
    if (inputs[0].shape() != from)
      return fail("its input is of shape {}, not {}", format_shape(inputs[0].shape()),
                  format_shape(from));
    const std::vector<int32_t> centred_values = centred(inputs[0], in_grid);
    std::vector<int64_t> values(centred_values.begin(), centred_values.end());
    Shape now = from;
    for (const LinearAxis& axis : axes) {
      size_t inner = 1;
      for (size_t i = axis.axis + 1; i < now.size(); ++i) inner *= static_cast<size_t>(now[i]);
      values = interpolate(values, axis, inner);
      now[axis.axis] = static_cast<int64_t>(axis.taps.size());
    }
    std::vector<int32_t> results(values.size());
    for (size_t i = 0; i < values.size(); ++i) results[i] = rescale(values[i]);
    return std::vector{integers_of(results, grid, shape)};
  });
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  if (!is_nearest(request.node)) return linear(request);
  auto maps = maps_of(request);
  if (!maps) return maps.error();
  return IntegerKernel([map = std::move(maps->at(0)), zero = request.grid(0).zero_point[0]](
                           std::span<const Tensor> inputs,
                           const Execution& execution) -> Result<std::vector<Tensor>> {
    return std::vector{map.apply(inputs[0], zero, execution)};
  });
}

}  // namespace

void register_simulate_resize(KernelRegistry& registry) {
  registry.add({
      .id = "resize",
      .doc =
          "nearest: the integers themselves; linear: weights with 11 bits of fraction along each "
          "axis, exact sum, one rescaling",
      .operators = {"Resize"},
      .moves = is_nearest,
      .prepare = prepare,
  });
}

}  // namespace acuate
