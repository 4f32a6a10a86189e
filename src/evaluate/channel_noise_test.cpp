#include "evaluate/channel_noise.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::ElementsAre;

// Channels by the largest value of each, groups by where they begin.
std::vector<size_t> cuts(const std::vector<double>& largest, double low = 0) {
  std::vector<ChannelSums> channels;
  for (const double high : largest) channels.push_back({low, high, high * high, 1});
  std::vector<size_t> firsts;
  for (const ChannelGroup& group : group_channels(channels)) firsts.push_back(group.first);
  return firsts;
}

TEST(ChannelAxis, IsTheShorterOfTwo) {
  EXPECT_EQ(channel_axis({1, 84, 8400}), 1);
  EXPECT_EQ(channel_axis({1, 8400, 85}), 2);
  EXPECT_EQ(channel_axis({1, 3, 80, 60}), 1);
  EXPECT_EQ(channel_axis({1, 80, 60, 3}), 3);
  EXPECT_EQ(channel_axis({1, 1000}), 1);
  EXPECT_EQ(channel_axis({1, 1, 80, 60}), 0);
  EXPECT_EQ(channel_axis({8}), 0);
  EXPECT_EQ(channel_count({}), 1);
}

TEST(GroupChannels, CutsBetweenKinds) {
  EXPECT_THAT(cuts({320, 300, 310, 290, 1, 0.5}), ElementsAre(0, 4));
  EXPECT_THAT(cuts({0.9, 320, 300, 9000}), ElementsAre(0, 1, 3));
  EXPECT_THAT(cuts({7, 1}, -1), ElementsAre(0));
  EXPECT_THAT(cuts({8, 1}, -1), ElementsAre(0, 1));
}

// A class that never occurs is still a score.
TEST(GroupChannels, LeavesScoresTogether) {
  EXPECT_THAT(cuts({0.9, 0.8, 1e-6}), ElementsAre(0));
  EXPECT_THAT(cuts({320, 0.9, 0.8, 1e-6}), ElementsAre(0, 1));
  EXPECT_THAT(cuts({0.9, 0.8, 1e-6}, -1), ElementsAre(0));
}

TEST(AddChannels, SumsOverTheOtherAxes) {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6}, y = {1, 2, 3, 4, 5, 7};
  std::vector<ChannelSums> rows(2), columns(2);
  add_channels(x, y, {1, 2, 3}, rows);
  EXPECT_EQ(rows[0].signal, 14);
  EXPECT_EQ(rows[0].noise, 0);
  EXPECT_EQ(rows[1].high, 6);
  EXPECT_EQ(rows[1].noise, 1);
  add_channels(x, y, {1, 3, 2}, columns);
  EXPECT_EQ(columns[0].signal, 1 + 9 + 25);
  EXPECT_EQ(columns[1].noise, 1);
  std::vector<ChannelSums> whole(1);
  add_channels(x, y, {6}, whole);
  EXPECT_EQ(whole[0].signal, 91);
}

TEST(WorstGroup, PassesOverThoseWithoutARatio) {
  const std::vector<ChannelGroup> groups = {
      {0, 1, {0, 1, 0, 5}}, {1, 1, {0, 1, 5, 0}}, {2, 1, {0, 1, 100, 1}}, {3, 1, {0, 1, 10, 1}}};
  EXPECT_EQ(worst_group(groups)->first, 3);
  EXPECT_EQ(worst_group(std::span(groups).first(2)), nullptr);
}

}  // namespace
}  // namespace acuate
