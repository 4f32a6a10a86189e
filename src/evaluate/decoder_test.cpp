#include "evaluate/decoder.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const Decoder kDecoder{
    "some_text",
    "",
    "text_boxes",
    {{"threshold", "", 0.3, 0, 1}, {"size", "", 3, 0, 9}, {"strides", "", 0, 1, 99, {8, 16}}},
    nullptr};

TEST(DecoderOptions, FillsInWhatIsMissing) {
  EXPECT_THAT(
      complete_options(kDecoder, {{"size", 5}})->all(),
      UnorderedElementsAre(Pair("threshold", ElementsAre(0.3)), Pair("size", ElementsAre(5)),
                           Pair("strides", ElementsAre(8, 16))));
  DecoderOptions given;
  given.set("strides", {4});
  EXPECT_THAT(complete_options(kDecoder, given)->list("strides"), ElementsAre(4));
}

TEST(DecoderOptions, RefusesMistakes) {
  EXPECT_THAT(
      complete_options(kDecoder, {{"treshold", 1}}).error().message,
      HasSubstr("decoder 'some-text' has no parameter 'treshold', did you mean 'threshold'?"));
  EXPECT_THAT(complete_options(kDecoder, {{"size", 10}}).error().message,
              HasSubstr("size is 10, expected 0 to 9"));
  DecoderOptions given;
  given.set("size", {1, 2});
  EXPECT_THAT(complete_options(kDecoder, given).error().message,
              HasSubstr("size has 2 values, expected a number"));
  given = {};
  given.set("strides", {});
  EXPECT_THAT(complete_options(kDecoder, given).error().message, HasSubstr("at least one"));
}

TEST(Decoders, AreAllRegistered) {
  DecoderRegistry registry;
  register_all_decoders(registry);
  for (const char* id : {"classifier", "ctc", "db-text", "gfl", "ssd", "yolo", "yolox"})
    EXPECT_NE(registry.lookup(id), nullptr) << id;
  for (const Decoder& decoder : registry.all()) {
    EXPECT_TRUE(complete_options(decoder, {})) << decoder.id;
    EXPECT_FALSE(decoder.summary.empty());
    EXPECT_TRUE(decoder.decode);
  }
}

}  // namespace
}  // namespace acuate
