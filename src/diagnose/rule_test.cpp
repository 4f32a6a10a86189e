#include <fstream>
#include <set>
#include <sstream>

#include "diagnose/issues.h"
#include "diagnose/test_support.h"

namespace acuate {
namespace {

TEST(FindingRules, EveryReasonOfATargetIsAFinding) {
  for (const std::string_view id : kReasonIds) EXPECT_NE(finding_rules().lookup(id), nullptr) << id;
}

// Reasons and findings are one set: the others are the model's own trouble, or about its inputs.
TEST(FindingRules, AndTheOthersAreTheModelsOwn) {
  const std::set<std::string> others = {"cycle",
                                        "duplicate_name",
                                        "duplicate_node_name",
                                        "dynamic_input",
                                        "dynamic_output",
                                        "invalid_node",
                                        "mixed_ranges",
                                        "not_finite",
                                        "type_mismatch",
                                        "undefined_input",
                                        "undefined_output",
                                        "unknown_domain",
                                        "unknown_operator",
                                        "unsorted_nodes",
                                        "unused_input",
                                        "weight_channel_range"};
  for (const FindingRule& rule : finding_rules().all()) {
    if (!rule.find) continue;  // found by a later stage
    const bool is_reason =
        std::find(std::begin(kReasonIds), std::end(kReasonIds), rule.id) != std::end(kReasonIds);
    EXPECT_NE(is_reason, others.count(rule.id) > 0) << rule.id;
  }
}

TEST(FindingRules, EachExplainsHowToMendIt) {
  for (const FindingRule& rule : finding_rules().all())
    EXPECT_NE(rule.doc.find("To mend it"), std::string::npos) << rule.id;
}

TEST(FindingRules, TheReferencePageIsWhatTheySay) {
  const std::string wanted = findings_reference(finding_rules());
  std::ifstream file(ACUATE_SOURCE_DIR "/docs/findings.md");
  std::stringstream found;
  found << file.rdbuf();
  if (found.str() == wanted) return;
  const std::string fresh = testing::TempDir() + "findings.md";
  std::ofstream(fresh) << wanted;
  FAIL() << "docs/findings.md differs from src/diagnose/findings; replace it by " << fresh;
}

TEST(RefuseInvalid, TakesASoundModel) {
  EXPECT_TRUE(refuse_invalid(*text_model("g (float[2] x) => (float[2] y) { y = Relu(x) }")));
  EXPECT_TRUE(refuse_invalid(
      *text_model("g (float[2] x) => (float[2] y) { [a] p = Relu(x) [a] y = Neg(p) }")));
}

TEST(RefuseInvalid, ListsTheFirstTroubles) {
  const auto refused = refuse_invalid(*text_model(R"(g (float[2] x) => (float[2] y) {
    [a] p = Foo(x) [b] q = Bar(p) [c] r = Baz(q) [d] s = Qux(r) y = Add(s, lost) })"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("lost"));
  EXPECT_THAT(refused.error().message, testing::HasSubstr("no operator Foo"));
  EXPECT_THAT(refused.error().message, testing::HasSubstr("(node 'a')"));
  EXPECT_THAT(refused.error().message, testing::HasSubstr("and 2 more"));
}

TEST(RefuseInvalid, RefusesWhatOperatorsRefuse) {
  const auto refused = refuse_invalid(
      *text_model("g (float[2] x, float[3] w) => (float[2] y) { [sum] y = Add(x, w) }"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("type_mismatch"));
  EXPECT_THAT(refused.error().message, testing::HasSubstr("sum"));
}

}  // namespace
}  // namespace acuate
