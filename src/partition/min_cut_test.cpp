#include "partition/min_cut.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(MinCut, CutsWhereItIsCheapest) {
  FlowNetwork network(5);  // 0 → 1 → 3 → 4, 0 → 2 → 3
  network.add_edge(0, 1, 3);
  network.add_edge(0, 2, 4);
  network.add_edge(1, 3, 5);
  network.add_edge(2, 3, 1);
  network.add_edge(3, 4, 10);
  EXPECT_EQ(network.source_side(0, 4), (std::vector<bool>{true, false, true, false, false}));
}

TEST(MinCut, FlowThatWentTheWrongWayIsTakenBack) {
  FlowNetwork network(4);  // both paths share 1 → 2 unless flow is returned
  network.add_edge(0, 1, 1);
  network.add_edge(0, 2, 1);
  network.add_edge(1, 2, 1);
  network.add_edge(1, 3, 1);
  network.add_edge(2, 3, 1);
  EXPECT_EQ(network.source_side(0, 3), (std::vector<bool>{true, false, false, false}));
}

TEST(MinCut, WalksChainsOfAHundredThousand) {
  constexpr uint32_t kCount = 100'000;
  FlowNetwork network(kCount);
  for (uint32_t i = 0; i + 1 < kCount; ++i) network.add_edge(i, i + 1, i == 70'000 ? 1 : 2);
  const auto side = network.source_side(0, kCount - 1);
  EXPECT_TRUE(side[70'000]);
  EXPECT_FALSE(side[70'001]);
}

}  // namespace
}  // namespace acuate
