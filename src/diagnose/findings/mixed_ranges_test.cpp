#include "diagnose/test_support.h"
#include "edit/command.h"
#include "shape/infer.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A YOLO-like head: boxes by sigmoid, grid and stride; scores by sigmoid.
constexpr const char* kHead = R"(g (float[1,3,4,4] x) => (float[1,6,4,4] y)
    <float[4,3,1,1] wb = {1,2,3,4,5,6,7,8,9,10,11,12}, float[2,3,1,1] ws = {1,2,3,4,5,6},
     float[1,4,1,1] grid = {0, 79, 0, 79}, float stride = {8}> {
  ["/backbone/Conv"] b = Conv(x, wb)
  ["/head/Sigmoid"] s = Sigmoid(b)
  ["/head/Add"] moved = Add(s, grid)
  ["/head/Mul"] boxes = Mul(moved, stride)
  ["/head/Conv"] c = Conv(x, ws)
  ["/head/Sigmoid_1"] scores = Sigmoid(c)
  ["/head/Concat"] y = Concat <axis = 1> (boxes, SCORES)
})";

std::string head(const std::string& scores) {
  std::string text = kHead;
  return text.replace(text.find("SCORES"), 6, scores);
}

TEST(MixedRanges, BoxesBesideScores) {
  const Finding finding = only(findings_of("mixed_ranges", head("scores"), "onnxruntime"));
  EXPECT_EQ(finding.severity, Severity::Warning);
  EXPECT_EQ(finding.module, "head");
  EXPECT_THAT(finding.nodes, ElementsAre("/head/Concat"));
  // (1 + 79) · 8 = 640; 256 / 640 steps.
  EXPECT_THAT(finding.evidence,
              HasSubstr("'boxes' has values from 0 to 640, 'scores' from 0 to 1: of 256 steps "
                        "'scores' gets 0.4"));
  EXPECT_THAT(finding.fix, ElementsAre("cut-at boxes scores"));
}

TEST(MixedRanges, TheCutRemovesIt) {
  const auto model = text_model(head("scores"));
  infer_shapes(*model);
  auto cut = apply_script(*model, "cut-at boxes scores\n", {});
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_THAT(of_id(all_findings(**cut, "onnxruntime"), "mixed_ranges"), IsEmpty());
}

// A mean of 0…15 weighted by a Softmax, as in the heads of YOLOv8, stays between 0 and 15.
TEST(MixedRanges, KnowsDistributions) {
  const Finding finding =
      only(findings_of("mixed_ranges", R"(g (float[1,16,4,5] x) => (float[1,5,5] y)
      <float[1,16,1,1] bins = {0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}, float stride = {32},
       int64[3] shape = {1, 4, 5}> {
    p = Softmax <axis = 1> (x)
    d = Conv(p, bins)
    r = Reshape(d, shape)
    boxes = Mul(r, stride)
    m = ReduceMean <axes = [1, 2], keepdims = 0> (x)
    s = Sigmoid(m)
    one = Constant <value = int64[1] {1}> ()
    scores = Unsqueeze(s, one)
    [join] y = Concat <axis = 1> (boxes, scores)
  })",
                       "onnxruntime"));
  EXPECT_THAT(finding.evidence, HasSubstr("'boxes' has values from 0 to 480"));
}

TEST(MixedRanges, LeavesEqualRangesAndUnknownOnes) {
  EXPECT_THAT(findings_of("mixed_ranges", head("s"), "onnxruntime"), testing::SizeIs(1));
  EXPECT_THAT(findings_of("mixed_ranges", head("c"), "onnxruntime"), IsEmpty())
      << "what a convolution makes has no range without data";
  EXPECT_THAT(findings_of("mixed_ranges", head("boxes"), "onnxruntime"), IsEmpty());
}

}  // namespace
}  // namespace acuate
