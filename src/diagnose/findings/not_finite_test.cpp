#include <cmath>

#include "diagnose/test_support.h"

namespace acuate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Finding> with_weight(std::initializer_list<float> values) {
  const auto model =
      text_model("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { [a] y = Add(x, w) }");
  model->graph().set_initializer(*model->graph().find("w"), Tensor::of<float>({2}, values));
  return of_id(all_findings(*model, "onnxruntime"), "not_finite");
}

TEST(NotFinite, NamesTheWeightAndItsReaders) {
  const Finding nan = only(with_weight({NAN, 1}));
  EXPECT_EQ(nan.severity, Severity::Warning);
  EXPECT_THAT(nan.nodes, ElementsAre("a"));
  EXPECT_THAT(nan.evidence, HasSubstr("'w' 2 has 1 NaN and 0 infinite of 2 elements"));
}

TEST(NotFinite, AnInfinityMayBeAMask) {
  const Finding mask = only(with_weight({-INFINITY, 0}));
  EXPECT_EQ(mask.severity, Severity::Info);
  EXPECT_THAT(mask.evidence, HasSubstr("0 NaN and 1 infinite"));
}

TEST(NotFinite, SeesHalfPrecision) {
  const auto model =
      text_model("g (float16[1] x) => (float16[1] y) <float16[1] w = {1}> { [a] y = Add(x, w) }");
  Tensor half = Tensor::allocate(ElementType::Float16, {1});
  half.mutable_values<uint16_t>()[0] = 0x7c00;  // infinity
  model->graph().set_initializer(*model->graph().find("w"), half);
  EXPECT_THAT(only(of_id(all_findings(*model, "onnxruntime"), "not_finite")).evidence,
              HasSubstr("1 infinite"));
  half.mutable_values<uint16_t>()[0] = 0x7bff;  // 65504, the largest
  model->graph().set_initializer(*model->graph().find("w"), half);
  EXPECT_THAT(of_id(all_findings(*model, "onnxruntime"), "not_finite"), IsEmpty());
}

TEST(NotFinite, LeavesFiniteWeights) { EXPECT_THAT(with_weight({-3e38F, 3e38F}), IsEmpty()); }

}  // namespace
}  // namespace acuate
