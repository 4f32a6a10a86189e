#include "rewrite/legalizer_test_support.h"

namespace acuate {
namespace {

TEST(Legalizers, SayWhatTheyReplaceAndState) {
  for (const Legalizer& legalizer : legalizers().all()) {
    EXPECT_TRUE(legalizer.id.starts_with("legalize_")) << legalizer.id;
    EXPECT_FALSE(legalizer.doc.empty()) << legalizer.id;
    EXPECT_FALSE(legalizer.operators.empty()) << legalizer.id;
    EXPECT_FALSE(legalizer.uses.empty()) << legalizer.id;
    EXPECT_EQ(legalizer.exactness == Exactness::Rounding, !legalizer.bound.empty()) << legalizer.id;
    EXPECT_EQ(passes().lookup(legalizer.id), nullptr) << "a name stands for one thing";
  }
}

TEST(Legalizers, KeepNameOriginAndMetadata) {
  auto model = text_model("g (float[4] x) => (float[4] y) { [act] y = HardSwish(x) }");
  model->graph().first()->set_metadata("scope", "layer1");
  EXPECT_EQ(run_legalizer("legalize_hard_swish", *model).applied, 1U);
  const Node& last = *model->graph().last();
  EXPECT_EQ(last.name(), "act");
  for (const Node* node = model->graph().first(); node != nullptr; node = node->next()) {
    EXPECT_EQ(node->metadata("scope"), "layer1");
    EXPECT_EQ(node->metadata("acuate.origins"), "[\"act\"]");
  }
}

TEST(Legalizers, WorkInBodiesAndRefuseOtherOperators) {
  auto model = text_model(R"(g (bool c, float[4] x) => (float[4] y) {
      y = If(c)<then_branch = t () => (float[4] a) { a = HardSwish(x) },
                else_branch = e () => (float[4] b) { b = Identity(x) }> })");
  EXPECT_EQ(run_legalizer("legalize_hard_swish", *model).applied, 1U);
  const Legalizer& gelu = *legalizers().lookup("legalize_gelu");
  EXPECT_EQ(run_legalizer(gelu, *model->graph().first(), {}), "it replaces other operators");
}

TEST(Legalizers, TakeAwayWhatTheNodeAloneRead) {
  auto model = text_model(
      "g (float[2, 2, 3] x) => (y) <float[2] s = {1.0, 2.0}, int64[2] p = {1, 1}>"
      "{ y = BatchNormalization(x, s, s, s, s) }");
  EXPECT_EQ(run_legalizer("legalize_batch_norm", *model).applied, 1U);
  EXPECT_EQ(model->graph().find("s"), nullptr);
  EXPECT_NE(model->graph().find("p"), nullptr);
}

}  // namespace
}  // namespace acuate
