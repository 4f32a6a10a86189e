#pragma once

#include <span>
#include <vector>

#include "data/image.h"

namespace acuate {

// A static input size for images of many sizes.
struct ShapeCandidate {
  ImageSize size;
  size_t samples = 0;  // images whose own best size this is
  double fits_fraction =
      0;  // share of images that fit without being scaled down (beyond the limit on the side)
  double mean_aspect_change =
      0;  // mean of |ln(aspect of the candidate / aspect of the image)|: what `stretch` distorts
  double padded_fraction = 0;  // mean share of the input that letterboxing leaves empty
};

// Each image asks for itself, scaled down where its longer side exceeds `limit_side`, both sides
// rounded to the nearest multiple (at least one). The sizes asked for, and the smallest that holds
// them all, ranked by how many images ask, then by area, larger first. No side exceeds `limit_side`
// rounded up to `multiple`. Empty for no images.
std::vector<ShapeCandidate> propose_shapes(std::span<const ImageSize> images, int multiple = 32,
                                           int limit_side = 960);

}  // namespace acuate
