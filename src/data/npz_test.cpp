#include "data/npz.h"

#include <gmock/gmock.h>

#include "data/test_files.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Npz, ReadsDeflatedMembersInOrder) {
  const TestFolder folder;
  const auto arrays = read_npz(folder.write("a.npz", from_hex(kCompressedNpz)));
  ASSERT_TRUE(arrays) << arrays.error().message;
  ASSERT_EQ(arrays->size(), 2u);
  EXPECT_EQ((*arrays)[0].first, "x");
  EXPECT_THAT((*arrays)[0].second.shape(), ElementsAre(3, 4));
  EXPECT_THAT((*arrays)[0].second.values<float>(),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_EQ((*arrays)[1].first, "y");
  EXPECT_THAT((*arrays)[1].second.values<int64_t>(), ElementsAre(1, 2, 3));
}

TEST(Npz, ReadsStoredMembers) {
  const TestFolder folder;
  const auto arrays = read_npz(folder.write("a.npz", from_hex(kStoredNpz)));
  ASSERT_TRUE(arrays) << arrays.error().message;
  EXPECT_THAT((*arrays)[0].second.values<float>(),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
}

TEST(Npz, RefusesEveryCut) {
  const TestFolder folder;
  const std::string whole = from_hex(kCompressedNpz);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_npz(folder.write("a.npz", whole.substr(0, size)))) << size;
}

// A changed byte is either harmless (a time stamp) or refused; a value is never wrong.
TEST(Npz, NeverReadsWrongValuesFromDamage) {
  const TestFolder folder;
  for (const std::string& whole : {from_hex(kCompressedNpz), from_hex(kStoredNpz)}) {
    size_t refused = 0;
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
      const auto arrays = read_npz(folder.write("a.npz", damaged));
      refused += !arrays;
      if (!arrays) continue;
      EXPECT_THAT((*arrays)[0].second.values<float>(),
                  ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))
          << at;
    }
    EXPECT_GT(refused, whole.size() / 3);
  }
}

TEST(Npz, NamesTheMember) {
  const TestFolder folder;
  std::string damaged = from_hex(kStoredNpz);
  damaged[damaged.find("NUMPY") + 130] ^= 1;
  const auto arrays = read_npz(folder.write("a.npz", damaged));
  ASSERT_FALSE(arrays);
  EXPECT_THAT(arrays.error().message, HasSubstr("a.npz: x.npy: damaged: CRC-32"));
}

// The directory claims an exabyte from a few deflated bytes.
TEST(Npz, RefusesABomb) {
  const TestFolder folder;
  std::string bomb = from_hex(kCompressedNpz);
  const size_t entry = bomb.find("PK\1\2");
  for (size_t i = 0; i < 4; ++i) bomb[entry + 24 + i] = i == 0 ? '\xfe' : '\xff';
  const auto arrays = read_npz(folder.write("a.npz", bomb));
  ASSERT_FALSE(arrays);
  EXPECT_THAT(arrays.error().message, HasSubstr("more than deflate can hold"));
}

}  // namespace
}  // namespace acuate
