#include "base/file.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/release_pages.h"
#include "base/text.h"

namespace acuate {
namespace fs = std::filesystem;

namespace {

Error io_error(std::string_view action, const fs::path& path, int code) {
  return fail("cannot {} {}: {}", action, path.string(), std::strerror(code));
}

fs::path temporary_sibling(const fs::path& destination) {
  static std::atomic<unsigned> counter{0};
  return destination.parent_path() /
         fmt::format(".{}.{}.{}.tmp", destination.filename().string(), getpid(), counter++);
}

constexpr size_t kWriteBufferBytes = size_t{1} << 18;
constexpr size_t kCopyFromBytes = size_t{1} << 16;  // fewer are not worth a call of their own

// A file that is mapped now. Its descriptor stays open, so that bytes of the mapping can be copied
// from the same file, whatever its path has come to mean.
struct Mapping {
  size_t size_bytes = 0;
  int descriptor = -1;
  const MappedFile* file = nullptr;
};

struct Mappings {
  std::mutex mutex;
  std::map<const std::byte*, Mapping> by_start;
};

Mappings& mappings() {
  static auto* const all = new Mappings;  // outlives every mapping, static ones too
  return *all;
}

// The mapping that all of `bytes` lie in; it lives as long as the caller keeps them alive.
std::optional<std::pair<Mapping, uint64_t>> find_mapping(std::span<const std::byte> bytes) {
  const std::scoped_lock lock(mappings().mutex);
  const auto after = mappings().by_start.upper_bound(bytes.data());
  if (after == mappings().by_start.begin()) return std::nullopt;
  const auto& [start, mapping] = *std::prev(after);
  const auto offset = static_cast<uint64_t>(bytes.data() - start);
  if (offset + bytes.size() > mapping.size_bytes) return std::nullopt;
  return std::pair(mapping, offset);
}

// Appends a range of a file to another: by copy_file_range where the file systems allow it, so that
// neither side's pages become resident here.
Result<void> copy_range(int from, const fs::path& source, uint64_t offset, uint64_t size_bytes,
                        int to, const fs::path& destination) {
  auto position = static_cast<off64_t>(offset);
  uint64_t rest = size_bytes;
  std::string chunk;
  int failure = 0;
  bool ended_early = false;
  while (rest > 0 && failure == 0 && !ended_early) {
    if (chunk.empty()) {
      const ssize_t copied = copy_file_range(from, &position, to, nullptr, rest, 0);
      if (copied > 0) {
        rest -= static_cast<uint64_t>(copied);
        continue;
      }
      if (copied == 0) {
        ended_early = true;
        continue;
      }
      if (errno == EINTR) continue;
      if (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG) {
        failure = errno;
        continue;
      }
      chunk.resize(
          size_t{1} << 20);  // the file systems cannot copy among themselves: read and write
    }
    const ssize_t got = pread(from, chunk.data(), std::min<uint64_t>(rest, chunk.size()), position);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failure = errno;
    if (got == 0) ended_early = true;
    for (ssize_t done = 0; done < got && failure == 0;) {
      const ssize_t written = ::write(to, chunk.data() + done, static_cast<size_t>(got - done));
      if (written < 0 && errno != EINTR) failure = errno;
      if (written > 0) done += written;
    }
    if (got > 0) {
      position += got;
      rest -= static_cast<uint64_t>(got);
    }
  }
  if (failure != 0) return io_error("write", destination, failure);
  if (ended_early)
    return fail("{} ends {} bytes before the range that was to be copied from it", source.string(),
                rest);
  return {};
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return io_error("open", path, errno);
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return fail("cannot read {}: not a regular file", path.string());
  }
  std::shared_ptr<MappedFile> file(new MappedFile());
  file->path_ = path;
  file->size_bytes_ = static_cast<size_t>(status.st_size);
  if (file->size_bytes_ > 0) {
    void* data = mmap(nullptr, file->size_bytes_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) {
      const int code = errno;
      ::close(descriptor);
      return io_error("map", path, code);
    }
    file->data_ = static_cast<const std::byte*>(data);
    const std::scoped_lock lock(mappings().mutex);
    mappings().by_start.emplace(file->data_, Mapping{file->size_bytes_, descriptor, file.get()});
  } else {
    ::close(descriptor);
  }
  return std::shared_ptr<const MappedFile>(std::move(file));
}

void release_pages(std::span<const std::byte> bytes) {
  if (bytes.empty() || !find_mapping(bytes)) return;
  // The mapping begins on a page, and what lies behind its end on its last page is no one's.
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t start = reinterpret_cast<uintptr_t>(bytes.data()) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  int descriptor = -1;
  {
    const std::scoped_lock lock(mappings().mutex);
    const auto own = mappings().by_start.find(data_);
    descriptor = own->second.descriptor;
    mappings().by_start.erase(own);
  }
  munmap(const_cast<std::byte*>(data_), size_bytes_);
  ::close(descriptor);
}

Result<AtomicFile> AtomicFile::create(const fs::path& destination) {
  AtomicFile file;
  file.destination_ = destination;
  file.temporary_ = temporary_sibling(destination);
  file.descriptor_ = ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file.descriptor_ < 0) {
    const int code = errno;
    file.temporary_.clear();
    return io_error("write", destination, code);
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_bytes_(other.size_bytes_),
      buffer_(std::move(other.buffer_)),
      temporary_(std::exchange(other.temporary_, {})),
      destination_(std::move(other.destination_)) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove(temporary_, ignored);
}

Result<void> AtomicFile::write(std::string_view text) {
  size_bytes_ += text.size();
  if (buffer_.size() + text.size() < kWriteBufferBytes) {
    buffer_ += text;
    return {};
  }
  if (auto flushed = flush(); !flushed) return flushed;
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("write", destination_, errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  if (bytes.size() >= kCopyFromBytes)
    if (const auto found = find_mapping(bytes)) {
      if (auto flushed = flush(); !flushed) return flushed;
      size_bytes_ += bytes.size();
      const auto& [mapping, offset] = *found;
      return copy_range(mapping.descriptor, mapping.file->path(), offset, bytes.size(), descriptor_,
                        destination_);
    }
  return write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Result<void> AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("write", destination_, errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return {};
}

Result<void> AtomicFile::copy_from(const fs::path& source, uint64_t offset, uint64_t size_bytes) {
  if (auto flushed = flush(); !flushed) return flushed;
  const int from = ::open(source.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) return io_error("open", source, errno);
  auto copied = copy_range(from, source, offset, size_bytes, descriptor_, destination_);
  ::close(from);
  if (copied) size_bytes_ += size_bytes;
  return copied;
}

Result<void> AtomicFile::commit() {
  if (auto flushed = flush(); !flushed) return flushed;
  const bool synced = fsync(descriptor_) == 0 || errno == EINVAL;
  const int code = errno;
  const bool closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (!synced || !closed) return io_error("write", destination_, synced ? errno : code);
  if (::rename(temporary_.c_str(), destination_.c_str()) != 0)
    return io_error("write", destination_, errno);
  temporary_.clear();
  return {};
}

Result<AtomicFolder> AtomicFolder::create(const fs::path& given, bool replace,
                                          std::string_view marker) {
  fs::path destination = given;
  if (!destination.has_filename()) destination = destination.parent_path();
  std::error_code code;
  if (fs::exists(fs::symlink_status(destination, code))) {
    if (!replace)
      return fail(
          "{} exists already; name another output folder, or pass --overwrite to replace it",
          destination.string());
    if (!fs::is_directory(destination, code) ||
        (!fs::is_empty(destination, code) && !fs::exists(destination / marker, code)))
      return fail(
          "{} is not a folder written by acuate (it has no {}); it is left as it is: name another "
          "output folder",
          destination.string(), marker);
  }
  AtomicFolder folder;
  folder.destination_ = destination;
  folder.temporary_ = temporary_sibling(destination);
  if (!fs::create_directories(folder.temporary_, code)) {
    folder.temporary_.clear();
    return fail("cannot create {}: {}", destination.string(), code.message());
  }
  return folder;
}

AtomicFolder::AtomicFolder(AtomicFolder&& other) noexcept
    : temporary_(std::exchange(other.temporary_, {})),
      destination_(std::move(other.destination_)) {}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

Result<void> AtomicFolder::commit() {
  std::error_code code;
  if (fs::exists(destination_)) {
    const fs::path old = temporary_sibling(destination_);
    fs::rename(destination_, old, code);
    if (code) return fail("cannot replace {}: {}", destination_.string(), code.message());
    fs::rename(temporary_, destination_, code);
    if (code) {
      std::error_code ignored;
      fs::rename(old, destination_, ignored);
      return fail("cannot write {}: {}", destination_.string(), code.message());
    }
    fs::remove_all(old, code);
  } else {
    fs::rename(temporary_, destination_, code);
    if (code) return fail("cannot write {}: {}", destination_.string(), code.message());
  }
  temporary_.clear();
  return {};
}

Result<std::string> read_text_file(const fs::path& path, uint64_t max_size_bytes) {
  std::error_code code;
  if (fs::is_directory(path, code)) return fail("cannot read {}: it is a folder", path.string());
  const uint64_t size = fs::file_size(path, code);
  if (code) return fail("cannot read {}: {}", path.string(), code.message());
  if (size > max_size_bytes)
    return fail("{} has {}, more than the {} allowed for such a file", path.string(), size,
                max_size_bytes);
  std::ifstream stream(path, std::ios::binary);
  std::string text(size, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(size));
  if (!stream) return fail("cannot read {}: {}", path.string(), std::strerror(errno));
  return text;
}

Result<void> write_text_file(const fs::path& path, std::string_view text) {
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  if (auto written = file->write(text); !written) return written;
  return file->commit();
}

Result<fs::path> resolve_inside(const fs::path& folder, std::string_view relative) {
  const fs::path path(relative);
  if (relative.empty() || relative.find('\0') != std::string_view::npos)
    return fail("'{}' is not a file name", to_valid_utf8(relative));
  if (path.is_absolute())
    return fail("'{}' is an absolute path; only files inside {} are read", to_valid_utf8(relative),
                folder.string());
  for (const fs::path& part : path)
    if (part == "..")
      return fail("'{}' leaves the folder {}; only files inside it are read",
                  to_valid_utf8(relative), folder.string());
  std::error_code code;
  const fs::path root = fs::weakly_canonical(folder.empty() ? fs::path(".") : folder, code);
  if (code) return fail("cannot resolve {}: {}", folder.string(), code.message());
  const fs::path resolved = fs::weakly_canonical(root / path, code);
  if (code)
    return fail("cannot resolve '{}' in {}: {}", to_valid_utf8(relative), folder.string(),
                code.message());
  const auto mismatch = std::mismatch(root.begin(), root.end(), resolved.begin(), resolved.end());
  if (mismatch.first != root.end())
    return fail("'{}' leads by a link out of the folder {}; only files inside it are read",
                to_valid_utf8(relative), folder.string());
  return resolved;
}

}  // namespace acuate
