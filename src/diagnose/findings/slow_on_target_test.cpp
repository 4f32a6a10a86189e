#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kTable = R"(id: small_npu
sources: {manual: "the manual, page 7"}
operators:
  MaxPool: {source: manual, slow: {note: large kernels run in software, attributes: {kernel_shape: {min: 8}}}}
  Relu: {source: manual}
)";

std::string pool(const std::string& kernel) {
  return "g (float[1,3,64,64] x) => (float[1,3,?,?] y) { [pool] y = MaxPool <kernel_shape = " +
         kernel + "> (x) }";
}

TEST(SlowOnTarget, TellsWhatTheTableSays) {
  const Finding finding = only(findings_by_table("slow_on_target", pool("[9, 9]"), kTable));
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_THAT(finding.nodes, ElementsAre("pool"));
  EXPECT_THAT(finding.cause, HasSubstr("large kernels run in software"));
  EXPECT_THAT(finding.evidence, HasSubstr("kernel_shape is [9, 9]; the manual, page 7"));
}

TEST(SlowOnTarget, LeavesWhatIsOutsideTheLimits) {
  EXPECT_THAT(findings_by_table("slow_on_target", pool("[9, 3]"), kTable), IsEmpty());
}

TEST(SlowOnTarget, TellsWhatLeavesTheFastCase) {
  const char* table = R"(id: small_npu
sources: {manual: "the manual, page 7"}
operators:
  MaxPool: {source: manual, slow: {note: on one core, unless: {strides: {max: 1}, kernel_shape: {max: 8}}}}
)";
  const auto found = [&](const std::string& attributes) {
    return findings_by_table("slow_on_target",
                             "g (float[1,3,64,64] x) => (float[1,3,?,?] y) { [pool] y = MaxPool <" +
                                 attributes + "> (x) }",
                             table);
  };
  EXPECT_THAT(found("kernel_shape = [8, 2]"), IsEmpty());
  EXPECT_THAT(found("kernel_shape = [8, 2], strides = [1, 1]"), IsEmpty());
  EXPECT_THAT(only(found("kernel_shape = [2, 2], strides = [1, 2]")).evidence,
              HasSubstr("strides is [1, 2]; the manual, page 7"));
  EXPECT_THAT(only(found("kernel_shape = [9, 2]")).evidence,
              HasSubstr("kernel_shape is [9, 2]; the manual"));
}

TEST(SlowOnTarget, OneFindingForEachSentence) {
  const auto findings = findings_by_table(
      "slow_on_target",
      "g (float[1,3,64,64] x) => (float[1,3,?,?] y) { [p] a = MaxPool <kernel_shape = [9, 9]> "
      "(x) [q] y = MaxPool <kernel_shape = [8, 8]> (a) }",
      kTable);
  EXPECT_THAT(only(findings).nodes, ElementsAre("p", "q"));
}

TEST(SlowOnTarget, TellsWhatCostTablesPredict) {
  PartitionCosts costs;
  costs.host_us = [](const Node& node) { return node.is_op("MaxPool") ? 100 : 1000; };
  costs.target_us = [](const Node& node) { return node.is_op("MaxPool") ? 900 : 100; };
  costs.copy_us = [](const Value&) { return 1.0; };
  DiagnoseOptions options;
  options.costs = &costs;
  const std::string net =
      "g (float[1,3,64,64] x) => (float[1,3,?,?] y) { a = Relu(x) [pool] b = MaxPool <kernel_shape "
      "= [3, 3]> (a) y = Relu(b) }";
  const Finding finding = only(findings_by_table("slow_on_target", net, kTable, options));
  EXPECT_THAT(finding.nodes, ElementsAre("pool"));
  EXPECT_THAT(finding.evidence, HasSubstr("0.9 ms on the target, 0.1 ms on the host, of 2.1 ms"));
  costs.target_us = [](const Node&) { return 100; };
  EXPECT_THAT(findings_by_table("slow_on_target", net, kTable, options), IsEmpty());
}

}  // namespace
}  // namespace acuate
