#include "shape/test_support.h"

namespace acuate {
namespace {

using testing::HasSubstr;

TEST(TextRules, Strings) {
  EXPECT_EQ(infer("string[n] x", "y = StringNormalizer(x)"), "string[n]");
  EXPECT_EQ(infer("string[n] x", "y = StringNormalizer<stopwords=[\"a\"]>(x)"), "string[?'y'.0]");
  EXPECT_EQ(infer("string[n,1] x, string[c] z", "y = StringConcat(x, z)", "y", "", 20),
            "string[n, c]");
  EXPECT_EQ(infer("string[n] x", "y, c = StringSplit(x)", "y c", "", 20),
            "string[n, ?'y'.1]; int64[n]");
  EXPECT_EQ(infer("string[n] x", "y = RegexFullMatch<pattern=\"a\">(x)", "y", "", 20), "bool[n]");
  EXPECT_THAT(infer("string[2,3,4] x", "y = StringNormalizer(x)"),
              HasSubstr("rank 3, expected 1 to 2"));
}

TEST(TextRules, CountsOfNgrams) {
  EXPECT_EQ(infer("int64[n,c] x",
                  "y = TfIdfVectorizer<mode=\"TF\", min_gram_length=1, max_gram_length=1, "
                  "max_skip_count=0, ngram_counts=[0], ngram_indexes=[0,4,2], "
                  "pool_int64s=[5,6,7]>(x)"),
            "float32[n, 5]");
}

}  // namespace
}  // namespace acuate
