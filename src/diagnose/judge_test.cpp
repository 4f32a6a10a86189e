#include "diagnose/judge.h"

#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Takes every node when asked for it alone; its parser refuses each Erf, or breaks down.
class Parser final : public TargetBackend {
 public:
  explicit Parser(bool breaks) : breaks_(breaks) {}
  TargetStatus status() const override {
    const Availability here{.available = true, .reason = {}, .file = {}, .version = {}};
    return {.diagnose = here, .build = here, .run = here};
  }
  std::vector<Reason> why_not(const Node&, const NodeContext&) const override { return {}; }
  Result<std::vector<Refusal>> probe(const Model& model) const override {
    if (breaks_) return fail("the parser ended with signal 6");
    std::vector<Refusal> refusals;
    for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
      if (node->is_op("Erf"))
        refusals.push_back({node,
                            {.id = "unsupported_attribute",
                             .message = "its parser stops at Erf",
                             .evidence = "code 8"}});
    return refusals;
  }

 private:
  const bool breaks_;
};

Target parser(bool breaks = false) {
  return {.id = "parser",
          .summary = "",
          .backend = std::make_shared<Parser>(breaks),
          .patterns = {},
          .stand_in = {}};
}

constexpr const char* kNet =
    "g (float[4] x) => (float[4] y) { [a] h = Relu(x) [b] e = Erf(h) [c] y = Exp(e) }";

TEST(Judge, TellsWhatTheTargetsOwnToolsRefuse) {
  const Finding finding =
      only(of_id(all_findings(*text_model(kNet), parser()), "unsupported_attribute"));
  EXPECT_THAT(finding.nodes, ElementsAre("b"));
  EXPECT_EQ(finding.cause, "its parser stops at Erf");
  EXPECT_THAT(finding.evidence, HasSubstr("code 8"));
}

TEST(Judge, ToolsThatBreakDownAreAnError) {
  const auto findings = diagnose(*text_model(kNet), parser(true));
  ASSERT_FALSE(findings);
  EXPECT_THAT(findings.error().message, HasSubstr("the parser ended with signal 6"));
}

}  // namespace
}  // namespace acuate
