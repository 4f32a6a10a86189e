// For tests over many models: where they are, and the tensors stored with them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/tensor_ref.h"

namespace acuate {

// Every model of libonnx-testdata.
inline const std::filesystem::path kOperatorModels = ACUATE_ONNX_TESTDATA;
// And those of tests/fixtures/table.json.
inline const std::vector<std::filesystem::path> kAllModels = {ACUATE_ONNX_TESTDATA,
                                                              ACUATE_FIXTURES};

// The .onnx files in the folders and below them, links followed, in the order of their paths; a
// folder that is not there has none.
inline std::vector<std::filesystem::path> models_below(
    const std::vector<std::filesystem::path>& folders) {
  namespace fs = std::filesystem;
  std::vector<fs::path> paths;
  for (const fs::path& folder : folders)
    if (fs::is_directory(folder))
      for (const auto& entry : fs::recursive_directory_iterator(
               folder, fs::directory_options::follow_directory_symlink))
        if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// A TensorProto in a file of its own, as libonnx-testdata stores inputs and outputs.
inline Result<Tensor> read_stored_tensor(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  auto ref = parse_tensor((*file)->bytes(), path.parent_path());
  if (!ref) return ref.error();
  return ref->load(*file);
}

}  // namespace acuate
