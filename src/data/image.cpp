#include "data/image.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include "base/file.h"
#include "data/bmp.h"

namespace acuate {
namespace {

using Bytes = std::span<const std::byte>;

enum class Format { Unknown, Png, Jpeg, Bmp };

Format format_of(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return Format::Png;
  if (text.starts_with("\xff\xd8\xff")) return Format::Jpeg;
  if (text.starts_with("BM")) return Format::Bmp;
  return Format::Unknown;
}

// Both C libraries report through longjmp. What the jump passes over lives outside the functions
// that call setjmp.
struct PngJob {
  Bytes input;
  size_t at = 0;
  Image image;
  std::vector<png_bytep> rows;
  std::string error;
  png_structp png = nullptr;
  png_infop info = nullptr;
  ~PngJob() { png_destroy_read_struct(&png, &info, nullptr); }
};

void png_failed(png_structp png, png_const_charp message) {
  static_cast<PngJob*>(png_get_error_ptr(png))->error = message;
  png_longjmp(png, 1);
}

void png_read_bytes(png_structp png, png_bytep out, size_t count) {
  auto* job = static_cast<PngJob*>(png_get_io_ptr(png));
  if (count > job->input.size() - job->at) png_error(png, "cut off");
  std::memcpy(out, job->input.data() + job->at, count);
  job->at += count;
}

bool png_header(PngJob& job) {
  job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, png_failed,
                                   [](png_structp, png_const_charp) {});
  if (job.png == nullptr || (job.info = png_create_info_struct(job.png)) == nullptr) return false;
  if (setjmp(png_jmpbuf(job.png))) return false;
  png_set_user_limits(job.png, 0x7fffffff, 0x7fffffff);
  png_set_read_fn(job.png, &job, png_read_bytes);
  png_read_info(job.png, job.info);
  job.image.width = static_cast<int>(png_get_image_width(job.png, job.info));
  job.image.height = static_cast<int>(png_get_image_height(job.png, job.info));
  return true;
}

bool png_pixels(PngJob& job) {
  if (setjmp(png_jmpbuf(job.png))) return false;
  png_set_expand(job.png);
  png_set_strip_16(job.png);
  png_set_strip_alpha(job.png);
  png_set_gray_to_rgb(job.png);
  png_set_interlace_handling(job.png);
  png_read_update_info(job.png, job.info);
  if (png_get_rowbytes(job.png, job.info) != static_cast<size_t>(job.image.width) * 3)
    png_error(job.png, "unexpected row size");
  png_read_image(job.png, job.rows.data());
  png_read_end(job.png, nullptr);
  return true;
}

struct JpegJob {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf back;
  Image image;
  std::string error;
  ~JpegJob() { jpeg_destroy_decompress(&jpeg); }
};

std::string jpeg_message(j_common_ptr jpeg) {
  std::array<char, JMSG_LENGTH_MAX> text{};
  jpeg->err->format_message(jpeg, text.data());
  return text.data();
}

void jpeg_failed(j_common_ptr jpeg) {
  auto* job = static_cast<JpegJob*>(jpeg->client_data);
  job->error = jpeg_message(jpeg);
  std::longjmp(job->back, 1);
}

// The library fills what is missing and only warns; an image made up in part is not the user's.
// Other warnings (stray bytes before a marker, an odd version number) leave the pixels right.
void jpeg_warned(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  for (int lossy : {JWRN_JPEG_EOF, JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_MUST_RESYNC})
    if (jpeg->err->msg_code == lossy) jpeg_failed(jpeg);
}

bool jpeg_header(JpegJob& job, Bytes input) {
  job.jpeg.err = jpeg_std_error(&job.errors);
  job.jpeg.client_data = &job;
  job.errors.error_exit = jpeg_failed;
  job.errors.emit_message = jpeg_warned;
  if (setjmp(job.back)) return false;
  jpeg_create_decompress(&job.jpeg);
  jpeg_mem_src(&job.jpeg, reinterpret_cast<const unsigned char*>(input.data()), input.size());
  jpeg_read_header(&job.jpeg, TRUE);
  job.image.width = static_cast<int>(job.jpeg.image_width);
  job.image.height = static_cast<int>(job.jpeg.image_height);
  return true;
}

bool jpeg_pixels(JpegJob& job) {
  if (setjmp(job.back)) return false;
  job.jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&job.jpeg);
  while (job.jpeg.output_scanline < job.jpeg.output_height) {
    JSAMPROW row =
        job.image.pixels.data() + size_t{job.jpeg.output_scanline} * job.jpeg.output_width * 3;
    jpeg_read_scanlines(&job.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&job.jpeg);
  return true;
}

Result<void> check_size(int width, int height, const std::string& source) {
  if (width <= 0 || height <= 0) return fail("{}: an image of {}x{} pixels", source, width, height);
  if (static_cast<uint64_t>(width) * static_cast<uint64_t>(height) > kMaxImagePixels)
    return fail("{}: claims {}x{} pixels, the limit is {} million; scale it down first", source,
                width, height, kMaxImagePixels / 1'000'000);
  return {};
}

Error damaged(const std::string& source, std::string_view format, std::string_view reason) {
  return fail("{}: this {} file is damaged or cut off ({}); remove it or replace it", source,
              format, reason.empty() ? "cannot be decoded" : reason);
}

Result<Image> decode_png(Bytes bytes, const std::string& source, bool header_only) {
  PngJob job;
  job.input = bytes;
  if (!png_header(job)) return damaged(source, "PNG", job.error);
  if (auto checked = check_size(job.image.width, job.image.height, source); !checked)
    return checked.error();
  if (header_only) return std::move(job.image);
  const size_t row_bytes = static_cast<size_t>(job.image.width) * 3;
  job.image.pixels.resize(row_bytes * static_cast<size_t>(job.image.height));
  for (int y = 0; y < job.image.height; ++y)
    job.rows.push_back(job.image.pixels.data() + static_cast<size_t>(y) * row_bytes);
  if (!png_pixels(job)) return damaged(source, "PNG", job.error);
  return std::move(job.image);
}

Result<Image> decode_jpeg(Bytes bytes, const std::string& source, bool header_only) {
  JpegJob job;
  if (!jpeg_header(job, bytes)) return damaged(source, "JPEG", job.error);
  if (auto checked = check_size(job.image.width, job.image.height, source); !checked)
    return checked.error();
  if (header_only) return std::move(job.image);
  if (job.jpeg.jpeg_color_space == JCS_CMYK || job.jpeg.jpeg_color_space == JCS_YCCK)
    return fail("{}: a CMYK JPEG; expected RGB or grey (convert it first)", source);
  job.image.pixels.resize(static_cast<size_t>(job.image.width) *
                          static_cast<size_t>(job.image.height) * 3);
  if (!jpeg_pixels(job)) return damaged(source, "JPEG", job.error);
  return std::move(job.image);
}

Result<Image> decode_bmp(Bytes bytes, const std::string& source, bool header_only) {
  Image image;
  if (!read_bmp_size(bytes, image.width, image.height)) return damaged(source, "BMP", "");
  if (auto checked = check_size(image.width, image.height, source); !checked)
    return checked.error();
  if (header_only) return image;
  if (!read_bmp_pixels(bytes, image)) return damaged(source, "BMP", "");
  return image;
}

Result<Image> decode(const std::filesystem::path& path, bool header_only) {
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  const Bytes bytes = (*file)->bytes();
  const std::string source = path.string();
  switch (format_of(bytes)) {
    case Format::Png:
      return decode_png(bytes, source, header_only);
    case Format::Jpeg:
      return decode_jpeg(bytes, source, header_only);
    case Format::Bmp:
      return decode_bmp(bytes, source, header_only);
    case Format::Unknown:
      break;
  }
  return fail("{}: not an image that can be read; expected PNG, JPEG or BMP", source);
}

}  // namespace

bool has_image_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".bmp";
}

Result<ImageSize> read_image_size(const std::filesystem::path& path) {
  auto image = decode(path, true);
  if (!image) return image.error();
  return ImageSize{image->width, image->height};
}

Result<Image> read_image(const std::filesystem::path& path) { return decode(path, false); }

}  // namespace acuate
