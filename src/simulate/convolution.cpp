#include "simulate/convolution.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/parallel.h"

namespace acuate {
namespace {

// Rows of a tile: as many as stay in a core's cache.
constexpr size_t kTileBytes = size_t{96} << 10;
constexpr size_t kMostRows = 256;

// The geometry of one run.
struct Plan {
  ImageShape in;
  std::array<SlidingWindow::Places, 2> places;
  int64_t padded_height = 0, padded_width = 0;
};

class ConvolutionRun {
 public:
  ConvolutionRun(const Convolution& conv, const Tensor& image, const Plan& plan,
                 const Execution& execution, Tensor& out)
      : conv_(conv), image_(image), plan_(plan), execution_(execution), out_(out) {}

  template <class Factor>
  void run() {
    const size_t group_channels = conv_.products.channels() / conv_.groups;
    if (conv_.group_depth == 1 && conv_.window.axes[0].kernel * conv_.window.axes[1].kernel > 1 &&
        !conv_.products.is_wide())
      return run_depthwise(group_channels);
    for (size_t batch = 0; batch < static_cast<size_t>(plan_.in.batch); ++batch)
      for (size_t group = 0; group < conv_.groups; ++group)
        run_group<Factor>(batch, group, group_channels);
  }

 private:
  size_t windows() const {
    return static_cast<size_t>(plan_.places[0].count * plan_.places[1].count);
  }

  // Row `y` of channel `channel` as the kernel sees it: element x stands at
  // target[(x · spread + pad) · step].
  template <class Factor>
  void place_row(size_t batch, size_t channel, size_t y, Factor* target, size_t step) const {
    const auto width = static_cast<size_t>(plan_.in.width);
    const size_t from = ((batch * static_cast<size_t>(plan_.in.channels) + channel) *
                             static_cast<size_t>(plan_.in.height) +
                         y) *
                        width;
    const int32_t zero_point = conv_.input.zero_point[0];
    const size_t pad = static_cast<size_t>(plan_.places[1].pad_begin) * step;
    const size_t stride = static_cast<size_t>(conv_.spread[1]) * step;
    // A stride may leave the last elements out.
    const size_t room = limit(step) > pad ? (limit(step) - pad + stride - 1) / stride : 0;
    const size_t count = std::min(width, room);
    const auto copy = [&](const auto* source) {
      for (size_t x = 0; x < count; ++x)
        target[pad + x * stride] = static_cast<Factor>(source[x] - zero_point);
    };
    switch (image_.type()) {
      case ElementType::Int8:
        return copy(image_.values<int8_t>().data() + from);
      case ElementType::Uint8:
        return copy(image_.values<uint8_t>().data() + from);
      case ElementType::Int16:
        return copy(image_.values<int16_t>().data() + from);
      default:
        return copy(image_.values<uint16_t>().data() + from);
    }
  }
  size_t limit(size_t step) const { return static_cast<size_t>(plan_.padded_width) * step; }

  // [padded height, padded width, step] with the group's channels first in each step.
  template <class Factor>
  std::vector<Factor> place_image(size_t batch, size_t group, size_t step) const {
    const size_t row = limit(step);
    std::vector<Factor> placed(static_cast<size_t>(plan_.padded_height) * row + kDepthLanes);
    parallel_for(static_cast<size_t>(plan_.in.height), threads(placed.size()), [&](size_t y) {
      const int64_t at = static_cast<int64_t>(y) * conv_.spread[0] + plan_.places[0].pad_begin;
      if (at >= plan_.padded_height) return;
      for (size_t channel = 0; channel < conv_.group_depth; ++channel)
        place_row(batch, group * conv_.group_depth + channel, y,
                  placed.data() + static_cast<size_t>(at) * row + channel, step);
    });
    return placed;
  }

  // Starting threads costs more than little work.
  int threads(size_t work) const { return work < 1 << 15 ? 1 : execution_.threads; }

  template <class Factor>
  void run_group(size_t batch, size_t group, size_t group_channels) {
    const SlidingWindow::Axis &high = conv_.window.axes[0], &wide = conv_.window.axes[1];
    const size_t row_size = conv_.products.row_size();
    const bool is_pointwise = high.kernel * wide.kernel == 1;
    const size_t step = is_pointwise ? row_size : conv_.group_depth;
    const auto image = place_image<Factor>(batch, group, step);
    const bool in_place = is_pointwise && high.stride == 1 && wide.stride == 1 &&
                          plan_.padded_width == plan_.places[1].count;
    const size_t tile = std::clamp<size_t>(
        kTileBytes / (row_size * sizeof(Factor) + 1) & ~size_t{3}, 16, kMostRows);
    const size_t tiles = (windows() + tile - 1) / tile;
    parallel_for(tiles, threads(windows() * row_size * group_channels / 64), [&](size_t t) {
      const size_t first = t * tile, count = std::min(tile, windows() - first);
      std::vector<Factor> packed;
      const Factor* rows = image.data() + first * row_size;
      if (!in_place) {
        packed.resize(count * row_size);
        for (size_t i = 0; i < count; ++i)
          pack(image.data(), step, first + i, packed.data() + i * row_size);
        rows = packed.data();
      }
      std::vector<int32_t> sums(group_channels * count);
      conv_.products.multiply(rows, count, group * group_channels, group_channels, sums.data(),
                              *execution_.vector);
      for (size_t i = 0; i < group_channels; ++i)
        store(std::span(sums).subspan(i * count, count), out_,
              (batch * conv_.products.channels() + group * group_channels + i) * windows() + first);
    });
  }

  // What the kernel covers at one window, in the order of the weights.
  template <class Factor>
  void pack(const Factor* image, size_t step, size_t window, Factor* row) const {
    const SlidingWindow::Axis &high = conv_.window.axes[0], &wide = conv_.window.axes[1];
    const auto columns = static_cast<size_t>(plan_.places[1].count);
    const auto y = static_cast<int64_t>(window / columns) * high.stride;
    const auto x = static_cast<int64_t>(window % columns) * wide.stride;
    const size_t depth = conv_.group_depth;
    for (int64_t ky = 0; ky < high.kernel; ++ky) {
      const Factor* from =
          image + static_cast<size_t>((y + ky * high.dilation) * plan_.padded_width + x) * step;
      if (wide.dilation == 1 && step == depth) {
        const size_t run = static_cast<size_t>(wide.kernel) * depth;
        std::memcpy(row, from, run * sizeof(Factor));
        row += run;
        continue;
      }
      for (int64_t kx = 0; kx < wide.kernel; ++kx, row += depth)
        std::memcpy(row, from + static_cast<size_t>(kx * wide.dilation) * step,
                    depth * sizeof(Factor));
    }
  }

  // One plane at a time, its columns sorted by their remainder under the stride, so that the
  // elements that one weight meets stand side by side.
  void run_depthwise(size_t group_channels) {
    const size_t channels = conv_.products.channels(),
                 batches = static_cast<size_t>(plan_.in.batch);
    parallel_for(batches * channels, threads(batches * channels * windows()),
                 [&](size_t i) { depthwise_plane(i / channels, i % channels, group_channels); });
  }

  void depthwise_plane(size_t batch, size_t channel, size_t group_channels) {
    const SlidingWindow::Axis &high = conv_.window.axes[0], &wide = conv_.window.axes[1];
    const auto width = static_cast<size_t>(plan_.padded_width);
    const auto stride = static_cast<size_t>(wide.stride);
    const size_t phase = (width + stride - 1) / stride;
    const auto rows = static_cast<size_t>(plan_.padded_height);
    std::vector<int16_t> line(width), plane(rows * stride * phase);
    for (size_t y = 0; y < static_cast<size_t>(plan_.in.height); ++y) {
      const int64_t at = static_cast<int64_t>(y) * conv_.spread[0] + plan_.places[0].pad_begin;
      if (at >= plan_.padded_height) continue;
      int16_t* const target = plane.data() + static_cast<size_t>(at) * stride * phase;
      if (stride == 1) {
        place_row(batch, channel / group_channels, y, target, 1);
        continue;
      }
      place_row(batch, channel / group_channels, y, line.data(), 1);
      for (size_t x = 0; x < width; ++x) target[x % stride * phase + x / stride] = line[x];
    }
    const auto columns = static_cast<size_t>(plan_.places[1].count);
    std::vector<int32_t> sums(windows(), static_cast<int32_t>(conv_.products.bias_of(channel)));
    for (int64_t oy = 0; oy < plan_.places[0].count; ++oy)
      for (int64_t ky = 0; ky < high.kernel; ++ky) {
        const auto y = static_cast<size_t>(oy * high.stride + ky * high.dilation);
        for (int64_t kx = 0; kx < wide.kernel; ++kx) {
          const auto x = static_cast<size_t>(kx * wide.dilation);
          execution_.vector->accumulate(
              sums.data() + static_cast<size_t>(oy) * columns,
              plane.data() + y * stride * phase + x % stride * phase + x / stride,
              conv_.products.weight(channel, static_cast<size_t>(ky * wide.kernel + kx)), columns);
        }
      }
    execution_.vector->rescale(sums.data(), sums.size(), conv_.products.rescale_of(channel));
    store(sums, out_, (batch * conv_.products.channels() + channel) * windows());
  }

  const Convolution& conv_;
  const Tensor& image_;
  const Plan& plan_;
  const Execution& execution_;
  Tensor& out_;
};

}  // namespace

Result<Tensor> Convolution::run(const Tensor& image, const Execution& execution,
                                std::optional<std::array<int64_t, 2>> result_size) const {
  auto in = ImageShape::of(image.shape());
  if (!in) return in.error();
  if (static_cast<size_t>(in->channels) != groups * group_depth)
    return fail("its input has {} channels, its weights are for {}", in->channels,
                groups * group_depth);
  Plan plan{*in, {}, 0, 0};
  const int64_t sizes[2] = {in->height, in->width};
  for (size_t axis = 0; axis < 2; ++axis) {
    plan.places[axis] = window.places(axis, sizes[axis]);
    if (result_size) plan.places[axis].count = (*result_size)[axis];
    if (plan.places[axis].count <= 0)
      return fail("its kernel is larger than its input {}", format_shape(image.shape()));
  }
  plan.padded_height = (plan.places[0].count - 1) * window.axes[0].stride + window.axes[0].span();
  plan.padded_width = (plan.places[1].count - 1) * window.axes[1].stride + window.axes[1].span();
  Tensor out =
      Tensor::allocate(output.element_type(), in->with(static_cast<int64_t>(products.channels()),
                                                       plan.places[0].count, plan.places[1].count));
  ConvolutionRun run(*this, image, plan, execution, out);
  if (products.is_wide())
    run.template run<int32_t>();
  else
    run.template run<int16_t>();
  return out;
}

}  // namespace acuate
