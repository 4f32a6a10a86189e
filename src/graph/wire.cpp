#include "graph/wire.h"

#include <bit>
#include <cstring>
#include <iterator>

#include "base/check.h"

namespace acuate {
namespace {
constexpr int kMaxGroupDepth = 32;
constexpr size_t kSmallBlockBytes =
    128;  // beyond the small-string size, so that a block never moves
constexpr size_t kBlockBytes = 4096;
}  // namespace

float WireField::float_value() const { return std::bit_cast<float>(static_cast<uint32_t>(varint)); }

bool WireReader::read_varint(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (position_ >= message_.size()) return false;
    const auto byte = static_cast<uint64_t>(message_[position_++]);
    if (shift < 64) value |= (byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool WireReader::read_body(WireField& field, int depth) {
  const auto fixed = [&](size_t width) {
    if (message_.size() - position_ < width) return false;
    field.varint = 0;
    std::memcpy(&field.varint, message_.data() + position_, width);
    position_ += width;
    return true;
  };
  switch (field.type) {
    case WireType::Varint:
      return read_varint(field.varint);
    case WireType::Fixed64:
      return fixed(8);
    case WireType::Fixed32:
      return fixed(4);
    case WireType::Length: {
      uint64_t length = 0;
      if (!read_varint(length) || length > message_.size() - position_) return false;
      field.payload = message_.subspan(position_, length);
      position_ += length;
      return true;
    }
    case WireType::StartGroup: {
      if (depth >= kMaxGroupDepth) return false;
      const size_t start = position_;
      for (;;) {
        const size_t end = position_;
        uint64_t key = 0;
        if (!read_varint(key) || (key & 7) > 5) return false;
        WireField inner;
        inner.number = static_cast<uint32_t>(key >> 3);
        inner.type = static_cast<WireType>(key & 7);
        if (inner.type == WireType::EndGroup) {
          field.payload = message_.subspan(start, end - start);
          return inner.number == field.number;
        }
        if (!read_body(inner, depth + 1)) return false;
      }
    }
    case WireType::EndGroup:
      return false;
  }
  return false;
}

bool WireReader::next(WireField& field) {
  if (failed_ || position_ >= message_.size()) return false;
  const size_t start = position_;
  field = {};
  uint64_t key = 0;
  if (!read_varint(key) || (key & 7) > 5 || (key >> 3) == 0 || (key >> 3) > 0x1FFFFFFF) {
    failed_ = true;
    position_ = start;
    return false;
  }
  field.number = static_cast<uint32_t>(key >> 3);
  field.type = static_cast<WireType>(key & 7);
  if (!read_body(field, 0)) {
    failed_ = true;
    position_ = start;
    return false;
  }
  field.whole = message_.subspan(start, position_ - start);
  return true;
}

bool append_varints(const WireField& field, std::vector<int64_t>& values) {
  if (field.type == WireType::Varint) {
    values.push_back(field.int_value());
    return true;
  }
  if (field.type != WireType::Length) return false;
  size_t i = 0;
  while (i < field.payload.size()) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      if (shift >= 70 || i >= field.payload.size()) return false;
      const auto byte = static_cast<uint64_t>(field.payload[i++]);
      if (shift < 64) value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    values.push_back(static_cast<int64_t>(value));
  }
  return true;
}

bool append_floats(const WireField& field, std::vector<float>& values) {
  if (field.type == WireType::Fixed32) {
    values.push_back(field.float_value());
    return true;
  }
  if (field.type != WireType::Length || field.payload.size() % sizeof(float) != 0) return false;
  const size_t count = field.payload.size() / sizeof(float);
  const size_t old = values.size();
  values.resize(old + count);
  if (count > 0) std::memcpy(values.data() + old, field.payload.data(), field.payload.size());
  return true;
}

void WireRope::append_view(Bytes bytes) {
  if (bytes.empty()) return;
  size_bytes_ += bytes.size();
  open_ = 0;
  if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == bytes.data()) {
    pieces_.back() = Bytes(pieces_.back().data(), pieces_.back().size() + bytes.size());
    return;
  }
  pieces_.push_back(bytes);
}

void WireRope::append(WireRope&& other) {
  if (other.size_bytes_ <= kBlockBytes) {  // copied, so that its own blocks can go
    for (const Bytes piece : other.pieces_) append_owned(as_text(piece));
    return;
  }
  for (const Bytes piece : other.pieces_) append_view(piece);
  owned_.insert(owned_.end(), std::make_move_iterator(other.owned_.begin()),
                std::make_move_iterator(other.owned_.end()));
  open_ = 0;
}

void WireRope::append_owned(std::string_view bytes) {
  if (owned_.empty() || owned_.back().size() + bytes.size() > owned_.back().capacity()) {
    owned_.emplace_back().reserve(
        std::max(size_bytes_ < kSmallBlockBytes ? kSmallBlockBytes : kBlockBytes, bytes.size()));
    open_ = 0;
  }
  if (open_ == 0)  // behind what the block holds already
    pieces_.push_back(as_bytes(owned_.back()).last(0));
  owned_.back() += bytes;
  open_ += bytes.size();
  size_bytes_ += bytes.size();
  pieces_.back() = Bytes(pieces_.back().data(), pieces_.back().size() + bytes.size());
}

void WireRope::raw_varint(uint64_t value) {
  char buffer[10];
  size_t length = 0;
  while (value >= 0x80) {
    buffer[length++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  buffer[length++] = static_cast<char>(value);
  append_owned({buffer, length});
}

void WireRope::tag(uint32_t number, WireType type) {
  raw_varint((uint64_t{number} << 3) | static_cast<uint64_t>(type));
}

void WireRope::varint_field(uint32_t number, uint64_t value) {
  tag(number, WireType::Varint);
  raw_varint(value);
}

void WireRope::fixed32_field(uint32_t number, uint32_t value) {
  tag(number, WireType::Fixed32);
  char buffer[4];
  std::memcpy(buffer, &value, 4);
  append_owned({buffer, 4});
}

void WireRope::float_field(uint32_t number, float value) {
  fixed32_field(number, std::bit_cast<uint32_t>(value));
}

void WireRope::text_field(uint32_t number, std::string_view text) {
  tag(number, WireType::Length);
  raw_varint(text.size());
  append_owned(text);
}

void WireRope::view_field(uint32_t number, Bytes payload) {
  tag(number, WireType::Length);
  raw_varint(payload.size());
  append_view(payload);
}

void WireRope::message_field(uint32_t number, WireRope&& message) {
  tag(number, WireType::Length);
  raw_varint(message.size_bytes());
  append(std::move(message));
}

void WireRope::packed_varint_field(uint32_t number, std::span<const int64_t> values) {
  WireRope packed;
  for (const int64_t value : values) packed.raw_varint(static_cast<uint64_t>(value));
  message_field(number, std::move(packed));
}

void WireRope::packed_float_field(uint32_t number, std::span<const float> values) {
  text_field(number, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

std::string WireRope::flatten() const {
  std::string out;
  out.reserve(size_bytes_);
  for (const Bytes piece : pieces_) out += as_text(piece);
  ACUATE_CHECK(out.size() == size_bytes_, "rope size");
  return out;
}

}  // namespace acuate
