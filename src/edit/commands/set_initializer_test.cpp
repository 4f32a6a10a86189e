#include <gmock/gmock.h>

#include "edit/test_support.h"

namespace acuate {
namespace {
using testing::HasSubstr;

constexpr const char* kModel = R"(
  agraph (float[2, 2] x) => (float[2, 2] y) <float[2, 2] w = {1, 2, 3, 4}, int64[2] s = {2, 2}> {
    h = Mul (x, w)
    c = Constant <value = float[1] {5.0}> ()
    i = Add (h, c)
    y = Reshape (i, s)
  })";

Tensor initializer_after(std::string_view script, std::string_view name) {
  const auto model = text_model(kModel);
  const auto result = apply_script(*model, script, {});
  EXPECT_TRUE(result) << result.error().message;
  if (!result) return {};
  const Value* value = (*result)->graph().find(name);
  EXPECT_EQ(value->producer, nullptr);
  auto tensor = (*result)->load(*value->initializer);
  EXPECT_TRUE(tensor);
  // As written and read again.
  const auto bytes = std::make_shared<const std::string>(encode_model(**result).flatten());
  const auto again = import_model(as_bytes(*bytes), bytes, {});
  EXPECT_TRUE(again);
  const auto read = (*again)->load(*(*again)->graph().find(name)->initializer);
  EXPECT_TRUE(read && std::ranges::equal(read->bytes(), tensor->bytes()));
  return *tensor;
}

TEST(SetInitializer, KeepsTypeAndShapeOfAFlatList) {
  const Tensor w = initializer_after("set-initializer w [5, 6.5, -7, 8e-1]", "w");
  EXPECT_EQ(w.type(), ElementType::Float);
  EXPECT_EQ(w.shape(), (Shape{2, 2}));
  EXPECT_THAT(w.values<float>(), testing::ElementsAre(5.0F, 6.5F, -7.0F, 0.8F));
}

TEST(SetInitializer, NestedListsAndPrefixesChangeShapeAndType) {
  EXPECT_EQ(initializer_after("set-initializer w [[1, 2]]", "w").shape(), (Shape{1, 2}));
  EXPECT_EQ(initializer_after("set-initializer s [-1]", "s").shape(), (Shape{1}));
  EXPECT_EQ(initializer_after("set-initializer w 3", "w").shape(), Shape{});
  const Tensor w = initializer_after("set-initializer w int8:[1, 2, 3, -128]", "w");
  EXPECT_EQ(w.type(), ElementType::Int8);
  EXPECT_EQ(w.values<int8_t>()[3], -128);
}

TEST(SetInitializer, AConstantNodeBecomesAnInitializer) {
  const Tensor c = initializer_after("set-initializer c 7", "c");
  EXPECT_EQ(c.shape(), (Shape{1}));
  EXPECT_EQ(c.values<float>()[0], 7.0F);
}

TEST(SetInitializer, RefusesWhatDoesNotFit) {
  EXPECT_THAT(refusal(kModel, "set-initializer w int8:[1, 2, 3, 128]"),
              HasSubstr("found '128'; expected a whole number that int8 holds"));
  EXPECT_THAT(refusal(kModel, "set-initializer s [1.5, 2]"),
              HasSubstr("found '1.5'; expected a whole number that int64"));
  EXPECT_THAT(refusal(kModel, "set-initializer w [1e300]"),
              HasSubstr("expected a number that float32 holds"));
  EXPECT_THAT(refusal(kModel, "set-initializer w [a]"), HasSubstr("found 'a'"));
  EXPECT_THAT(refusal(kModel, "set-initializer x [1]"),
              HasSubstr("'x' is neither an initializer nor"));
  EXPECT_THAT(refusal(kModel, "set-initializer h [1]"),
              HasSubstr("'h' is neither an initializer nor"));
}

}  // namespace
}  // namespace acuate
