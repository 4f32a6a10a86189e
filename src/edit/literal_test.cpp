#include "edit/literal.h"

#include <gtest/gtest.h>

namespace acuate {
namespace {

TEST(Literal, SingleItemsHaveTheirKind) {
  EXPECT_EQ(parse_literal({"3"})->kind(), Literal::Kind::Int);
  EXPECT_EQ(parse_literal({"-1.5e3"})->items[0].number, -1500.0);
  EXPECT_EQ(parse_literal({"nearest"})->kind(), Literal::Kind::Text);
  EXPECT_EQ(parse_literal({"3", true})->kind(), Literal::Kind::Text);
  EXPECT_FALSE(parse_literal({"[1]", true})->is_list);
}

TEST(Literal, ListsHaveShapeAndTheWidestKind) {
  const auto list = parse_literal({"[[1, 2, 3], [4, 5.5, 6]]"});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(list->kind(), Literal::Kind::Float);
  EXPECT_EQ(list->items[4].number, 5.5);
  EXPECT_EQ(parse_literal({"[]"})->shape, (std::vector<int64_t>{0}));
  EXPECT_EQ(parse_literal({R"(["a, ]", "b\n"])"})->items[1].text, "b\n");
  EXPECT_EQ(parse_literal({"[[], []]"})->shape, (std::vector<int64_t>{2, 0}));
}

TEST(Literal, UnevenListsAreRefused) {
  for (const char* bad : {"[1,]", "[,1]", "[1 2]", "[[1],[2,3]]", "[1,[2]]", "[[1],2]",
                          "[[1],[[2]]]", "[1", "[1]]", "[[[]],[1]]", "[\"a]"})
    EXPECT_FALSE(parse_literal({bad})) << bad;
}

TEST(Literal, PrefixesAreTakenOffOnlyWhenKnown) {
  Token token{"int:3"};
  EXPECT_EQ(take_prefix(token, {"int"}), "int");
  EXPECT_EQ(token.text, "3");
  Token other{"a:b"};
  EXPECT_EQ(take_prefix(other, {"int"}), "");
  EXPECT_EQ(other.text, "a:b");
  Token text{R"(string:"a b")"};
  EXPECT_EQ(take_prefix(text, {"string"}), "string");
  EXPECT_EQ(text.text, "a b");
  EXPECT_TRUE(text.quoted);
}

}  // namespace
}  // namespace acuate
