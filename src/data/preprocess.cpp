#include "data/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace acuate {
namespace {

// Where the resized image lies in the network's input.
struct Placement {
  ImageSize size;
  int left = 0, top = 0;
};

Placement place(Preprocess::Resize mode, ImageSize image, ImageSize network) {
  if (mode == Preprocess::Resize::Stretch) return {network, 0, 0};
  const double ratio = std::min(static_cast<double>(network.width) / image.width,
                                static_cast<double>(network.height) / image.height);
  Placement placement;
  placement.size.width =
      std::clamp(static_cast<int>(std::lround(image.width * ratio)), 1, network.width);
  placement.size.height =
      std::clamp(static_cast<int>(std::lround(image.height * ratio)), 1, network.height);
  if (mode == Preprocess::Resize::Letterbox) {
    placement.left = (network.width - placement.size.width) / 2;
    placement.top = (network.height - placement.size.height) / 2;
  }
  return placement;
}

size_t channel_count(const Preprocess& preprocess) {
  return preprocess.channel_order == Preprocess::ChannelOrder::Gray ? 1 : 3;
}

// The pixel in the network's channel order.
std::array<float, 3> ordered(Preprocess::ChannelOrder order, const uint8_t* rgb) {
  const auto r = static_cast<float>(rgb[0]), g = static_cast<float>(rgb[1]),
             b = static_cast<float>(rgb[2]);
  switch (order) {
    case Preprocess::ChannelOrder::Rgb:
      return {r, g, b};
    case Preprocess::ChannelOrder::Bgr:
      return {b, g, r};
    case Preprocess::ChannelOrder::Gray:
      break;
  }
  return {std::nearbyint(0.299f * r + 0.587f * g + 0.114f * b), 0, 0};
}

template <class T>
T stored(float value) {
  if constexpr (std::is_same_v<T, float>) return value;
  return static_cast<T>(std::clamp(std::nearbyint(value), 0.0f, 255.0f));
}

template <class T>
void fill(const Preprocess& preprocess, const Image& resized, const Placement& placement,
          ImageSize network, std::span<T> out) {
  const size_t channels = channel_count(preprocess);
  const auto width = static_cast<size_t>(network.width),
             height = static_cast<size_t>(network.height);
  const bool planar = preprocess.layout == Preprocess::Layout::Nchw;
  const size_t pixel_step = planar ? 1 : channels, channel_step = planar ? width * height : 1;
  const auto scale = static_cast<float>(preprocess.scale);
  std::array<float, 3> mean{}, deviation{};
  for (size_t c = 0; c < 3; ++c) {
    mean[c] = static_cast<float>(preprocess.mean[c]);
    deviation[c] = static_cast<float>(preprocess.std[c]);
  }
  const auto value = [&](float pixel, size_t c) {
    return stored<T>((pixel * scale - mean[c]) / deviation[c]);
  };

  for (size_t c = 0; c < channels; ++c) {
    const T pad = value(static_cast<float>(preprocess.pad_value), c);
    for (size_t i = 0; i < width * height; ++i) out[i * pixel_step + c * channel_step] = pad;
  }
  const uint8_t* pixel = resized.pixels.data();
  for (int y = 0; y < resized.height; ++y)
    for (int x = 0; x < resized.width; ++x, pixel += 3) {
      const std::array<float, 3> in = ordered(preprocess.channel_order, pixel);
      const size_t at =
          static_cast<size_t>(y + placement.top) * width + static_cast<size_t>(x + placement.left);
      for (size_t c = 0; c < channels; ++c)
        out[at * pixel_step + c * channel_step] = value(in[c], c);
    }
}

}  // namespace

Result<ImageSize> network_image_size(const Preprocess& preprocess, const Shape& shape) {
  const auto channels = static_cast<int64_t>(channel_count(preprocess));
  const bool planar = preprocess.layout == Preprocess::Layout::Nchw;
  const std::string expected =
      planar ? fmt::format("1x{}xHxW", channels) : fmt::format("1xHxWx{}", channels);
  const std::string found = format_shape(shape);
  if (shape.size() != 4)
    return fail("an image needs an input of shape {}, found {}", expected, found);
  const int64_t height = shape[planar ? 2 : 1], width = shape[planar ? 3 : 2];
  if (shape[planar ? 1 : 3] != channels) {
    const bool other = shape[planar ? 3 : 1] == channels;
    return fail("pre-processing '{}' makes {}, the input is {}{}", preprocess.name, expected, found,
                other ? (planar ? "; say `layout: nhwc`" : "; say `layout: nchw`")
                      : "; check layout and channel_order");
  }
  if (height < 0 || width < 0 || shape[0] < 0)
    return fail("the input's size {} is not fixed; give it with --shape", found);
  if (shape[0] != 1)
    return fail("images are fed one at a time: expected {}, the input is {}", expected, found);
  constexpr int64_t kMaxSide = 1 << 15;
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide)
    return fail("an input of {} is no image size; expected sides from 1 to {}", found, kMaxSide);
  return ImageSize{static_cast<int>(width), static_cast<int>(height)};
}

Result<Tensor> preprocess_image(const Preprocess& preprocess, const Image& image,
                                const Shape& input_shape) {
  ACUATE_CHECK(image.channels == 3, "a decoded image is RGB");
  const auto network = network_image_size(preprocess, input_shape);
  if (!network) return network.error();
  const Placement placement = place(preprocess.resize, {image.width, image.height}, *network);
  const Image resized = resize(image, placement.size, preprocess.antialias);
  Tensor tensor = Tensor::allocate(preprocess.type, input_shape);
  if (preprocess.type == ElementType::Uint8)
    fill(preprocess, resized, placement, *network, tensor.mutable_values<uint8_t>());
  else
    fill(preprocess, resized, placement, *network, tensor.mutable_values<float>());
  return tensor;
}

CoordinateMap coordinate_map(const Preprocess& preprocess, ImageSize image, ImageSize network) {
  const Placement placement = place(preprocess.resize, image, network);
  CoordinateMap map;
  map.scale_x = static_cast<double>(image.width) / placement.size.width;
  map.scale_y = static_cast<double>(image.height) / placement.size.height;
  map.offset_x = -placement.left * map.scale_x;
  map.offset_y = -placement.top * map.scale_y;
  return map;
}

}  // namespace acuate
