#include <algorithm>
#include <cmath>

#include "data/image.h"

namespace acuate {
namespace {

// The source positions first, first + 1, … that make up one output position, with their weights
// (sum 1).
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Taps> taps_for(int in, int out, bool antialias) {
  const double scale = static_cast<double>(in) / out;
  const double support = antialias ? std::max(1.0, scale) : 1.0;
  std::vector<Taps> all(static_cast<size_t>(out));
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale - 0.5;
    Taps& taps = all[static_cast<size_t>(i)];
    if (!antialias) {
      const double at = std::clamp(center, 0.0, in - 1.0);
      taps.first = std::min(static_cast<int>(at), std::max(in - 2, 0));
      const auto fraction = static_cast<float>(at - taps.first);
      if (in == 1)
        taps.weights = {1.0f};
      else
        taps.weights = {1.0f - fraction, fraction};
      continue;
    }
    taps.first = std::max(0, static_cast<int>(std::ceil(center - support)));
    const int last = std::min(in - 1, static_cast<int>(std::floor(center + support)));
    double sum = 0;
    for (int j = taps.first; j <= last; ++j)
      sum += std::max(0.0, 1.0 - std::abs(j - center) / support);
    for (int j = taps.first; j <= last; ++j)
      taps.weights.push_back(
          static_cast<float>(std::max(0.0, 1.0 - std::abs(j - center) / support) / sum));
  }
  return all;
}

// [height, width, channels] interleaved, to floats that are not rounded. Rows first, so that only
// the caller's end rounds.
template <class T>
std::vector<float> resize_pixels(std::span<const T> pixels, ImageSize from, ImageSize to,
                                 size_t channels, bool antialias) {
  const auto width = static_cast<size_t>(to.width), in_width = static_cast<size_t>(from.width);
  const std::vector<Taps> across = taps_for(from.width, to.width, antialias);
  const std::vector<Taps> down = taps_for(from.height, to.height, antialias);
  std::vector<float> rows(static_cast<size_t>(from.height) * width * channels);
  for (size_t y = 0; y < static_cast<size_t>(from.height); ++y) {
    const T* in = pixels.data() + y * in_width * channels;
    float* out = rows.data() + y * width * channels;
    for (const Taps& taps : across)
      for (size_t c = 0; c < channels; ++c) {
        const T* tap = in + static_cast<size_t>(taps.first) * channels + c;
        float sum = 0;
        for (float weight : taps.weights) {
          sum += weight * static_cast<float>(*tap);
          tap += channels;
        }
        *out++ = sum;
      }
  }
  const size_t row_size = width * channels;
  std::vector<float> result(static_cast<size_t>(to.height) * row_size);
  for (size_t y = 0; y < static_cast<size_t>(to.height); ++y) {
    float* sums = result.data() + y * row_size;
    const float* row = rows.data() + static_cast<size_t>(down[y].first) * row_size;
    for (float weight : down[y].weights) {
      for (size_t i = 0; i < row_size; ++i) sums[i] += weight * row[i];
      row += row_size;
    }
  }
  return result;
}

}  // namespace

Image resize(const Image& image, ImageSize size, bool antialias) {
  if (image.width == size.width && image.height == size.height) return image;
  const std::vector<float> pixels =
      resize_pixels(std::span<const uint8_t>(image.pixels), {image.width, image.height}, size,
                    static_cast<size_t>(image.channels), antialias);
  Image result{size.width, size.height, image.channels, {}};
  result.pixels.resize(pixels.size());
  for (size_t i = 0; i < pixels.size(); ++i)
    result.pixels[i] = static_cast<uint8_t>(std::clamp(pixels[i] + 0.5f, 0.0f, 255.0f));
  return result;
}

std::vector<float> resize_plane(std::span<const float> plane, ImageSize from, ImageSize to,
                                bool antialias) {
  if (from == to) return {plane.begin(), plane.end()};
  return resize_pixels(plane, from, to, 1, antialias);
}

}  // namespace acuate
