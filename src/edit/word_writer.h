#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// Tensors, attributes and bodies of `model` as words of a script. Short ones are text; others
// become files in the folder `weights` (made here, below `folder`), which the word names. Nothing
// for what a script cannot hold: weights that cannot be read, sparse initializers in bodies, and
// files where `weights` is empty. Errors: a file that cannot be written.
class WordWriter {
 public:
  using Word = Result<std::optional<std::string>>;

  WordWriter(const Model& model, std::filesystem::path folder, std::string weights)
      : model_(model), folder_(std::move(folder)), weights_(std::move(weights)) {}

  Word tensor(const TensorRef& ref);
  Word attribute(const Attribute& attribute);
  // A model of these functions and nothing else.
  Word functions(const std::vector<const Function*>& functions);

 private:
  Word strings(const TensorRef& ref);
  Word sparse(Bytes wire);
  Word body(const Graph& body);
  Word bodies(const Attribute& attribute);
  // The items of a list, or the one of a single, each by its field's payload.
  template <class Item>
  Word items(const Attribute& attribute, uint32_t number, Item item);
  std::string new_file(std::string_view extension);  // `weights/3.bin`; empty: there are none
  Word write(std::string_view prefix, std::span<const Bytes> content, std::string_view extension);
  Word save(const Model& made);

  const Model& model_;
  std::filesystem::path folder_;
  std::string weights_;
  size_t count_ = 0;  // of files
};

}  // namespace acuate
