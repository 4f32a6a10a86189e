#include "edit/tensor_argument.h"

#include <cstring>
#include <fstream>
#include <random>

#include <gmock/gmock.h>

#include "edit/literal.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class TensorArgument : public testing::Test {
 protected:
  Result<TensorRef> parse(const std::string& word, const TensorRef* old = nullptr) {
    const auto script = parse_script("x " + word);
    EXPECT_TRUE(script && script->lines[0].arguments.size() == 1) << word;
    return parse_tensor_argument(edit, script->lines[0].arguments[0], old);
  }
  std::string refusal(const std::string& word) {
    const auto tensor = parse(word);
    return tensor ? std::string() : tensor.error().message;
  }
  void write(const std::string& name, std::string_view bytes) const {
    std::ofstream(context.folder / name, std::ios::binary) << bytes;
  }
  void SetUp() override {
    context.folder = fs::temp_directory_path() /
                     ("acuate_tensor_argument_" + std::to_string(std::random_device()()));
    fs::create_directories(context.folder);
  }
  void TearDown() override { fs::remove_all(context.folder); }

  ModelHistory history{std::make_unique<Model>(), ModelHistory::Undo::No};
  EditContext context;
  Edit edit{history, context};
};

TEST_F(TensorArgument, NumbersOfEveryType) {
  EXPECT_THAT(parse("[1, -2]")->resident->values<int64_t>(), ElementsAre(1, -2));
  EXPECT_THAT(parse("[1, 2.5]")->resident->values<float>(), ElementsAre(1.0F, 2.5F));
  EXPECT_THAT(parse("uint64:18446744073709551615")->resident->values<uint64_t>(),
              ElementsAre(~uint64_t{0}));
  EXPECT_THAT(parse("double:[1e300]")->resident->values<double>(), ElementsAre(1e300));
  EXPECT_THAT(parse("bool:[true, 0]")->resident->bytes(), ElementsAre(std::byte{1}, std::byte{0}));
  EXPECT_THAT(parse("int4:[1, -8, 7]")->resident->bytes(),
              ElementsAre(std::byte{0x81}, std::byte{0x07}));
  EXPECT_EQ(parse("[[1, 2], [3, 4]]")->shape, (Shape{2, 2}));
  EXPECT_EQ(parse("int8:[]")->shape, Shape{0});
}

// Bits by numpy: numpy.float16(x).view('uint16'), and float32 rounded to its upper half.
TEST_F(TensorArgument, SmallFloatsRoundOnceToEven) {
  const auto half =
      parse("float16:[1, -2, 65504, 1e-8, 6e-8, 0.1, 2049, 2051, inf, -0.0, 6.1e-5, 65519]");
  EXPECT_THAT(half->resident->values<int16_t>(),
              ElementsAre(0x3C00, static_cast<int16_t>(0xC000), 0x7BFF, 0, 1, 0x2E66, 0x6800,
                          0x6802, 0x7C00, static_cast<int16_t>(0x8000), 0x03FF, 0x7BFF));
  EXPECT_THAT(parse("bfloat16:[1, 3.140625, 1.00390625]")->resident->values<int16_t>(),
              ElementsAre(0x3F80, 0x4049, 0x3F80));
  EXPECT_THAT(refusal("float16:65520"), HasSubstr("expected a number that float16 holds"));
}

TEST_F(TensorArgument, TextsHaveAWireForm) {
  const auto tensor = parse(R"(["a b", "c"])");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->type, ElementType::String);
  EXPECT_EQ(tensor->shape, Shape{2});
  EXPECT_EQ(parse_tensor(tensor->wire, {})->type, ElementType::String);
}

TEST_F(TensorArgument, TypeAndShapeOfTheOldOneStay) {
  TensorRef old;
  old.type = ElementType::Uint8;
  old.shape = {2, 1};
  EXPECT_EQ(parse("[1, 2]", &old)->type, ElementType::Uint8);
  EXPECT_EQ(parse("[1, 2]", &old)->shape, (Shape{2, 1}));
  EXPECT_EQ(parse("[[1, 2]]", &old)->shape, (Shape{1, 2}));
}

TEST_F(TensorArgument, RawFilesStayMapped) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  write("w.bin", {reinterpret_cast<const char*>(values), sizeof values});
  const auto tensor = parse("raw:float32[2, 3]:w.bin");
  ASSERT_TRUE(tensor) << tensor.error().message;
  EXPECT_EQ(tensor->shape, (Shape{2, 3}));
  EXPECT_THAT(tensor->resident->values<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  write("a b.bin", "x");
  EXPECT_TRUE(parse("raw:int8[1]:\"a b.bin\""));
  // TensorProto: dims [2], float32, raw_data 0 and 1; a name, which goes.
  write("w.pb", std::string("\x08\x02\x10\x01\x42\x01w\x4a\x08\0\0\0\0\0\0\x80\x3f", 17));
  const auto proto = parse("w.pb");
  ASSERT_TRUE(proto) << proto.error().message;
  EXPECT_EQ(proto->shape, Shape{2});
  EXPECT_TRUE(parse("pb:w.pb"));
  EXPECT_FALSE(parse("pb:w.bin"));
  EXPECT_THAT(refusal("raw:float32[2, 4]:w.bin"), HasSubstr("has 24 bytes, but float32[2, 4]"));
  EXPECT_THAT(refusal("raw:float32[2, n]:w.bin"), HasSubstr("has no stated size"));
  EXPECT_THAT(refusal("raw:w.bin"), HasSubstr("expected type, shape and file"));
  EXPECT_THAT(refusal("raw:int8[1]:gone.bin"), HasSubstr("gone.bin"));
}

TEST_F(TensorArgument, ArraysAreReadByWhoeverCan) {
  EXPECT_THAT(refusal("w.npy"), HasSubstr("cannot be read from here"));
  fs::path asked;
  context.read_npy = [&](const fs::path& path) -> Result<Tensor> {
    asked = path;
    return Tensor::of<float>({1}, {7.0F});
  };
  write("w.npy", "");
  EXPECT_EQ(parse("w.npy")->resident->values<float>()[0], 7.0F);
  EXPECT_EQ(asked.filename(), "w.npy");
  EXPECT_TRUE(parse("npy:w.npy"));
}

TEST_F(TensorArgument, FilesStayInTheFolder) {
  context.read_npy = [](const fs::path&) -> Result<Tensor> {
    ADD_FAILURE();
    return Tensor();
  };
  EXPECT_THAT(refusal("/etc/w.npy"), HasSubstr("is an absolute path"));
  EXPECT_THAT(refusal("../w.npy"), HasSubstr("leaves the folder"));
  fs::create_symlink("/etc/passwd", context.folder / "link.npy");
  EXPECT_THAT(refusal("link.npy"), HasSubstr("leads by a link out of the folder"));
  EXPECT_THAT(refusal("raw:int8[1]:link.npy"), HasSubstr("leads by a link"));
  context.folder.clear();
  EXPECT_THAT(refusal("w.npy"), HasSubstr("files cannot be read from here"));
}

TEST_F(TensorArgument, RefusesWhatDoesNotFit) {
  EXPECT_THAT(refusal("int8:128"), HasSubstr("expected a whole number that int8 holds"));
  EXPECT_THAT(refusal("int4:8"), HasSubstr("expected a whole number that int4 holds"));
  EXPECT_THAT(refusal("uint8:1.5"), HasSubstr("found '1.5'"));
  EXPECT_THAT(refusal("float32:1e300"), HasSubstr("expected a number that float32 holds"));
  EXPECT_THAT(refusal("bool:2"), HasSubstr("expected true, false, 0 or 1"));
  EXPECT_THAT(refusal("float8e5m2:1"), HasSubstr("cannot be written as numbers"));
  EXPECT_THAT(refusal("complex64:1"), HasSubstr("cannot be written as numbers"));
  EXPECT_THAT(refusal("[[1], 2]"), HasSubstr("single item beside a list"));
  EXPECT_THAT(refusal("word"), HasSubstr("expected numbers, texts in quotes"));
}

TEST(SplitList, KeepsInnerListsAndTexts) {
  const auto words = [](const char* text) {
    std::vector<std::string> out;
    const auto items = split_list({text, false, 0});
    for (const Token& token : *items) out.push_back(token.text);
    return out;
  };
  EXPECT_THAT(words(R"([int64:[1, 2], "a, \" b", map(int64, float32[1])])"),
              ElementsAre("int64:[1, 2]", R"("a, \" b")", "map(int64, float32[1])"));
  EXPECT_THAT(words("[]"), ElementsAre());
  EXPECT_FALSE(split_list({"[1,,2]", false, 0}));
  EXPECT_FALSE(split_list({"1", false, 0}));
}

}  // namespace
}  // namespace acuate
