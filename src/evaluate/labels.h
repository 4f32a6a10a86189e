#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "evaluate/truth.h"

namespace acuate {

// Where labels are, as an evaluation specification says it.
struct LabelSource {
  enum class Kind {
    Csv,       // `file,label` lines, label a class number; a first line `file,label` is skipped
    Npy,       // integers, one a sample of the data
    Coco,      // object boxes: COCO's instances JSON
    Folder,    // the image's folder names its class
    FileName,  // the first group of `pattern` in the image's file name is its class number
  };
  Kind kind = Kind::Csv;
  std::filesystem::path path = {};        // of Csv, Npy, Coco
  std::string pattern = {};               // ECMAScript regular expression, searched
  std::vector<std::string> classes = {};  // of Folder: in the network's order; empty: sorted names

  std::string_view gives() const { return kind == Kind::Coco ? "boxes" : "category"; }
};

// By the ending of a path: .csv, .npy, .json.
Result<LabelSource> label_file(const std::filesystem::path& path);

// What labels say of every sample of a dataset. Samples are found by their file name without
// folders (`NAME.npy[3]` of arrays). COCO's categories count from 0 in the order of their ids; an
// image without annotations has no objects, one that the file does not list is an Error.
class Labels {
 public:
  // Reads all of them; a sample without a label and a label that is no class number are Errors that
  // name it.
  static Result<Labels> open(const LabelSource& source, Dataset dataset);

  // Boxes go where `preprocess` puts them in a network input of that size; of arrays they stay.
  Result<Truth> truth(size_t sample, const Preprocess& preprocess, ImageSize network) const;

 private:
  explicit Labels(Dataset dataset) : dataset_(std::move(dataset)) {}
  Result<void> read_rows(const LabelSource& source);
  Result<void> read_array(const LabelSource& source);
  Result<void> read_objects(const LabelSource& source);
  Result<void> read_folders(const LabelSource& source);
  Result<void> read_names(const LabelSource& source);

  Dataset dataset_;             // file names and shared arrays
  std::vector<Truth> samples_;  // boxes in the image
  bool has_boxes_ = false;
};

}  // namespace acuate
