#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace acuate {

// A whole file mapped read-only and shared; pages come in as they are touched. Empty files map to
// an empty span. A file that another process truncates while it is mapped raises SIGBUS on access,
// as with every mapping.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_bytes_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
  std::filesystem::path path_;
};

// Writes beside the destination and renames on commit(); destroyed without commit() it leaves
// nothing behind. Every failure (a full disk, a missing folder) is an Error that names the file.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& destination);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view text);
  // Appends `size_bytes` of `source` from `offset`, by copy_file_range where the file systems allow
  // it, so that neither side's pages become resident here.
  Result<void> copy_from(const std::filesystem::path& source, uint64_t offset, uint64_t size_bytes);
  uint64_t size_bytes() const { return size_bytes_; }
  // Flushes to disk and renames onto the destination.
  Result<void> commit();

 private:
  AtomicFile() = default;
  Result<void> flush();

  int descriptor_ = -1;
  uint64_t size_bytes_ = 0;
  std::string buffer_;
  std::filesystem::path temporary_;
  std::filesystem::path destination_;
};

// A folder that appears whole: filled under a temporary sibling name, renamed on commit(). With
// `replace`, an existing destination is exchanged for the new one only at commit.
class AtomicFolder {
 public:
  // Refuses an existing destination unless `replace`; then it must be a folder that `marker` (a
  // file name) identifies as ours.
  static Result<AtomicFolder> create(const std::filesystem::path& destination, bool replace,
                                     std::string_view marker);
  AtomicFolder(AtomicFolder&& other) noexcept;
  AtomicFolder& operator=(AtomicFolder&&) = delete;
  ~AtomicFolder();

  const std::filesystem::path& path() const { return temporary_; }
  Result<void> commit();

 private:
  AtomicFolder() = default;
  std::filesystem::path temporary_;
  std::filesystem::path destination_;
};

Result<std::string> read_text_file(const std::filesystem::path& path,
                                   uint64_t max_size_bytes = uint64_t{1} << 30);
Result<void> write_text_file(const std::filesystem::path& path, std::string_view text);

// `relative` resolved inside `folder`: an absolute path, one with `..`, or one whose links lead
// outside is refused. For paths that stand in untrusted files.
Result<std::filesystem::path> resolve_inside(const std::filesystem::path& folder,
                                             std::string_view relative);

}  // namespace acuate
