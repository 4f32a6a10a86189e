#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Tensors and attributes of `model` as words of a script. Short ones are text; others become files
// in the folder `weights` (made here, below `folder`), which the word names. Nothing for what a
// script cannot hold: texts, bodies, weights that cannot be read, and files where `weights` is
// empty. Errors: a file that cannot be written.
class WordWriter {
 public:
  WordWriter(const Model& model, std::filesystem::path folder, std::string weights)
      : model_(model), folder_(std::move(folder)), weights_(std::move(weights)) {}

  Result<std::optional<std::string>> tensor(const TensorRef& ref);
  Result<std::optional<std::string>> attribute(const Attribute& attribute);

 private:
  const Model& model_;
  std::filesystem::path folder_;
  std::string weights_;
  size_t count_ = 0;  // of files
};

}  // namespace acuate
