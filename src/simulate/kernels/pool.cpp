#include <algorithm>
#include <limits>

#include "base/parallel.h"
#include "simulate/kernel.h"
#include "simulate/sliding_window.h"

namespace acuate {
namespace {

struct Pooling {
  SlidingWindow window;
  bool is_global = false, is_average = false, counts_padding = false;
  Quantization input, output;
  std::vector<Rescale> by_count;  // of averages, for 1 … kernel elements
  double factor = 1;              // of averages, before the division by their count
  Rescale bounds;
};

// One output element: over rows y0 … and columns x0 … that lie inside the plane.
struct Patch {
  int64_t sum = 0, count = 0;
  int32_t greatest = std::numeric_limits<int32_t>::min();
};

Patch patch_of(const int32_t* plane, const ImageShape& in, const SlidingWindow& window, int64_t y0,
               int64_t x0) {
  Patch patch;
  for (int64_t ky = 0; ky < window.axes[0].kernel; ++ky) {
    const int64_t y = y0 + ky * window.axes[0].dilation;
    if (y < 0 || y >= in.height) continue;
    for (int64_t kx = 0; kx < window.axes[1].kernel; ++kx) {
      const int64_t x = x0 + kx * window.axes[1].dilation;
      if (x < 0 || x >= in.width) continue;
      const int32_t value = plane[y * in.width + x];
      patch.sum += value;
      patch.greatest = std::max(patch.greatest, value);
      ++patch.count;
    }
  }
  return patch;
}

// Elements of the padded input that the window covers: with ceil_mode it may reach beyond.
int64_t padded_count(const SlidingWindow& window, const std::array<int64_t, 2>& start,
                     const std::array<int64_t, 2>& size) {
  int64_t count = 1;
  for (size_t axis = 0; axis < 2; ++axis) {
    const SlidingWindow::Axis& each = window.axes[axis];
    const int64_t end = size[axis] + each.pad_end;
    int64_t inside = 0;
    for (int64_t k = 0; k < each.kernel; ++k)
      inside += start[axis] + k * each.dilation < end ? 1 : 0;
    count *= inside;
  }
  return count;
}

Result<Tensor> pool(const Pooling& pooling, const Tensor& image, const Execution& execution) {
  auto in = ImageShape::of(image.shape());
  if (!in) return in.error();
  SlidingWindow window = pooling.window;
  std::vector<Rescale> by_count = pooling.by_count;
  if (pooling.is_global) {
    window.axes[0].kernel = in->height;
    window.axes[1].kernel = in->width;
  }
  const auto high = window.places(0, in->height), wide = window.places(1, in->width);
  if (high.count <= 0 || wide.count <= 0 || in->height <= 0 || in->width <= 0)
    return fail("its kernel is larger than its input {}", format_shape(image.shape()));
  const std::vector<int32_t> values = centred(image, pooling.input);
  const int32_t zero_point = pooling.input.zero_point[0];
  Tensor out = Tensor::allocate(pooling.output.element_type(),
                                in->with(in->channels, high.count, wide.count));
  const auto area = static_cast<size_t>(in->height * in->width),
             result = static_cast<size_t>(high.count * wide.count);
  if (pooling.is_average && pooling.is_global) {
    by_count = {pooling.bounds};
    by_count[0].factor = FixedPoint::of(pooling.factor / static_cast<double>(area));
  }
  const auto planes = static_cast<size_t>(in->batch * in->channels);
  parallel_for(planes, values.size() < 1 << 15 ? 1 : execution.threads, [&](size_t plane) {
    std::vector<int32_t> line(result);
    for (int64_t oy = 0; oy < high.count; ++oy)
      for (int64_t ox = 0; ox < wide.count; ++ox) {
        const int64_t y = oy * window.axes[0].stride - high.pad_begin,
                      x = ox * window.axes[1].stride - wide.pad_begin;
        const Patch patch = patch_of(values.data() + plane * area, *in, window, y, x);
        int32_t& target = line[static_cast<size_t>(oy * wide.count + ox)];
        if (!pooling.is_average) {
          target = (patch.count == 0 ? pooling.input.lowest() - zero_point : patch.greatest) +
                   zero_point;
          continue;
        }
        const int64_t count = pooling.is_global ? 1
                              : pooling.counts_padding
                                  ? padded_count(window, {y, x}, {in->height, in->width})
                                  : patch.count;
        target = count == 0 ? pooling.output.zero_point[0]
                            : by_count[static_cast<size_t>(count - 1)](patch.sum);
      }
    store(line, out, plane * result);
  });
  return out;
}

Result<IntegerKernel> prepare(const KernelRequest& request) {
  const Node& node = request.node;
  if (node.outputs().size() > 1 && node.output(1) != nullptr)
    return fail("its second result, the places of the maxima, is read");
  if (node.int_attribute("storage_order", 0) != 0) return fail("its storage order is column-major");
  Pooling pooling;
  pooling.is_global = node.is_op("GlobalAveragePool") || node.is_op("GlobalMaxPool");
  pooling.is_average = node.is_op("GlobalAveragePool") || node.is_op("AveragePool");
  pooling.counts_padding = node.int_attribute("count_include_pad", 0) != 0;
  pooling.input = request.grid(0);
  pooling.output = request.output;
  pooling.factor =
      static_cast<double>(pooling.input.scale[0]) / static_cast<double>(pooling.output.scale[0]);
  pooling.bounds = request.rescale(1);
  if (pooling.is_global) {
    pooling.window.axes = {};
  } else {
    auto window = SlidingWindow::of(node, {});
    if (!window) return window.error();
    pooling.window = *window;
    const int64_t most = window->axes[0].kernel * window->axes[1].kernel;
    for (int64_t count = 1; pooling.is_average && count <= most; ++count)
      pooling.by_count.push_back(request.rescale(pooling.factor / static_cast<double>(count)));
  }
  return IntegerKernel(
      [pooling = std::move(pooling)](std::span<const Tensor> inputs,
                                     const Execution& execution) -> Result<std::vector<Tensor>> {
        auto out = pool(pooling, inputs[0], execution);
        if (!out) return out.error();
        return std::vector{std::move(*out)};
      });
}

}  // namespace

// A greatest integer stays on the grid of the input, an average is put on its own.
void register_simulate_pool(KernelRegistry& registry) {
  registry.add({
      .id = "pool",
      .doc = "exact sum over the window, one rescaling that divides by the count",
      .operators = {"AveragePool", "GlobalAveragePool"},
      .prepare = prepare,
  });
  registry.add({
      .id = "max_pool",
      .doc = "the greatest integer of the window",
      .operators = {"GlobalMaxPool", "MaxPool"},
      .moves = always_moves,
      .prepare = prepare,
  });
}

}  // namespace acuate
