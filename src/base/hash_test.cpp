#include "base/hash.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

std::string hash_of(std::string_view text) {
  return content_hash(std::as_bytes(std::span(text.data(), text.size())));
}

TEST(Hash, IsXxh3With128BitsHighHalfFirst) {
  // As the xxhsum program prints it (`xxhsum -H2`), high half first.
  EXPECT_EQ(hash_of(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash_of("abc"), "06b05ab6733a618578af5f94892f3950");
}

TEST(Hash, SeesEveryByteAndTheLength) {
  std::string text(1000, 'a');
  const std::string before = hash_of(text);
  text[777] = 'b';
  EXPECT_NE(hash_of(text), before);
  EXPECT_NE(hash_of(std::string(1001, 'a')), before);
  EXPECT_EQ(before.size(), 32U);
}

}  // namespace
}  // namespace acuate
