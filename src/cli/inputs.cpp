#include "cli/inputs.h"

#include <algorithm>
#include <functional>
#include <random>

#include <fmt/format.h>

#include "base/text.h"
#include "data/image.h"
#include "data/npy.h"

namespace acuate {
namespace {

// The shape that an image of this size takes as an input.
using ImageShape = std::function<Shape(size_t input, ImageSize)>;

Result<Tensor> read_input(const std::string& file, const IoSpec& spec, const Preprocess* preprocess,
                          const std::function<Shape(ImageSize)>& shape_of) {
  if (file.ends_with(".npy")) return read_npy(file);
  if (preprocess == nullptr)
    return fail(
        "input '{}': {} is no .npy file, and only an artifact with stored pre-processing takes "
        "images",
        spec.name, file);
  auto image = read_image(file);
  if (!image) return image.error();
  return preprocess_image(*preprocess, *image, shape_of({image->width, image->height}));
}

template <class T, class Draw>
void fill(Tensor& tensor, Draw draw) {
  for (T& value : tensor.mutable_values<T>()) value = static_cast<T>(draw());
}

}  // namespace

void InputFlags::declare(CLI::App& app) {
  app.add_option("--input", texts,
                 "content of an input: .npy, or an image for an artifact that stores its "
                 "pre-processing")
      ->type_name("NAME=FILE");
}

Result<std::map<std::string, std::string>> InputFlags::parse() const {
  std::map<std::string, std::string> files;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
      return fail("--input '{}': expected NAME=FILE, as in x=in.npy", text);
    if (!files.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      return fail("--input is given twice for '{}'", text.substr(0, equals));
  }
  return files;
}

namespace {

Result<std::vector<Tensor>> read_files(const InputFlags& flags, const std::vector<IoSpec>& inputs,
                                       const Preprocess* preprocess, const ImageShape& shape_of) {
  auto files = flags.parse();
  if (!files) return files.error();
  std::vector<std::string> names;
  for (const IoSpec& spec : inputs) names.push_back(spec.name);
  for (const auto& [name, file] : *files)
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail("--input '{}': there is no such input; there are: {}", name, join(names, ", "));
  std::vector<Tensor> tensors;
  for (const IoSpec& spec : inputs) {
    const auto file = files->find(spec.name);
    if (file == files->end())
      return fail("no --input for '{}' ({}); give {}=FILE.npy", spec.name, spec.text(), spec.name);
    const size_t place = tensors.size();
    auto tensor = read_input(file->second, spec, preprocess,
                             [&](ImageSize size) { return shape_of(place, size); });
    if (!tensor) return tensor.error();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

}  // namespace

Result<std::vector<Tensor>> read_inputs(const InputFlags& flags, const Runnable& runnable) {
  const Artifact* artifact = runnable.artifact();
  if (artifact == nullptr || !artifact->manifest().preprocess)
    return read_inputs(flags, runnable.inputs(), nullptr);
  return read_files(
      flags, runnable.inputs(), &*artifact->manifest().preprocess,
      [&](size_t input, ImageSize size) { return artifact->image_shape(input, size); });
}

Result<std::vector<Tensor>> read_inputs(const InputFlags& flags, const std::vector<IoSpec>& inputs,
                                        const Preprocess* preprocess) {
  return read_files(flags, inputs, preprocess,
                    [&](size_t input, ImageSize) { return inputs[input].shape; });
}

Tensor random_tensor(const IoSpec& input, const Shape& shape, uint64_t seed) {
  Tensor tensor = Tensor::allocate(input.type, shape);
  uint64_t mixed = seed;
  for (const char c : input.name) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  std::mt19937_64 generator(mixed);
  constexpr double kStep = 0x1p-24;  // 24 bits, so that a float holds each value and none is 1
  const auto real = [&] { return static_cast<double>(generator() >> 40) * kStep; };
  const auto bit = [&] { return generator() >> 63; };
  switch (input.type) {
    case ElementType::Float:
      fill<float>(tensor, real);
      break;
    case ElementType::Double:
      fill<double>(tensor, real);
      break;
    case ElementType::Bool:
    case ElementType::Int8:
    case ElementType::Uint8:
      fill<uint8_t>(tensor, bit);
      break;
    case ElementType::Int16:
    case ElementType::Uint16:
      fill<uint16_t>(tensor, bit);
      break;
    case ElementType::Int32:
    case ElementType::Uint32:
      fill<uint32_t>(tensor, bit);
      break;
    case ElementType::Int64:
    case ElementType::Uint64:
      fill<uint64_t>(tensor, bit);
      break;
    default:
      break;
  }
  return tensor;
}

}  // namespace acuate
