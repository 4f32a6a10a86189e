#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace acuate {

// The protobuf wire format (protobuf.dev, "Encoding"), as far as ONNX uses it.

using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

enum class WireType : uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Length = 2,
  StartGroup = 3,
  EndGroup = 4,
  Fixed32 = 5
};

struct WireField {
  uint32_t number = 0;
  WireType type = WireType::Varint;
  uint64_t varint = 0;  // Varint, Fixed64 and Fixed32
  Bytes payload;        // Length: the content; StartGroup: the group without its tags
  Bytes whole;          // tag, length and payload as they stand

  std::string_view text() const { return as_text(payload); }
  int64_t int_value() const { return static_cast<int64_t>(varint); }
  float float_value() const;
};

// Walks the fields of one message. After next() returned false, failed() tells the end from
// malformed bytes, and position() where they stand. A malformed length never reads outside the
// message.
class WireReader {
 public:
  explicit WireReader(Bytes message) : message_(message) {}
  bool next(WireField& field);
  bool failed() const { return failed_; }
  size_t position() const { return position_; }

 private:
  bool read_varint(uint64_t& value);
  bool read_body(WireField& field, int depth);
  Bytes message_;
  size_t position_ = 0;
  bool failed_ = false;
};

// A packed payload or a single unpacked field of a repeated number, appended to `values`. False
// when malformed.
bool append_varints(const WireField& field, std::vector<int64_t>& values);
bool append_floats(const WireField& field, std::vector<float>& values);

// Output as a sequence of pieces, so that weights are referred to and never copied. Views must
// outlive the rope. Views that adjoin in memory become one piece.
class WireRope {
 public:
  WireRope() = default;
  WireRope(WireRope&&) = default;
  WireRope& operator=(WireRope&&) = default;

  void append_view(Bytes bytes);
  void append(WireRope&& other);
  void varint_field(uint32_t number, uint64_t value);
  void fixed32_field(uint32_t number, uint32_t value);
  void float_field(uint32_t number, float value);
  void text_field(uint32_t number, std::string_view text);  // copies the text
  void view_field(uint32_t number, Bytes payload);          // refers to the payload
  void message_field(uint32_t number, WireRope&& message);
  void packed_varint_field(uint32_t number, std::span<const int64_t> values);
  void packed_float_field(uint32_t number, std::span<const float> values);

  uint64_t size_bytes() const { return size_bytes_; }
  const std::vector<Bytes>& pieces() const { return pieces_; }
  std::string flatten() const;

 private:
  void tag(uint32_t number, WireType type);
  void raw_varint(uint64_t value);
  void append_owned(std::string_view bytes);
  std::vector<Bytes> pieces_;
  std::deque<std::string> owned_;  // stable addresses behind the pieces; grown in blocks
  size_t open_ =
      0;  // bytes of the last owned block that belong to the last piece; 0: no open block
  uint64_t size_bytes_ = 0;
};

}  // namespace acuate
