#include "graph/wire.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Wire, WritesWhatItReads) {
  WireRope inner;
  inner.varint_field(1, 300);
  inner.float_field(2, 1.5F);
  WireRope rope;
  rope.text_field(5, "hello");
  rope.message_field(7, std::move(inner));
  rope.packed_varint_field(9, std::vector<int64_t>{-1, 0, 1LL << 40});
  const std::string bytes = rope.flatten();
  EXPECT_EQ(bytes.size(), rope.size_bytes());
  WireReader reader(as_bytes(bytes));
  WireField field;
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.text(), "hello");
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.number, 7U);
  WireReader nested(field.payload);
  WireField leaf;
  ASSERT_TRUE(nested.next(leaf));
  EXPECT_EQ(leaf.varint, 300U);
  ASSERT_TRUE(nested.next(leaf));
  EXPECT_EQ(leaf.float_value(), 1.5F);
  ASSERT_TRUE(reader.next(field));
  std::vector<int64_t> values;
  ASSERT_TRUE(append_varints(field, values));
  EXPECT_EQ(values, (std::vector<int64_t>{-1, 0, 1LL << 40}));
  EXPECT_FALSE(reader.next(field));
  EXPECT_FALSE(reader.failed());
}

// Every prefix of a message either ends cleanly between fields or is reported; none reads outside.
TEST(Wire, TruncationNeverReadsOutside) {
  WireRope rope;
  for (uint32_t i = 1; i < 40; ++i) rope.text_field(i, std::string(i * 7, 'x'));
  const std::string bytes = rope.flatten();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string copy = bytes.substr(0, length);
    WireReader reader(as_bytes(copy));
    size_t consumed = 0;
    for (WireField field; reader.next(field);) consumed += field.whole.size();
    EXPECT_EQ(reader.failed(), consumed != length);
  }
}

TEST(Wire, RefusesOverrunningAndEndlessInput) {
  for (const std::string& bytes :
       {std::string("\x0A\xFF\xFF\xFF\xFF\x0F", 6), std::string(20, '\xFF'),
        std::string("\x0B\x0B\x0B", 3), std::string("\x07", 1)}) {
    WireReader reader(as_bytes(bytes));
    WireField field;
    EXPECT_FALSE(reader.next(field));
    EXPECT_TRUE(reader.failed());
  }
}

TEST(Wire, AdjoiningViewsBecomeOnePiece) {
  const std::string text = "abcdef";
  WireRope rope;
  rope.append_view(as_bytes(text).subspan(0, 3));
  rope.append_view(as_bytes(text).subspan(3));
  EXPECT_EQ(rope.pieces().size(), 1U);
  EXPECT_EQ(rope.flatten(), text);
}

}  // namespace
}  // namespace acuate
