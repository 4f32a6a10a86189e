#include "data/split.h"

#include <gmock/gmock.h>

#include "data/test_files.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Split, HoldsOutEveryFourthOnce) {
  const Split split = split_samples(40, 4, 7);
  EXPECT_EQ(split.evaluation.size(), 10u);
  std::vector<size_t> all = split.calibration;
  all.insert(all.end(), split.evaluation.begin(), split.evaluation.end());
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < 40; ++i) EXPECT_EQ(all.at(i), i);
  EXPECT_TRUE(std::is_sorted(split.evaluation.begin(), split.evaluation.end()));
}

TEST(Split, DependsOnTheSeedAlone) {
  EXPECT_EQ(split_samples(40, 4, 7).evaluation, split_samples(40, 4, 7).evaluation);
  EXPECT_NE(split_samples(40, 4, 7).evaluation, split_samples(40, 4, 8).evaluation);
}

TEST(Split, HandlesFewSamples) {
  EXPECT_THAT(split_samples(0).calibration, IsEmpty());
  EXPECT_EQ(split_samples(1).calibration.size(), 1u);
  EXPECT_THAT(split_samples(1).evaluation, IsEmpty());
  EXPECT_EQ(split_samples(3).evaluation.size(), 1u);
}

TEST(Split, ChoosesWithoutRepeating) {
  const std::vector<size_t> chosen = choose_samples(10, 4, 1);
  EXPECT_EQ(chosen.size(), 4u);
  EXPECT_EQ(std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()), chosen.end());
  EXPECT_EQ(choose_samples(3, 9).size(), 3u);
}

TEST(Split, FindsEqualContentUnderOtherNames) {
  const TestFolder one, two;
  one.write("a.png", from_hex(kRgbPng));
  one.write("b.png", from_hex(kGreyAlphaPng));
  two.write("c.png", from_hex(kGreyAlphaPng));
  const auto a = Dataset::open(one.path()), b = Dataset::open(two.path());
  const std::vector<size_t> both = {0, 1}, first = {0};
  EXPECT_THAT(*find_overlap(*a, both, *b, first), ElementsAre(Pair("b.png", "c.png")));
  EXPECT_THAT(*find_overlap(*a, first, *b, first), IsEmpty());
}

}  // namespace
}  // namespace acuate
