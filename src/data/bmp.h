#pragma once

#include <cstddef>
#include <span>

#include "data/image.h"

namespace acuate {

// stb_image restricted to BMP; false where the bytes are damaged or cut off.
bool read_bmp_size(std::span<const std::byte> bytes, int& width, int& height);
// `image` has the size that read_bmp_size gave; its pixels are filled as RGB.
bool read_bmp_pixels(std::span<const std::byte> bytes, Image& image);

}  // namespace acuate
