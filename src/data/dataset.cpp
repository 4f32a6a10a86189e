#include "data/dataset.h"

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/release_pages.h"
#include "base/text.h"
#include "data/npy.h"
#include "data/npz.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxListBytes = uint64_t{1} << 26;

Result<std::vector<fs::path>> images_of_folder(const fs::path& folder) {
  std::vector<fs::path> images;
  size_t others = 0;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    if (has_image_extension(entries->path()) && entries->is_regular_file(ignored))
      images.push_back(entries->path());
    else
      ++others;
  }
  if (error) return fail("{}: cannot read the folder: {}", folder.string(), error.message());
  if (images.empty())
    return fail(
        "{}: no images in this folder ({} other entries); expected .png, .jpg, .jpeg or .bmp files",
        folder.string(), others);
  std::sort(images.begin(), images.end());
  return images;
}

Result<std::vector<fs::path>> images_of_list(const fs::path& list) {
  const auto text = read_text_file(list, kMaxListBytes);
  if (!text) return text.error();
  if (text->find('\0') != std::string::npos)
    return fail("{}: neither a list of image paths nor an .npy/.npz file", list.string());
  std::vector<fs::path> images;
  size_t number = 0;
  for (const std::string& line : split(*text, '\n')) {
    ++number;
    const std::string_view entry = trim(line);
    if (entry.empty() || entry.front() == '#') continue;
    fs::path image = list.parent_path() / fs::path(entry);
    std::error_code error;
    if (!fs::is_regular_file(image, error))
      return fail("{}:{}: there is no file '{}'", list.string(), number,
                  to_valid_utf8(image.string()));
    images.push_back(std::move(image));
  }
  if (images.empty())
    return fail("{}: the list names no images; expected one path per line", list.string());
  return images;
}

std::span<const std::byte> row_bytes(const Tensor& array, size_t index) {
  const size_t size = array.bytes().size() / static_cast<size_t>(array.shape()[0]);
  return array.bytes().subspan(index * size, size);
}

std::string hash_and_release(std::span<const std::byte> bytes) {
  std::string hash = content_hash(bytes);
  release_pages(bytes);
  return hash;
}

// Whether a row of this shape fills the input, dynamic dimensions taking what comes.
bool fits(std::span<const int64_t> found, std::span<const int64_t> wanted) {
  return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                    [](int64_t f, int64_t w) { return w < 0 || f == w; });
}

}  // namespace

Result<Dataset> Dataset::open(const fs::path& path) {
  Dataset dataset;
  dataset.path_ = path;
  std::error_code error;
  if (!fs::exists(path, error))
    return fail("{}: there is no such data; expected a folder of images, a list, .npy or .npz",
                path.string());
  const std::string extension = path.extension().string();
  if (extension == ".npy" || extension == ".npz") {
    if (extension == ".npy") {
      auto array = read_npy(path);
      if (!array) return array.error();
      dataset.arrays_.emplace_back("", std::move(*array));
    } else {
      auto arrays = read_npz(path);
      if (!arrays) return arrays.error();
      dataset.arrays_ = std::move(*arrays);
    }
    for (const auto& [name, array] : dataset.arrays_) {
      const auto& [first_name, first] = dataset.arrays_.front();
      if (array.shape().empty() || array.shape()[0] == 0)
        return fail("{}: array '{}' has shape {}; expected samples along the first axis",
                    path.string(), name, format_shape(array.shape()));
      if (array.shape()[0] != first.shape()[0])
        return fail("{}: array '{}' holds {} samples, '{}' holds {}", path.string(), name,
                    array.shape()[0], first_name, first.shape()[0]);
      dataset.size_ = static_cast<size_t>(array.shape()[0]);
    }
    return dataset;
  }
  if (fs::is_regular_file(path, error) && has_image_extension(path))
    return fail("{}: one image; expected a folder of images, a list of them, .npy or .npz",
                path.string());
  auto images = fs::is_directory(path, error) ? images_of_folder(path) : images_of_list(path);
  if (!images) return images.error();
  dataset.images_ = std::move(*images);
  dataset.size_ = dataset.images_.size();
  return dataset;
}

std::string Dataset::sample_name(size_t index) const {
  ACUATE_CHECK(index < size_, "sample index");
  return is_images() ? images_[index].filename().string()
                     : fmt::format("{}[{}]", path_.filename().string(), index);
}

Result<std::string> Dataset::sample_hash(size_t index) const {
  ACUATE_CHECK(index < size_, "sample index");
  if (is_images()) {
    auto file = MappedFile::open(images_[index]);
    if (!file) return file.error();
    return content_hash((*file)->bytes());
  }
  std::string hashes;
  for (const auto& [name, array] : arrays_)
    hashes += name + '\0' + hash_and_release(row_bytes(array, index));
  return content_hash(std::as_bytes(std::span(hashes)));
}

Result<std::vector<ImageSize>> Dataset::image_sizes() const {
  if (!is_images()) return fail("{}: arrays have no image sizes; give --shape", path_.string());
  std::vector<ImageSize> sizes;
  for (const fs::path& image : images_) {
    auto size = read_image_size(image);
    if (!size) return size.error();
    sizes.push_back(*size);
  }
  return sizes;
}

Result<Tensor> Dataset::load_row(size_t index, const InputSpec& input,
                                 const std::pair<std::string, Tensor>& array) const {
  const auto& [name, values] = array;
  if (values.type() != input.type)
    return fail("{}: array '{}' is {}, input '{}' needs {}", path_.string(), name,
                element_type_name(values.type()), input.name, element_type_name(input.type));
  Shape row(values.shape().begin() + 1, values.shape().end());
  if (!fits(row, input.shape)) {
    row.insert(row.begin(), 1);
    if (!fits(row, input.shape))
      return fail(
          "{}: array '{}' of shape {} gives samples of {}, input '{}' needs {} (the first axis "
          "counts the samples)",
          path_.string(), name, format_shape(values.shape()), format_shape(row), input.name,
          format_shape(input.shape));
  }
  const auto bytes = row_bytes(values, index);
  // Not a view: then the file would stay in memory as far as it was read.
  Tensor copy = Tensor::allocate(values.type(), std::move(row));
  std::copy(bytes.begin(), bytes.end(), copy.mutable_bytes().begin());
  release_pages(bytes);
  return copy;
}

Result<std::vector<Tensor>> Dataset::load(size_t index, std::span<const InputSpec> inputs,
                                          const Preprocess& preprocess) const {
  ACUATE_CHECK(index < size_, "sample index");
  std::vector<Tensor> tensors;
  if (is_images()) {
    if (inputs.size() != 1)
      return fail(
          "{}: images fill one input, the model has {}; give an .npz with an array per input",
          path_.string(), inputs.size());
    const InputSpec& input = inputs[0];
    if (input.type != preprocess.type)
      return fail("input '{}' is {}, pre-processing '{}' makes {}; set its `type`", input.name,
                  element_type_name(input.type), preprocess.name,
                  element_type_name(preprocess.type));
    // Before decoding: what does not fit at all is said without reference to one image.
    if (auto size = network_image_size(preprocess, input.shape); !size)
      return fail("input '{}': {}", input.name, size.error().message);
    auto image = read_image(images_[index]);
    if (!image) return image.error();
    auto tensor = preprocess_image(preprocess, *image, input.shape);
    if (!tensor) return tensor.error();
    tensors.push_back(std::move(*tensor));
    return tensors;
  }
  for (const InputSpec& input : inputs) {
    const bool any_name = arrays_.size() == 1 && inputs.size() == 1;
    const auto found = std::find_if(arrays_.begin(), arrays_.end(), [&](const auto& array) {
      return any_name || array.first == input.name;
    });
    if (found == arrays_.end()) {
      std::vector<std::string> names;
      for (const auto& array : arrays_) names.push_back("'" + array.first + "'");
      return fail("{}: no array is named after input '{}'; found {}", path_.string(), input.name,
                  join(names, ", "));
    }
    auto tensor = load_row(index, input, *found);
    if (!tensor) return tensor.error();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

}  // namespace acuate
