#include "base/registry.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

struct Unit {
  std::string id;
  int number = 0;
};

Registry<Unit> three_units() {
  Registry<Unit> registry;
  registry.add({"min_max", 1});
  registry.add({"entropy", 2});
  registry.add({"percentile", 3});
  return registry;
}

TEST(Registry, IsSortedWhateverTheOrderOfRegistration) {
  const auto registry = three_units();
  ASSERT_EQ(registry.all().size(), 3U);
  EXPECT_EQ(registry.all()[0].id, "entropy");
  EXPECT_EQ(registry.all()[1].id, "min_max");
  EXPECT_EQ(registry.all()[2].id, "percentile");
}

TEST(Registry, FindsBothSpellings) {
  const auto registry = three_units();
  EXPECT_EQ(registry.find("min-max", "range method").value()->number, 1);
  EXPECT_EQ(registry.find("min_max", "range method").value()->number, 1);
}

TEST(Registry, AnUnknownIdListsWhatThereIs) {
  const auto registry = three_units();
  EXPECT_EQ(registry.lookup("max"), nullptr);
  const auto found = registry.find("max", "range method");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message,
            "there is no range method 'max'; there are: entropy, min-max, percentile");
}

TEST(Registry, TwoUnitsOfOneIdAreOurBug) {
  auto registry = three_units();
  EXPECT_THROW(registry.add({"entropy", 4}), InternalError);
}

}  // namespace
}  // namespace acuate
