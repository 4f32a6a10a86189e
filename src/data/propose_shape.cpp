#include "data/propose_shape.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/check.h"

namespace acuate {
namespace {

// The image after the limit on its longer side.
std::pair<double, double> limited(ImageSize image, int limit_side) {
  const double ratio =
      std::min(1.0, static_cast<double>(limit_side) / std::max(image.width, image.height));
  return {image.width * ratio, image.height * ratio};
}

int to_multiple(double side, int multiple) {
  return std::max(1, static_cast<int>(std::lround(side / multiple))) * multiple;
}

ShapeCandidate judge(ImageSize size, std::span<const ImageSize> images, int multiple,
                     int limit_side) {
  ShapeCandidate candidate;
  candidate.size = size;
  for (const ImageSize& image : images) {
    const auto [width, height] = limited(image, limit_side);
    candidate.samples +=
        to_multiple(width, multiple) == size.width && to_multiple(height, multiple) == size.height;
    candidate.fits_fraction += width <= size.width && height <= size.height;
    const double across = size.width / static_cast<double>(image.width),
                 down = size.height / static_cast<double>(image.height);
    candidate.mean_aspect_change += std::abs(std::log(across / down));
    candidate.padded_fraction += 1 - std::min(across, down) / std::max(across, down);
  }
  const auto count = static_cast<double>(images.size());
  candidate.fits_fraction /= count;
  candidate.mean_aspect_change /= count;
  candidate.padded_fraction /= count;
  return candidate;
}

}  // namespace

std::vector<ShapeCandidate> propose_shapes(std::span<const ImageSize> images, int multiple,
                                           int limit_side) {
  ACUATE_CHECK(multiple > 0 && limit_side >= multiple, "a side of at least one multiple");
  std::map<std::pair<int, int>, ImageSize> sizes;
  int widest = 0, highest = 0;
  const auto up = [&](double side) {
    return static_cast<int>(std::ceil(side / multiple)) * multiple;
  };
  for (const ImageSize& image : images) {
    ACUATE_CHECK(image.width > 0 && image.height > 0, "image size");
    const auto [width, height] = limited(image, limit_side);
    const ImageSize size{to_multiple(width, multiple), to_multiple(height, multiple)};
    sizes[{size.width, size.height}] = size;
    widest = std::max(widest, up(width));
    highest = std::max(highest, up(height));
  }
  if (images.empty()) return {};
  sizes[{widest, highest}] = {widest, highest};

  std::vector<ShapeCandidate> candidates;
  for (const auto& [key, size] : sizes)
    candidates.push_back(judge(size, images, multiple, limit_side));
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const ShapeCandidate& a, const ShapeCandidate& b) {
                     const auto area = [](const ShapeCandidate& c) {
                       return static_cast<int64_t>(c.size.width) * c.size.height;
                     };
                     return a.samples != b.samples ? a.samples > b.samples : area(a) > area(b);
                   });
  return candidates;
}

}  // namespace acuate
