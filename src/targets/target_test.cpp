#include "targets/target.h"

#include <set>

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Target, AllAreRegistered) {
  std::vector<std::string> ids;
  for (const Target& target : targets().all()) ids.push_back(target.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"onnxruntime", "openvino", "tensorrt", "vsi_npu"}));
}

TEST(Target, WhatIsMissingIsSaid) {
  for (const Target& target : targets().all()) {
    const TargetStatus status = target.status();
    for (const Availability& part : {status.diagnose, status.build, status.run})
      EXPECT_NE(part.available, !part.reason.empty()) << target.id;
  }
}

TEST(Target, AutoChoosesOneThatRuns) {
  const auto chosen = resolve_target("auto");
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->id, "onnxruntime");
  EXPECT_EQ(targets().lookup("auto"), nullptr);
}

TEST(Target, UnknownNamesListWhatThereIs) {
  const auto target = resolve_target("tensorflow");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().message,
            "there is no target 'tensorflow'; there are: onnxruntime, openvino, tensorrt, vsi-npu, "
            "auto; or give the "
            "path of a table file (.yaml)");
}

TEST(Target, ReasonIdsAreSortedAndDifferent) {
  EXPECT_TRUE(std::is_sorted(std::begin(kReasonIds), std::end(kReasonIds)));
  EXPECT_EQ(std::set<std::string_view>(std::begin(kReasonIds), std::end(kReasonIds)).size(),
            std::size(kReasonIds));
}

}  // namespace
}  // namespace acuate
