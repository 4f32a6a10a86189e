#include "evaluate/decoder.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const Decoder kDecoder{
    "some_text", "", "text_boxes", {{"threshold", "", 0.3, 0, 1}, {"size", "", 3, 0, 9}}, nullptr};

TEST(DecoderOptions, FillsInWhatIsMissing) {
  EXPECT_THAT(*complete_options(kDecoder, {{"size", 5}}),
              UnorderedElementsAre(Pair("threshold", 0.3), Pair("size", 5)));
}

TEST(DecoderOptions, RefusesMistakes) {
  EXPECT_THAT(
      complete_options(kDecoder, {{"treshold", 1}}).error().message,
      HasSubstr("decoder 'some-text' has no parameter 'treshold', did you mean 'threshold'?"));
  EXPECT_THAT(complete_options(kDecoder, {{"size", 10}}).error().message,
              HasSubstr("size is 10, expected 0 to 9"));
}

TEST(Decoders, AreAllRegistered) {
  DecoderRegistry registry;
  register_all_decoders(registry);
  ASSERT_NE(registry.lookup("db-text"), nullptr);
  for (const Decoder& decoder : registry.all()) {
    EXPECT_TRUE(complete_options(decoder, {})) << decoder.id;
    EXPECT_FALSE(decoder.summary.empty());
    EXPECT_TRUE(decoder.decode);
  }
}

}  // namespace
}  // namespace acuate
