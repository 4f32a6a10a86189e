#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(SequenceRules, ElementsHaveWhatAllHaveInCommon) {
  EXPECT_EQ(infer("float[n,c] a, float[n,d] z, int64 i",
                  "s = SequenceConstruct(a, z)  y = SequenceAt(s, i)", "s y"),
            "sequence of float32[n, ?]; float32[n, ?'y'.1]");
  EXPECT_EQ(infer("float[n,c] a", "e = SequenceEmpty<dtype=1>()  s = SequenceInsert(e, a)", "e s"),
            "sequence of float32[*]; sequence of float32[*]");
  EXPECT_THAT(infer("float[n] a, int64[n] z", "y = SequenceConstruct(a, z)"),
              HasSubstr("its elements are float32 and int64"));
}

TEST(SequenceRules, SplitAndConcat) {
  EXPECT_EQ(infer("float[n,c] x",
                  "s = SplitToSequence<axis=1, keepdims=0>(x)  "
                  "y = ConcatFromSequence<axis=0, new_axis=1>(s)",
                  "s y"),
            "sequence of float32[n]; float32[?'y'.0, n]");
  EXPECT_EQ(infer("float[n,12] x", "y = SplitToSequence<axis=1>(x, p)", "y", "int64 p = {4}"),
            "sequence of float32[n, 4]");
  EXPECT_EQ(infer("float[n,12] x", "y = SplitToSequence<axis=1>(x, p)", "y", "int64 p = {5}"),
            "sequence of float32[n, ?]");
  EXPECT_THAT(infer("float[2,3] x", "y = SplitToSequence<axis=2>(x)"),
              HasSubstr("axis 2 lies outside of rank 2"));
}

TEST(SequenceRules, Optionals) {
  EXPECT_EQ(infer("float[n,c] x",
                  "o = Optional(x)  h = OptionalHasElement(o)  y = OptionalGetElement(o)", "o h y"),
            "optional float32[n, c]; bool[]; float32[n, c]");
}

}  // namespace
}  // namespace acuate
