#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/image.h"
#include "data/preprocess.h"
#include "graph/tensor.h"

namespace acuate {

// A network input that samples must fill. A dimension below 0 is dynamic.
struct InputSpec {
  std::string name;
  ElementType type = ElementType::Undefined;
  Shape shape;
};

// DATA: a folder of images (sorted by name, not its subfolders), a list file (one image path per
// line, relative to the list; blank lines and lines that start with # are skipped), or
// `.npy`/`.npz`, whose arrays are named after the inputs (one array of any name serves a model with
// one input) and whose first axis counts the samples.
class Dataset {
 public:
  // Checks what there is without decoding it; arrays are mapped, not read.
  static Result<Dataset> open(const std::filesystem::path& path);

  size_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }
  bool is_images() const { return arrays_.empty(); }
  // Only of arrays: their names and full shapes, so that a caller can propose shapes from them.
  const std::vector<std::pair<std::string, Tensor>>& arrays() const { return arrays_; }

  // The image's file name, or `NAME.npy[3]`.
  std::string sample_name(size_t index) const;
  // Only of images.
  const std::filesystem::path& image_path(size_t index) const { return images_.at(index); }
  // Of the image file's bytes, or of the sample's rows of all arrays.
  Result<std::string> sample_hash(size_t index) const;
  // From the headers alone; an Error for arrays.
  Result<std::vector<ImageSize>> image_sizes() const;
  // One tensor per input, in the inputs' order. Images go through `preprocess`; arrays must fit as
  // they are.
  Result<std::vector<Tensor>> load(size_t index, std::span<const InputSpec> inputs,
                                   const Preprocess& preprocess) const;

 private:
  Dataset() = default;
  Result<Tensor> load_row(size_t index, const InputSpec& input,
                          const std::pair<std::string, Tensor>& array) const;

  std::filesystem::path path_;
  size_t size_ = 0;
  std::vector<std::filesystem::path> images_;
  std::vector<std::pair<std::string, Tensor>> arrays_;
};

}  // namespace acuate
