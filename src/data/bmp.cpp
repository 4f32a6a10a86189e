#include "data/bmp.h"

#include <climits>
#include <memory>

// A system header to CMake, so its warnings are not ours.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb_image.h>

namespace acuate {
namespace {

constexpr size_t kFileHeaderBytes = 26;  // up to the height of the shortest (OS/2) header

uint32_t little_endian(std::span<const std::byte> bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= std::to_integer<uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

// stb_image reads zeros past the end, so the pixels' extent is held against the file here.
// Microsoft BITMAPINFOHEADER: rows are padded to 4 bytes, a negative height means top-down.
bool holds_all_pixels(std::span<const std::byte> bytes, int width, int height) {
  const uint32_t offset = little_endian(bytes, 10, 4), header = little_endian(bytes, 14, 4);
  const size_t bits_at = header == 12 ? 24 : 28;
  if (bytes.size() < bits_at + 2) return false;
  const uint64_t row_bytes =
      (static_cast<uint64_t>(width) * little_endian(bytes, bits_at, 2) + 31) / 32 * 4;
  return offset + row_bytes * static_cast<uint64_t>(height) <= bytes.size();
}

}  // namespace

bool read_bmp_size(std::span<const std::byte> bytes, int& width, int& height) {
  if (bytes.size() < kFileHeaderBytes || bytes.size() > INT_MAX) return false;
  int channels = 0;
  return stbi_info_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()),
                               static_cast<int>(bytes.size()), &width, &height, &channels) == 1;
}

bool read_bmp_pixels(std::span<const std::byte> bytes, Image& image) {
  if (!holds_all_pixels(bytes, image.width, image.height)) return false;
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()),
                            static_cast<int>(bytes.size()), &width, &height, &channels, 3),
      stbi_image_free);
  if (!pixels || width != image.width || height != image.height) return false;
  image.pixels.assign(pixels.get(),
                      pixels.get() + static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  return true;
}

}  // namespace acuate
