#include "diagnose/worth.h"

#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::DoubleNear;
using testing::Optional;

// Two convolutions with something in between.
std::string net(const std::string& middle) {
  return "g (float[1,1,4,4] x) => (float[1,1,4,4] y) <float[1,1,1,1] w = {2}> { [first] a = "
         "Conv(x, "
         "w) " +
         middle + " [second] y = Conv(b, w) }";
}

// One node keeps two engines apart.
TEST(Worth, CountsEnginesAndNodes) {
  const Finding finding = only(findings_of("unsupported_operator", net("[round] b = Round(a)")));
  EXPECT_THAT(finding.worth.engines, Optional(-1.0));
  EXPECT_THAT(finding.worth.coverage, Optional(DoubleNear(1.0 / 3, 1e-9)));
  EXPECT_EQ(finding.worth.ms, std::nullopt);
}

// What another reason still keeps out is not gained.
TEST(Worth, IsNothingWhereAnotherReasonStays) {
  const auto model = text_model(net("[round] b = Round(a)"));
  const auto table = parse_table(R"(id: small_npu
sources: {manual: the manual}
operators:
  Conv: {source: manual}
  Round: {source: manual, supported: false, max_rank: 2}
)",
                                 "a test");
  const auto findings = all_findings(*model, make_table_target(*table));
  EXPECT_TRUE(only(of_id(findings, "unsupported_operator")).worth.empty());
  EXPECT_TRUE(only(of_id(findings, "rank_too_high")).worth.empty());
}

TEST(Worth, IsPredictedByCosts) {
  PartitionCosts costs;
  costs.host_us = [](const Node&) { return 1000.0; };
  costs.target_us = [](const Node&) { return 100.0; };
  costs.copy_us = [](const Value&) { return 10.0; };
  costs.host_call_us = 5;
  costs.target_call_us = 50;
  DiagnoseOptions options;
  options.costs = &costs;
  const Finding finding =
      only(findings_of("unsupported_operator", net("[round] b = Round(a)"), "vsi_npu", options));
  // Before: two calls of 150 and two copies each, the host's node and its call. After: one call.
  const double before = 2 * (100 + 50 + 20) + 1000 + 5, after = 300 + 50 + 20;
  EXPECT_THAT(finding.worth.ms, Optional(DoubleNear((after - before) / 1000, 1e-9)));
}

TEST(Worth, OptionsAreToldBehindTheFindings) {
  auto diagnosis =
      diagnose_and_divide(*text_model(net("[round] b = Round(a)")), *resolve_target("vsi_npu"), {});
  ASSERT_TRUE(diagnosis);
  std::vector<std::string> ids;
  for (const PartitionOption& option : diagnosis->options) ids.push_back(option.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"host", "everything", "largest", "chosen"}));
  EXPECT_EQ(diagnosis->options[1].counts.engines, 2U);
  EXPECT_EQ(diagnosis->options[1].counts.nodes_on_target, 2U);
}

}  // namespace
}  // namespace acuate
