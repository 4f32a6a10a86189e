#include "runtime/adapter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "base/text.h"
#include "data/image.h"

namespace acuate {
namespace {

using Form = OutputKind::Form;

bool is_box(Form form) { return form == Form::Xyxy || form == Form::Xywh || form == Form::Cxcywh; }

const IoSpec* find_port(std::span<const IoSpec> ports, const std::string& name) {
  const auto found = std::ranges::find(ports, name, &IoSpec::name);
  return found == ports.end() ? nullptr : &*found;
}

Result<const IoSpec*> port_called(std::span<const IoSpec> ports, const std::string& name,
                                  std::string_view what) {
  if (const IoSpec* port = find_port(ports, name)) return port;
  std::vector<std::string> names;
  for (const IoSpec& port : ports) names.push_back(port.name);
  return fail("there is no {} '{}'; there are: {}", what, name, join(names, ", "));
}

// Types that are read and written as numbers here.
template <class F>
bool with_type(ElementType type, F use) {
  switch (type) {
    case ElementType::Float:
      return use(float{}), true;
    case ElementType::Double:
      return use(double{}), true;
    case ElementType::Uint8:
    case ElementType::Bool:
      return use(uint8_t{}), true;
    case ElementType::Int32:
      return use(int32_t{}), true;
    case ElementType::Int64:
      return use(int64_t{}), true;
    default:
      return false;
  }
}

bool is_number(ElementType type) {
  return with_type(type, [](auto) {});
}

bool is_real(ElementType type) { return type == ElementType::Float || type == ElementType::Double; }

template <class T>
T stored(double value) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
  constexpr double kExact = 0x1p53;  // beyond it no double is a neighbour of each 64-bit integer
  using Limits = std::numeric_limits<T>;
  return static_cast<T>(std::clamp(std::nearbyint(value),
                                   std::max(-kExact, static_cast<double>(Limits::lowest())),
                                   std::min(kExact, static_cast<double>(Limits::max()))));
}

// A tensor as planes of one image axis pair: [outer, height, width, inner].
struct Planes {
  size_t outer = 1, height = 0, width = 0, inner = 1;

  Planes(const Shape& shape, size_t height_axis) {
    for (size_t i = 0; i < height_axis; ++i) outer *= static_cast<size_t>(shape[i]);
    height = static_cast<size_t>(shape[height_axis]);
    width = static_cast<size_t>(shape[height_axis + 1]);
    for (size_t i = height_axis + 2; i < shape.size(); ++i) inner *= static_cast<size_t>(shape[i]);
  }
  size_t at(size_t o, size_t y, size_t x, size_t i) const {
    return ((o * height + y) * width + x) * inner + i;
  }
};

// The part [0, part) of each plane of `in`, resized to `size`, in the upper left of the planes of
// `out`. Real numbers bilinear, all else the nearest.
template <class T>
void place(std::span<const T> in, const Planes& from, ImageSize part, std::span<T> out,
           const Planes& to, ImageSize size) {
  const auto part_width = static_cast<size_t>(part.width);
  const auto part_height = static_cast<size_t>(part.height);
  const auto width = static_cast<size_t>(size.width), height = static_cast<size_t>(size.height);
  const bool is_same = part == size;
  const bool is_smooth = std::is_floating_point_v<T> || std::is_same_v<T, uint8_t>;
  std::vector<float> plane(is_same || !is_smooth ? 0 : part_width * part_height);
  for (size_t o = 0; o < from.outer; ++o)
    for (size_t i = 0; i < from.inner; ++i) {
      if (is_same || !is_smooth) {
        for (size_t y = 0; y < height; ++y)
          for (size_t x = 0; x < width; ++x)
            out[to.at(o, y, x, i)] =
                in[from.at(o, is_same ? y : (2 * y + 1) * part_height / (2 * height),
                           is_same ? x : (2 * x + 1) * part_width / (2 * width), i)];
        continue;
      }
      for (size_t y = 0; y < part_height; ++y)
        for (size_t x = 0; x < part_width; ++x)
          plane[y * part_width + x] = static_cast<float>(in[from.at(o, y, x, i)]);
      const std::vector<float> scaled = resize_plane(plane, part, size, true);
      for (size_t y = 0; y < height; ++y)
        for (size_t x = 0; x < width; ++x)
          out[to.at(o, y, x, i)] = stored<T>(scaled[y * width + x]);
    }
}

int scaled(int side, double ratio, int most) {
  return std::clamp(static_cast<int>(std::lround(side * ratio)), 1, most);
}

// Both ends of a side of a box, `a` and `b` in its form, brought to [0, most]. What lies within
// keeps its bits.
void clip_side(Form form, double& a, double& b, double most) {
  const double low = form == Form::Cxcywh ? a - b / 2 : a;
  const double high = form == Form::Xyxy ? b : low + b;
  if (low >= 0 && low <= most && high >= 0 && high <= most) return;
  const double from = std::clamp(low, 0.0, most), to = std::clamp(high, 0.0, most);
  a = form == Form::Cxcywh ? (from + to) / 2 : from;
  b = form == Form::Xyxy ? to : to - from;
}

// A box, or points x, y, x, y, …
void clip(Form form, std::span<double> row, double right, double bottom) {
  if (form == Form::Points) {
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = std::clamp(row[i], 0.0, i % 2 == 0 ? right : bottom);
    return;
  }
  clip_side(form, row[0], row[2], right);
  clip_side(form, row[1], row[3], bottom);
}

size_t axis_of(int64_t axis, size_t rank) {
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

// Axis of the height of a mask input.
size_t mask_height_axis(const IoSpec& spec) { return spec.shape.size() - 2; }
size_t image_height_axis(Preprocess::Layout layout) {
  return layout == Preprocess::Layout::Nchw ? 2 : 1;
}

}  // namespace

Result<void> PadAdapter::check(std::span<const IoSpec> ins, std::span<const IoSpec> outs) const {
  auto image = port_called(ins, input, "input");
  if (!image) return image.error();
  const size_t at = image_height_axis(layout);
  const std::vector<int64_t>& shape = (*image)->shape;
  if (shape.size() != 4 || !is_number((*image)->type))
    return fail("input '{}' is {}; an adapter needs numbers of 4 dimensions", input,
                (*image)->text());
  if (shape[at] != size.height || shape[at + 1] != size.width)
    return fail("input '{}' is {}; the adapter pads to {}x{}", input, (*image)->text(), size.height,
                size.width);
  const auto channels = shape[layout == Preprocess::Layout::Nchw ? 1 : 3];
  if (channels != static_cast<int64_t>(fill.size()))
    return fail("input '{}' has {} channels, the adapter fills {}", input, channels, fill.size());
  for (const Mask& mask : masks) {
    auto port = port_called(ins, mask.input, "input");
    if (!port) return port.error();
    const auto& dims = (*port)->shape;
    if (dims.size() < 2 || !is_number((*port)->type) || dims.back() != size.width ||
        dims[dims.size() - 2] != size.height)
      return fail("mask input '{}' is {}; expected the image's size, {}x{}, at its end", mask.input,
                  (*port)->text(), size.height, size.width);
  }
  for (const auto& [name, kind] : outputs) {
    auto port = port_called(outs, name, "output");
    if (!port) return port.error();
    if (kind.form == Form::None || !(*port)->has_shape) continue;
    const auto rank = static_cast<int64_t>((*port)->shape.size());
    const int64_t axis = kind.axis < 0 ? kind.axis + rank : kind.axis;
    if (axis < 0 || axis >= rank - (kind.form == Form::Mask ? 1 : 0))
      return fail("output kind {}={}: the output is {}, which has no such axis", name, kind.text(),
                  (*port)->text());
    const int64_t length = (*port)->shape[static_cast<size_t>(axis)];
    const int64_t needed = kind.first + (is_box(kind.form) ? 4 : 2);
    if (kind.form != Form::Mask && length >= 0 && length < needed)
      return fail("output kind {}={}: axis {} of {} has {} places, needed are {}", name,
                  kind.text(), axis, (*port)->text(), length, needed);
    if (kind.form != Form::Mask && !is_real((*port)->type))
      return fail("output kind {}={}: the output is {}; coordinates are float32 or float64", name,
                  kind.text(), (*port)->text());
    if (!is_number((*port)->type))
      return fail("output kind {}={}: the output is {}, whose type is not read here", name,
                  kind.text(), (*port)->text());
  }
  return {};
}

void PadAdapter::set_sizes(std::vector<IoSpec>& inputs, int64_t height, int64_t width) const {
  const auto set = [&](IoSpec& spec, size_t at) {
    spec.dim_names.resize(spec.shape.size());
    spec.shape[at] = height;
    spec.shape[at + 1] = width;
    spec.dim_names[at] = height < 0 ? "height" : "";
    spec.dim_names[at + 1] = width < 0 ? "width" : "";
  };
  for (IoSpec& spec : inputs) {
    if (spec.name == input) set(spec, image_height_axis(layout));
    for (const Mask& mask : masks)
      if (spec.name == mask.input) set(spec, mask_height_axis(spec));
  }
}

void PadAdapter::open_sizes(std::vector<IoSpec>& inputs) const { set_sizes(inputs, -1, -1); }
void PadAdapter::close_sizes(std::vector<IoSpec>& inputs) const {
  set_sizes(inputs, size.height, size.width);
}

Result<AdaptedRun> AdaptedRun::begin(const PadAdapter& adapter, std::span<const IoSpec> specs,
                                     std::vector<Tensor>& inputs) {
  AdaptedRun run(adapter);
  const auto index_of = [&](const std::string& name) {
    return static_cast<size_t>(find_port(specs, name) - specs.data());
  };
  Tensor& image = inputs[index_of(adapter.input)];
  const size_t at = image_height_axis(adapter.layout);
  constexpr int64_t kMost = 1 << 15;
  const int64_t height = image.shape()[at], width = image.shape()[at + 1];
  if (height < 1 || width < 1 || height > kMost || width > kMost)
    return fail("input '{}': found an image of {}x{}; expected sides from 1 to {}", adapter.input,
                height, width, kMost);
  run.image_ = {static_cast<int>(width), static_cast<int>(height)};
  const double ratio = std::min({1.0, static_cast<double>(adapter.size.width) / run.image_.width,
                                 static_cast<double>(adapter.size.height) / run.image_.height});
  run.resized_ = {scaled(run.image_.width, ratio, adapter.size.width),
                  scaled(run.image_.height, ratio, adapter.size.height)};
  for (const PadAdapter::Mask& mask : adapter.masks) {
    const Shape& shape = inputs[index_of(mask.input)].shape();
    const size_t mask_at = mask_height_axis(*find_port(specs, mask.input));
    if (shape[mask_at] != height || shape[mask_at + 1] != width)
      return fail("mask input '{}' is {}; expected the size of '{}', {}x{}", mask.input,
                  format_shape(shape), adapter.input, height, width);
  }
  if (run.image_ == adapter.size) return run;

  const auto pad = [&](Tensor& tensor, size_t height_axis, const std::vector<double>& fill,
                       size_t channel_step) {
    Shape shape = tensor.shape();
    shape[height_axis] = adapter.size.height;
    shape[height_axis + 1] = adapter.size.width;
    Tensor padded = Tensor::allocate(tensor.type(), shape);
    with_type(tensor.type(), [&](auto zero) {
      using T = decltype(zero);
      auto out = padded.mutable_values<T>();
      for (size_t i = 0; i < out.size(); ++i)
        out[i] = stored<T>(fill[i / channel_step % fill.size()]);
      place<T>(tensor.values<T>(), Planes(tensor.shape(), height_axis), run.image_, out,
               Planes(shape, height_axis), run.resized_);
    });
    tensor = std::move(padded);
  };
  const bool planar = adapter.layout == Preprocess::Layout::Nchw;
  pad(image, at, adapter.fill,
      planar ? static_cast<size_t>(adapter.size.width) * static_cast<size_t>(adapter.size.height)
             : 1);
  for (const PadAdapter::Mask& mask : adapter.masks)
    pad(inputs[index_of(mask.input)], mask_height_axis(*find_port(specs, mask.input)),
        {mask.padding}, 1);
  return run;
}

Result<void> AdaptedRun::end(std::span<const IoSpec> specs, std::vector<Tensor>& outputs) const {
  if (image_ == adapter_->size) return {};
  for (const auto& [name, kind] : adapter_->outputs) {
    const IoSpec* spec = find_port(specs, name);
    if (spec == nullptr || kind.form == Form::None) continue;
    Tensor& output = outputs[static_cast<size_t>(spec - specs.data())];
    const auto rank = static_cast<int64_t>(output.shape().size());
    const int64_t axis = kind.axis < 0 ? kind.axis + rank : kind.axis;
    const bool is_mask = kind.form == Form::Mask;
    if (axis < 0 || axis + (is_mask ? 2 : 1) > rank ||
        (!is_mask &&
         output.shape()[static_cast<size_t>(axis)] < kind.first + (is_box(kind.form) ? 4 : 2)))
      return fail("output '{}' is {}, which does not hold {}", name, format_shape(output.shape()),
                  kind.text());
    output = kind.form == Form::Mask ? unpadded(kind, output) : told(kind, output);
  }
  return {};
}

// With the image at the left and the top every form of coordinates is scaled alike.
Tensor AdaptedRun::told(const OutputKind& kind, const Tensor& output) const {
  const double from_width = kind.is_normalized ? adapter_->size.width : image_.width;
  const double from_height = kind.is_normalized ? adapter_->size.height : image_.height;
  const double across = from_width / resized_.width, down = from_height / resized_.height;
  const double right = kind.is_normalized ? 1 : image_.width;
  const double bottom = kind.is_normalized ? 1 : image_.height;
  const size_t axis = axis_of(kind.axis, output.shape().size());
  size_t inner = 1;
  for (size_t i = axis + 1; i < output.shape().size(); ++i)
    inner *= static_cast<size_t>(output.shape()[i]);
  const auto length = static_cast<size_t>(output.shape()[axis]);
  const auto first = static_cast<size_t>(kind.first);
  const size_t count = kind.form == Form::Points ? (length - first) / 2 * 2 : 4;
  Tensor out = Tensor::allocate(output.type(), output.shape());
  const auto tell = [&](auto zero) {
    using T = decltype(zero);
    const auto in = output.values<T>();
    auto values = out.mutable_values<T>();
    std::copy(in.begin(), in.end(), values.begin());
    std::vector<double> row(count);
    for (size_t start = 0; start + length * inner <= in.size(); start += length * inner)
      for (size_t i = 0; i < inner; ++i) {
        const auto at = [&](size_t k) { return start + (first + k) * inner + i; };
        for (size_t k = 0; k < count; ++k) row[k] = in[at(k)] * (k % 2 == 0 ? across : down);
        clip(kind.form, row, right, bottom);
        for (size_t k = 0; k < count; ++k) values[at(k)] = static_cast<T>(row[k]);
      }
  };
  output.type() == ElementType::Double ? tell(double{}) : tell(float{});
  return out;
}

// The image's part of the map, at the stride that the map has.
Tensor AdaptedRun::unpadded(const OutputKind& kind, const Tensor& output) const {
  const size_t axis = axis_of(kind.axis, output.shape().size());
  const auto height = static_cast<int>(output.shape()[axis]);
  const auto width = static_cast<int>(output.shape()[axis + 1]);
  if (height == 0 || width == 0 || output.size() == 0) return output;
  const double down = static_cast<double>(height) / adapter_->size.height;
  const double across = static_cast<double>(width) / adapter_->size.width;
  const auto part_of = [](int side, double ratio) {
    return std::max(1, static_cast<int>(std::lround(side * ratio)));
  };
  const ImageSize part{std::min(width, part_of(resized_.width, across)),
                       std::min(height, part_of(resized_.height, down))};
  const ImageSize size =
      resized_ == image_ ? part
                         : ImageSize{part_of(image_.width, across), part_of(image_.height, down)};
  Shape shape = output.shape();
  shape[axis] = size.height;
  shape[axis + 1] = size.width;
  Tensor out = Tensor::allocate(output.type(), shape);
  with_type(output.type(), [&](auto zero) {
    using T = decltype(zero);
    place<T>(output.values<T>(), Planes(output.shape(), axis), part, out.mutable_values<T>(),
             Planes(shape, axis), size);
  });
  return out;
}

}  // namespace acuate
