#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace acuate {

// More pixels than this are refused before any is decoded (400 MB decoded): a small file can claim
// a huge image.
inline constexpr uint64_t kMaxImagePixels = uint64_t{1} << 27;

struct ImageSize {
  int width = 0;
  int height = 0;
  bool operator==(const ImageSize&) const = default;
};

// Decoded pixels, [height, width, channels] interleaved, 8 bits; channels is 3 (RGB) for every
// decoded file.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<uint8_t> pixels;
};

// Whether the file name ends like an image that can be decoded: .png .jpg .jpeg .bmp, any case.
bool has_image_extension(const std::filesystem::path& path);

// Reads only the header.
Result<ImageSize> read_image_size(const std::filesystem::path& path);

// PNG, JPEG or BMP by content. Grey and palette become RGB, alpha is dropped, 16 bits are cut to 8,
// EXIF orientation and colour profiles are not applied, as in Pillow's convert("RGB"). A damaged or
// cut off file is an Error that names it: libjpeg-turbo and libpng see truncation and check sums
// that stb_image passes over, and give the same pixels as Pillow and OpenCV; stb_image decodes BMP.
Result<Image> read_image(const std::filesystem::path& path);

// Bilinear, half-pixel centres, edges clamped. Without `antialias` two taps per axis
// (cv2.INTER_LINEAR); with it the triangle widens on downscaling (Pillow's BILINEAR). Computed in
// float in a fixed order, rounded once: deterministic, and within one step of both.
Image resize(const Image& image, ImageSize size, bool antialias);
// The same for one plane of real numbers, row by row, which are not rounded.
std::vector<float> resize_plane(std::span<const float> plane, ImageSize from, ImageSize to,
                                bool antialias);

}  // namespace acuate
