#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "targets/engine.h"

namespace acuate {

// A private temporary folder that goes, with what lies in it, when this does.
class ProfileFolder {
 public:
  static Result<ProfileFolder> create();
  ProfileFolder(ProfileFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ProfileFolder& operator=(ProfileFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~ProfileFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  ProfileFolder() = default;
  std::filesystem::path path_;
};

// The trace that ONNX Runtime writes (Chrome's trace event format, a JSON array): one record per
// node and kernel type. Unknown events and members are skipped; text that is no such trace is an
// error.
Result<Profile> parse_onnxruntime_profile(std::string_view text);

}  // namespace acuate
