#include "targets/onnxruntime/profile.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(OnnxRuntimeProfile, SumsByNodeAndKernel) {
  const auto profile = parse_onnxruntime_profile(R"([
    {"cat":"Session","dur":10,"name":"model_run","args":{}},
    {"cat":"Node","dur":5,"name":"conv_kernel_time","args":{"op_name":"FusedConv","provider":"CPU","node_index":"1","mem":{"x":[1]}}},
    {"cat":"Node","dur":1,"name":"conv_fence_before","args":{"op_name":"FusedConv"}},
    {"cat":"Session","dur":12,"name":"model_run","args":{}},
    {"cat":"Node","dur":7,"name":"conv_kernel_time","args":{"op_name":"FusedConv","provider":"CPU","node_index":"1"}},
    {"cat":"Node","dur":2,"name":"_kernel_time","args":{"op_name":"Relu","node_index":"2"}},
    {"cat":"Node","dur":3,"name":"_kernel_time","args":{"op_name":"Relu","node_index":"3"}}])");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_EQ(profile->runs, 2);
  EXPECT_EQ(profile->time_us, 22);
  ASSERT_EQ(profile->kernels.size(), 3u) << "nodes without a name stay apart by their index";
  EXPECT_EQ(profile->kernels[0].node, "conv");
  EXPECT_EQ(profile->kernels[0].op_type, "FusedConv");
  EXPECT_EQ(profile->kernels[0].provider, "CPU");
  EXPECT_EQ(profile->kernels[0].time_us, 12);
  EXPECT_EQ(profile->kernels[0].calls, 2);
}

TEST(OnnxRuntimeProfile, OddEventsAreSkippedAndOtherTextIsRefused) {
  const auto profile = parse_onnxruntime_profile(
      R"([1, null, {}, {"cat":3,"dur":"x"}, {"cat":"Node","dur":1,"name":"a_kernel_time"},
    {"cat":"Node","dur":1,"name":"b_kernel_time","args":[]}])");
  ASSERT_TRUE(profile);
  EXPECT_TRUE(profile->kernels.empty());
  EXPECT_FALSE(parse_onnxruntime_profile(""));
  EXPECT_FALSE(parse_onnxruntime_profile("{}"));
  EXPECT_FALSE(parse_onnxruntime_profile(R"([{"cat":"Node","dur":1)"));
}

TEST(OnnxRuntimeProfile, TheFolderGoesWithItsContent) {
  std::filesystem::path path;
  {
    auto folder = ProfileFolder::create();
    ASSERT_TRUE(folder);
    ProfileFolder moved = std::move(*folder);
    path = moved.path();
    std::ofstream(path / "file") << "x";
    EXPECT_TRUE(std::filesystem::exists(path / "file"));
  }
  EXPECT_FALSE(path.empty());
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace acuate
