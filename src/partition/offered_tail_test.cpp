#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edit/command.h"
#include "partition/tail.h"
#include "shape/text_model_test_support.h"

namespace acuate {
namespace {

std::optional<Tail> tail_of(Model& model, const std::vector<std::string>& names) {
  std::unordered_set<const Node*> nodes;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next())
    if (std::find(names.begin(), names.end(), node->name()) != names.end()) nodes.insert(node);
  EXPECT_EQ(nodes.size(), names.size());
  infer_shapes(model);
  return offered_tail(model.graph(), nodes, {});
}

// Two heads whose values are joined and rearranged before the suppression.
constexpr const char* kDetector = R"(g (float[1,3,8,8] x) => (int64[n, 3] kept, float[1,4,64] raw)
    <float[4,3,1,1] wb = {1,2,3,4,5,6,7,8,9,10,11,12}, float[2,3,1,1] ws = {1,2,3,4,5,6},
     int64[3] to_boxes = {1, 4, 64}, int64[3] to_scores = {1, 2, 64}, int64 most = {10}> {
  [conv_b] b = Conv(x, wb)
  [flat_b] raw = Reshape(b, to_boxes)
  [boxes] boxes = Transpose <perm = [0, 2, 1]> (raw)
  [conv_s] s = Conv(x, ws)
  [flat_s] scores = Reshape(s, to_scores)
  [nms] kept = NonMaxSuppression(boxes, scores, most)
})";

TEST(OfferedTail, IsCutWhereTheFewestValuesPass) {
  const auto model = text_model(kDetector);
  const auto tail = tail_of(*model, {"nms"});
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->cut_command(), "cut-at boxes scores");
  EXPECT_EQ(tail->tail_nodes, 1U);
  EXPECT_EQ(tail->text(), "cut at 2 values, 1 of 6 nodes stay on the host");
  auto cut = apply_script(*model, tail->cut_command() + "\n", {});
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ((*cut)->graph().node_count(), 5U);
  EXPECT_TRUE((*cut)->graph().find("kept") == nullptr);
}

// Nodes without weights go along where that leaves fewer values; those with weights never.
TEST(OfferedTail, TakesInWhatSavesValues) {
  const auto model = text_model(R"(g (float[1,1,4,4] x) => (float[k] y)
      <float[1,1,1,1] w = {2}, float zero = {0}> {
    [conv] c = Conv(x, w)
    [mask] m = Greater(c, zero)
    [twice] d = Add(c, c)
    [root] y = Compress(d, flat)
    [flat] flat = Identity(m)
  })");
  ASSERT_TRUE(model->graph().sort_topologically());
  const auto tail = tail_of(*model, {"root"});
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->cut_command(), "cut-at c");
  EXPECT_EQ(tail->tail_nodes, 4U);
}

TEST(OfferedTail, IsNoneWhereTooLittleWouldRemain) {
  const auto early = text_model(R"(g (float[1,1,4,4] x) => (float[a,b,c,d] y)
      <float[1,1,1,1] w = {2}> {
    [r] z = Relu(x)
    [root] n = NonZero(z)
    f = Cast <to = 1> (n)
    one = Constant <value = int64[2] {0, 1}> ()
    u = Unsqueeze(f, one)
    [conv] y = Conv(u, w)
  })");
  EXPECT_FALSE(tail_of(*early, {"root"})) << "the only convolution follows";
  const auto input = text_model("g (float[4] x) => (int64[1, n] i) { [root] i = NonZero(x) }");
  EXPECT_FALSE(tail_of(*input, {"root"})) << "nothing is before it";
}

// A second output that follows from the nodes, but not from the cut, cannot be dropped by it.
TEST(OfferedTail, EndsEveryOutputThatFollows) {
  const auto model = text_model(R"(g (float[1,1,4,4] x) => (float[1,1,4,4] c, int64[4, n] i)
      <float[1,1,1,1] w = {2}> {
    [conv] c = Conv(x, w)
    [root] i = NonZero(x)
  })");
  EXPECT_FALSE(tail_of(*model, {"root"}));
}

// Tens of thousands of nodes neither exhaust the stack nor take long.
TEST(OfferedTail, OfALongChain) {
  std::string text = "g (float[4] x) => (int64[1, n] i) {\n v0 = Relu(x)\n";
  constexpr int kLength = 20000;
  for (int i = 0; i < kLength; ++i) text += fmt::format(" v{} = Neg(v{})\n", i + 1, i);
  const auto model = text_model(text + fmt::format(" [root] i = NonZero(v{})\n}}", kLength));
  const auto tail = tail_of(*model, {"root"});
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->cut_command(), fmt::format("cut-at v{}", kLength));
}

}  // namespace
}  // namespace acuate
