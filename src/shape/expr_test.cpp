#include "shape/expr.h"

#include <random>

#include <gtest/gtest.h>

namespace acuate {

void PrintTo(const Expr& expr, std::ostream* out) { *out << expr.text(); }

namespace {

class ExprTest : public testing::Test {
 protected:
  ExprPool pool;
  Expr h = pool.symbol("h"), w = pool.symbol("w"), n = pool.symbol("batch");
};

TEST_F(ExprTest, SumsAndProductsAreCanonical) {
  EXPECT_EQ(h + w, w + h);
  EXPECT_EQ((h + 1) * (h - 1), h * h - 1);
  EXPECT_EQ(((h + w) * n).text(), "batch*h + batch*w");
  EXPECT_EQ((h * 2 - w - 3).text(), "2*h - w - 3");
  EXPECT_EQ(h - h, Expr(0));
  EXPECT_EQ((h - h).as_number(), 0);
  EXPECT_EQ((-h + h * 2).text(), "h");
}

TEST_F(ExprTest, DivisionTakesOutWhatItCan) {
  EXPECT_EQ(floor_div(h * 4 + 8, 4), h + 2);
  EXPECT_EQ(floor_div(h * 4 + w * 2 + 9, 4).text(), "h + w//2 + 2");
  EXPECT_EQ(floor_div(h * 2 + 1, 4).text(), "h//2");
  EXPECT_EQ(floor_div(floor_div(h, 2), 2), floor_div(h, 4));
  EXPECT_EQ(floor_div(floor_div(h - 1, 2) + 1 - 1, 2), floor_div(h - 1, 4));
  EXPECT_EQ(floor_div(h * w * 64, h * 8), w * 8);
  EXPECT_EQ(floor_div(h * h - 1, h + 1), h - 1);
  EXPECT_EQ(floor_div(h, h), Expr(1));
  EXPECT_EQ(ceil_div(h, 32).text(), "(h + 31)//32");
  EXPECT_EQ(floor_div(-7, 2), Expr(-4));
  EXPECT_EQ(mod(h * 2, 2), Expr(0));
  EXPECT_TRUE(floor_div(h, 0).is_unknown());
}

TEST_F(ExprTest, MinAndMaxDropWhatIsDecided) {
  EXPECT_EQ(min(h, h + 1), h);
  EXPECT_EQ(max(h, -3), h);
  EXPECT_EQ(max(max(h, w), h).text(), "max(h, w)");
  EXPECT_EQ(min(floor_div(h, 2), h), floor_div(h, 2));
  EXPECT_EQ(max(h - floor_div(h, 2), 0), h - floor_div(h, 2));
  EXPECT_EQ(min(5, 3), Expr(3));
  EXPECT_EQ(min(h, 0), Expr(0));
  EXPECT_EQ(min(h, 10).upper_bound(), 10);
}

TEST_F(ExprTest, WhatIsPaddedToAMultipleIsNoLess) {
  const Expr padded = h + mod(Expr(7) - mod(h, 7), 7);
  EXPECT_EQ(mod(h, 7).lower_bound(), 0);
  EXPECT_EQ(padded.lower_bound(), 0);
  EXPECT_EQ(min(h, padded), h);
  EXPECT_EQ(max(h, padded), padded);
  // A roll: what is cut off at one end is put on at the other.
  EXPECT_EQ(max(padded - min(padded, 3), 0) + min(padded, 3), padded);
  EXPECT_EQ(max(padded - max(padded - 3, 0), 0) + max(padded - 3, 0), padded);
  EXPECT_EQ(min(floor_div(h, 4) * 2 - floor_div(h, 8) * 2, 0), Expr(0));
  EXPECT_EQ(exact_quotient(padded * (w - 5), w - 5), padded);
  EXPECT_EQ(exact_quotient(h, w), std::nullopt);
}

TEST_F(ExprTest, BroadcastKnowsOne) {
  EXPECT_EQ(broadcast(h, 1), h);
  EXPECT_EQ(broadcast(h, 7), Expr(7));
  EXPECT_EQ(broadcast(broadcast(h, w), h), broadcast(w, h));
  EXPECT_TRUE(broadcast(2, 3).is_unknown());
}

TEST_F(ExprTest, EqualityIsDecidedOrNot) {
  EXPECT_EQ(same(h, h), true);
  EXPECT_EQ(same(h, h + 1), false);
  EXPECT_EQ(same(h, -1), false);
  EXPECT_EQ(same(h, w), std::nullopt);
  // The last window of Swin, when padded: min(3, what is padded), which is never -1.
  const Expr quarter = floor_div(h, 4), eighth = floor_div(h, 8);
  for (const Expr& windows : {floor_div(quarter * 6, 7), floor_div(quarter * 6 + eighth, 7)}) {
    const Expr padded = quarter * 7 - windows * 7;
    const Expr last = padded - max(padded - 3, 0);
    EXPECT_EQ(same(last, -1), false) << last.text();
    EXPECT_EQ(same(last, 3), std::nullopt);
  }
  EXPECT_EQ(less(h, h + w + 1), true);
  EXPECT_EQ(less(h + 3, 2), false);
  EXPECT_EQ(less(h, 2), std::nullopt);
  EXPECT_EQ(same(Expr::unknown(), Expr::unknown()), std::nullopt);
}

TEST_F(ExprTest, OverflowIsUnknown) {
  EXPECT_TRUE((Expr(INT64_MAX) + 1).is_unknown());
  EXPECT_TRUE((h * INT64_MAX * 2).is_unknown());
  EXPECT_TRUE((h * Expr(INT64_MIN) * -1).is_unknown());
  EXPECT_TRUE((-Expr(INT64_MIN)).is_unknown());
  Expr power = h;
  for (int i = 0; i < 5; ++i) power = power * power;
  EXPECT_TRUE(power.is_unknown());
}

TEST_F(ExprTest, TheLeastNumberIsDivided) {
  const Expr least = INT64_MIN;
  // -2⁶³ / -1 is no number; nor is 3 · ⌊-2⁶³ / 3⌋.
  EXPECT_TRUE(floor_div(least, 1 - h).is_unknown());
  EXPECT_TRUE((h * least).is_unknown());
  EXPECT_TRUE((h + least).is_unknown());
  EXPECT_EQ(floor_div(h + (INT64_MIN + 1), 3).text(), "(h + 2)//3 - 3074457345618258603");
  EXPECT_EQ(floor_div(least, 3).as_number(), -3074457345618258603);
  EXPECT_EQ(mod(least, 3).as_number(), 1);
  EXPECT_TRUE(pool.parse("(0 - 9223372036854775807 - 1)//(1 - h)").is_symbol());
}

// A pool that has seen nothing yet reads the text as what wrote it.
void expect_read_back(Expr expr) {
  ExprPool other;
  const Expr read = other.parse(expr.text());
  EXPECT_EQ(read.text(), expr.text());
  EXPECT_EQ(read.is_symbol(), expr.is_symbol()) << expr.text();
}

TEST_F(ExprTest, LongTextsReadBack) {
  Expr sum = 0;
  for (int i = 0; i < 60; ++i)
    sum = sum + pool.symbol("a_long_name_of_dimension_" + std::to_string(i));
  ASSERT_GT(sum.text().size(), 1500u);
  expect_read_back(sum);
}

TEST_F(ExprTest, WhatNestsDeeplyReadsBackOrIsUnknown) {
  const std::function<Expr(Expr, int)> towers[] = {
      [&](Expr e, int) { return floor_div(e, h); },
      [&](Expr e, int) { return floor_div(h, e + 1); },
      [&](Expr e, int i) { return floor_div(e * (i + 2) + w, h + 1); },
      [&](Expr e, int i) { return i % 2 == 0 ? max(e, w - 3) + n : min(e + h, n * 2); },
      [&](Expr e, int i) { return broadcast(e, i % 2 == 0 ? w : n) + 1; },
      [&](Expr e, int i) { return i % 3 == 0 ? floor_div(e, w) : max(e * n - 5, n); },
  };
  size_t ended = 0;
  for (const auto& grow : towers) {
    Expr tower = h + w * 3;
    for (int height = 0; height < 300; ++height) {
      const Expr higher = grow(tower, height);
      if (higher.is_unknown()) {
        EXPECT_GT(height, 15) << tower.text();
        ++ended;
        break;
      }
      tower = higher;
      expect_read_back(tower);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(ended, 2U);
  // What somebody else wrote is read as deep as it may be written.
  const auto nested = [](size_t depth) {
    return std::string(depth, '(') + "h" + std::string(depth, ')');
  };
  EXPECT_EQ(pool.parse(nested(100)), h);
  EXPECT_EQ(pool.parse(nested(101)).text(), nested(101));
}

TEST_F(ExprTest, NamesOfExportersAreRead) {
  EXPECT_EQ(pool.parse("2*h"), h * 2);
  EXPECT_EQ(pool.parse("(h + 15)//16"), ceil_div(h, 16));
  EXPECT_EQ(pool.parse("floor(h/2 - 1/2) + 1"), floor_div(h - 1, 2) + 1);
  EXPECT_EQ(pool.parse("ceiling(h/32)"), ceil_div(h, 32));
  EXPECT_EQ(pool.parse("Max(1, h)"), max(h, 1));
  EXPECT_EQ(pool.parse("h*w - h*w").as_number(), 0);
  EXPECT_EQ(pool.parse("my dim").text(), "my dim");
  EXPECT_TRUE(pool.parse("h/2").is_symbol());
  EXPECT_TRUE(pool.parse("f(h)").is_symbol());
  EXPECT_EQ((pool.parse("my dim") + 1).text(), "'my dim' + 1");
  EXPECT_EQ(pool.parse(std::string(2000, '(')).text(), std::string(2000, '('));
  EXPECT_TRUE(pool.parse("").is_unknown());
  for (const char* cut : {"?", "?'", "?'a", "?'a\\", "'a\\", "?'a'", "?'a'.", "1 + '"})
    EXPECT_EQ(pool.parse(cut).text(), cut);
}

TEST_F(ExprTest, AnonymousSymbolsAreTheSameForTheSamePlace) {
  const Expr a = pool.anonymous("boxes", 0);
  EXPECT_EQ(a, pool.anonymous("boxes", 0));
  EXPECT_NE(a, pool.anonymous("boxes", 1));
  EXPECT_TRUE((a * 4 + h).is_anonymous());
  EXPECT_EQ(a.lower_bound(), 0);
  EXPECT_EQ(pool.anonymous("boxes", 0, true).lower_bound(), std::nullopt);
  EXPECT_EQ(pool.parse((a * 4 + h).text()), a * 4 + h);
}

// Random expressions: what the canonical form says equals what integer arithmetic says, and the
// text reads back as the same expression.
TEST_F(ExprTest, AgreesWithArithmetic) {
  std::mt19937 random(7);
  const auto pick = [&](int count) {
    return static_cast<int>(random() % static_cast<unsigned>(count));
  };
  for (int trial = 0; trial < 20000; ++trial) {
    const int64_t values[3] = {1 + pick(40), 1 + pick(40), 1 + pick(40)};
    const Expr::Binding binding = [&](std::string_view name) -> std::optional<int64_t> {
      return name == "h" ? values[0] : name == "w" ? values[1] : values[2];
    };
    std::vector<std::pair<Expr, int64_t>> made{{h, values[0]}, {w, values[1]}, {n, values[2]}};
    for (int step = 0; step < 8; ++step) {
      const auto [a, x] = made[static_cast<size_t>(pick(static_cast<int>(made.size())))];
      auto [b, y] = made[static_cast<size_t>(pick(static_cast<int>(made.size())))];
      if (pick(2) == 0) b = y = pick(9) - 3;
      Expr result;
      int64_t expected = 0;
      const auto floored = [](int64_t p, int64_t q) {
        return p / q - (p % q != 0 && (p < 0) != (q < 0) ? 1 : 0);
      };
      switch (pick(8)) {
        case 0:
          result = a + b, expected = x + y;
          break;
        case 1:
          result = a - b, expected = x - y;
          break;
        case 2:
          result = a * b, expected = x * y;
          break;
        case 3:
          if (y <= 0) continue;
          result = floor_div(a, b), expected = floored(x, y);
          break;
        case 4:
          if (y <= 0) continue;
          result = ceil_div(a, b), expected = -floored(-x, y);
          break;
        case 5:
          if (y <= 0) continue;
          result = mod(a, b), expected = x - y * floored(x, y);
          break;
        case 6:
          result = min(a, b), expected = std::min(x, y);
          break;
        default:
          result = max(a, b), expected = std::max(x, y);
          break;
      }
      if (result.is_unknown()) continue;
      const auto value = result.evaluate(binding);
      if (!value) continue;  // a divisor that is 0 here
      ASSERT_EQ(*value, expected) << a.text() << " ∘ " << b.text() << " = " << result.text();
      if (const auto low = result.lower_bound()) {
        ASSERT_LE(*low, expected) << result.text();
      }
      if (const auto high = result.upper_bound()) {
        ASSERT_GE(*high, expected) << result.text();
      }
      if (result.lower_bound().value_or(0) >= 0) expect_read_back(result);
      if (HasFailure()) return;
      if (std::abs(expected) < 1'000'000) made.emplace_back(result, expected);
    }
  }
}

}  // namespace
}  // namespace acuate
