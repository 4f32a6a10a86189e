#include "data/npz.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include <zlib.h>

#include "base/file.h"
#include "base/text.h"
#include "data/npy.h"

namespace acuate {
namespace {

// Field offsets and signatures: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr uint64_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64LocatorSize = 20,
                   kEnd64Size = 56;
// Deflate cannot shrink data further than this; a larger claim is a decompression bomb or damage.
constexpr uint64_t kMaxDeflateRatio = 1040;

struct Member {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t compressed = 0, size = 0, local_offset = 0;
};

// Little-endian fields with every position checked: a read outside gives nothing.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const { return bytes_.size(); }
  bool holds(uint64_t offset, uint64_t length) const {
    return offset <= size() && length <= size() - offset;
  }
  template <class T>
  std::optional<T> at(uint64_t offset) const {
    if (!holds(offset, sizeof(T))) return std::nullopt;
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
      value |= std::to_integer<uint64_t>(bytes_[offset + i]) << (8 * i);
    return static_cast<T>(value);
  }
  std::span<const std::byte> slice(uint64_t offset, uint64_t length) const {
    return bytes_.subspan(offset, length);
  }

 private:
  std::span<const std::byte> bytes_;
};

std::optional<uint64_t> find_end_record(const Bytes& file) {
  if (file.size() < kEndSize) return std::nullopt;
  const uint64_t first = file.size() - std::min<uint64_t>(file.size(), kEndSize + 0xffff);
  for (uint64_t at = file.size() - kEndSize;; --at) {
    if (file.at<uint32_t>(at) == kEndSignature &&
        at + kEndSize + *file.at<uint16_t>(at + 20) == file.size())
      return at;
    if (at == first) return std::nullopt;
  }
}

// Sizes and offset of more than 32 bits stand in an extra field, in this order, each only where the
// plain one is full.
bool read_zip64_extra(const Bytes& file, uint64_t at, uint64_t length, Member& member) {
  const uint64_t full = std::numeric_limits<uint32_t>::max();
  if (member.size != full && member.compressed != full && member.local_offset != full) return true;
  const uint64_t end = at + length;
  while (at + 4 <= end) {
    const uint16_t id = *file.at<uint16_t>(at), field_length = *file.at<uint16_t>(at + 2);
    at += 4;
    if (field_length > end - at) return false;
    if (id == 1) {
      const uint64_t field_end = at + field_length;
      for (uint64_t* value : {&member.size, &member.compressed, &member.local_offset}) {
        if (*value != full) continue;
        if (field_end - at < 8) return false;
        *value = *file.at<uint64_t>(at);
        at += 8;
      }
      return true;
    }
    at += field_length;
  }
  return false;
}

struct Directory {
  uint64_t offset = 0, count = 0;
};

std::optional<Directory> find_directory(const Bytes& file) {
  const auto end = find_end_record(file);
  if (!end) return std::nullopt;
  Directory directory{*file.at<uint32_t>(*end + 16), *file.at<uint16_t>(*end + 10)};
  if (directory.offset != 0xffffffff && directory.count != 0xffff) return directory;
  if (*end < kEnd64LocatorSize ||
      file.at<uint32_t>(*end - kEnd64LocatorSize) != kEnd64LocatorSignature)
    return directory;
  const uint64_t end64 = *file.at<uint64_t>(*end - kEnd64LocatorSize + 8);
  if (!file.holds(end64, kEnd64Size) || file.at<uint32_t>(end64) != kEnd64Signature)
    return std::nullopt;
  return Directory{*file.at<uint64_t>(end64 + 48), *file.at<uint64_t>(end64 + 32)};
}

Result<std::vector<Member>> read_directory(const Bytes& file, const std::string& source) {
  const auto directory = find_directory(file);
  if (!directory)
    return fail("{}: not an .npz archive, or cut off: the zip end record is missing", source);
  std::vector<Member> members;
  uint64_t at = directory->offset;
  for (uint64_t i = 0; i < directory->count; ++i) {
    if (!file.holds(at, kCentralSize) || file.at<uint32_t>(at) != kCentralSignature)
      return fail("{}: the zip directory is damaged at entry {} of {}", source, i,
                  directory->count);
    Member member;
    member.flags = *file.at<uint16_t>(at + 8);
    member.method = *file.at<uint16_t>(at + 10);
    member.crc = *file.at<uint32_t>(at + 16);
    member.compressed = *file.at<uint32_t>(at + 20);
    member.size = *file.at<uint32_t>(at + 24);
    member.local_offset = *file.at<uint32_t>(at + 42);
    const uint64_t name_length = *file.at<uint16_t>(at + 28),
                   extra_length = *file.at<uint16_t>(at + 30);
    const uint64_t comment_length = *file.at<uint16_t>(at + 32);
    if (!file.holds(at + kCentralSize, name_length + extra_length + comment_length))
      return fail("{}: the zip directory is cut off at entry {}", source, i);
    const auto name = file.slice(at + kCentralSize, name_length);
    member.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
    if (!read_zip64_extra(file, at + kCentralSize + name_length, extra_length, member))
      return fail("{}: the zip64 sizes of '{}' are damaged", source, to_valid_utf8(member.name));
    members.push_back(std::move(member));
    at += kCentralSize + name_length + extra_length + comment_length;
  }
  return members;
}

Result<std::shared_ptr<std::vector<std::byte>>> inflate_member(std::span<const std::byte> packed,
                                                               uint64_t size,
                                                               const std::string& where) {
  if (size / kMaxDeflateRatio > packed.size())
    return fail("{}: claims {} from {} compressed, more than deflate can hold", where,
                format_bytes(size), format_bytes(packed.size()));
  auto out = std::make_shared<std::vector<std::byte>>(size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return fail("{}: cannot start decompression", where);
  constexpr uint64_t kChunk = uint64_t{1} << 30;  // zlib counts in 32 bits
  uint64_t read = 0, written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const auto in = packed.subspan(read, std::min<uint64_t>(kChunk, packed.size() - read));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    const uint64_t room = std::min<uint64_t>(kChunk, size - written);
    Bytef spare = 0;  // gives inflate a byte to overrun into, so that too much data is seen
    stream.next_out = room ? reinterpret_cast<Bytef*>(out->data() + written) : &spare;
    stream.avail_out = static_cast<uInt>(room ? room : 1);
    status = inflate(&stream, Z_NO_FLUSH);
    read += in.size() - stream.avail_in;
    const uint64_t made = (room ? room : 1) - stream.avail_out;
    if (room == 0 && made > 0) status = Z_DATA_ERROR;
    written += room ? made : 0;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || written != size)
    return fail("{}: the compressed data is damaged (expected {} bytes, {} came out)", where, size,
                written);
  return out;
}

Result<Tensor> read_member(const Bytes& file, const std::shared_ptr<const MappedFile>& owner,
                           const Member& member, const std::string& where) {
  if (member.flags & 1) return fail("{}: encrypted; expected a plain archive", where);
  const auto signature = file.at<uint32_t>(member.local_offset);
  if (signature != kLocalSignature || !file.holds(member.local_offset, kLocalSize))
    return fail("{}: its zip header is not at offset {}", where, member.local_offset);
  const uint64_t data = member.local_offset + kLocalSize +
                        *file.at<uint16_t>(member.local_offset + 26) +
                        *file.at<uint16_t>(member.local_offset + 28);
  if (!file.holds(data, member.compressed))
    return fail("{}: cut off: {} bytes from offset {} reach past the file's {}", where,
                member.compressed, data, file.size());
  std::span<const std::byte> bytes = file.slice(data, member.compressed);
  std::shared_ptr<const void> keeper = owner;
  if (member.method == 8) {
    auto inflated = inflate_member(bytes, member.size, where);
    if (!inflated) return inflated.error();
    bytes = **inflated;
    keeper = *inflated;
  } else if (member.method != 0) {
    return fail(
        "{}: compression method {}; expected stored or deflated (numpy.savez, savez_compressed)",
        where, member.method);
  }
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (bytes.size() != member.size || crc != member.crc)
    return fail("{}: damaged: CRC-32 is {:08x}, the archive says {:08x}", where, crc, member.crc);
  return parse_npy(bytes, keeper, where);
}

}  // namespace

Result<std::vector<std::pair<std::string, Tensor>>> read_npz(const std::filesystem::path& path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) return mapped.error();
  const Bytes file((*mapped)->bytes());
  auto members = read_directory(file, path.string());
  if (!members) return members.error();
  std::vector<std::pair<std::string, Tensor>> arrays;
  std::set<std::string> seen;
  for (const Member& member : *members) {
    std::string name = to_valid_utf8(member.name);
    const std::string where = path.string() + ": " + name;
    if (!name.ends_with(".npy")) return fail("{}: expected only .npy members", where);
    name.resize(name.size() - 4);
    if (!seen.insert(name).second) return fail("{}: there are two arrays of this name", where);
    auto tensor = read_member(file, *mapped, member, where);
    if (!tensor) return tensor.error();
    arrays.emplace_back(std::move(name), std::move(*tensor));
  }
  if (arrays.empty()) return fail("{}: the archive holds no arrays", path.string());
  return arrays;
}

}  // namespace acuate
