#include "edit/type_text.h"

#include <gmock/gmock.h>

#include "onnx_io/export.h"

namespace acuate {
namespace {
using testing::HasSubstr;

TEST(TypeText, ReadsWhatMessagesShow) {
  Model model;
  for (const char* text : {"float32[1, 3, h, ?]", "int64[]", "float16[*]", "string[n]"}) {
    const auto type = parse_type_text(model, text);
    ASSERT_TRUE(type) << type.error().message;
    EXPECT_EQ(type->text(), text);
  }
  EXPECT_EQ(parse_type_text(model, "double[ 2,3 ]")->text(), "float64[2, 3]");
  EXPECT_EQ(parse_type_text(model, "float32[0, max(h, 4*w), h + 1]")->text(),
            "float32[0, max(h, 4*w), h + 1]");
  EXPECT_FALSE(parse_type_text(model, "float32")->shape);
}

TEST(TypeText, NestedTypesKeepTheirWireForm) {
  Model model;
  const auto type = parse_type_text(model, "optional(sequence(float32[2, n]))");
  ASSERT_TRUE(type) << type.error().message;
  EXPECT_EQ(type->kind, ValueType::Kind::Optional);
  EXPECT_FALSE(type->wire.empty());
  EXPECT_EQ(parse_type_text(model, "seq(int64[])")->kind, ValueType::Kind::Sequence);
  EXPECT_EQ(parse_type_text(model, "map(int64, float32[*])")->kind, ValueType::Kind::Map);
  const auto sparse = parse_type_text(model, "sparse(float32[3, 4])");
  EXPECT_EQ(sparse->text(), "sparse float32[3, 4]");
  for (const char* text : {"optional(sequence(float32[2, n]))", "map(int64, float32[*])",
                           "sparse(float32[3, 4])", "sequence(string[])", "float32[1, ?]"})
    EXPECT_EQ(type_word(*parse_type_text(model, text)), text);
}

TEST(TypeText, RefusesWhatIsNoType) {
  Model model;
  const auto message = [&](std::string_view text) {
    const auto type = parse_type_text(model, text);
    return type ? std::string() : type.error().message;
  };
  EXPECT_THAT(message("flaot32[1]"), HasSubstr("did you mean 'float32'?"));
  EXPECT_THAT(message("float32[1"), HasSubstr("expected a type like"));
  EXPECT_THAT(message("float32[-1]"), HasSubstr("found the dimension -1"));
  EXPECT_THAT(message("float32[1]x"), HasSubstr("expected a type like"));
  EXPECT_THAT(message("list(float32[1])"), HasSubstr("expected sequence, optional, map or sparse"));
  EXPECT_THAT(message("sequence(float32[1]) x"), HasSubstr("nothing behind it"));
  EXPECT_THAT(message("map(int64)"), HasSubstr("there is no element type ''"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "seq(";
  EXPECT_THAT(message(deep), HasSubstr("expected seq(…)"));
  for (int i = 0; i < 100'000; ++i) deep += ")";
  EXPECT_THAT(message(deep), HasSubstr("nested more than 16 deep"));
}

}  // namespace
}  // namespace acuate
