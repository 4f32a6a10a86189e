#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "data/preprocess.h"
#include "data/strict_yaml.h"
#include "data/test_files.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(std::string_view text) {
  auto yaml = StrictYaml::parse(text, "p.yaml");
  if (!yaml) return yaml.error().message;
  const auto preprocess = parse_preprocess(*yaml);
  return preprocess ? "no error" : preprocess.error().message;
}

TEST(PreprocessFile, ReadsEveryKey) {
  const TestFolder folder;
  folder.write("p.yaml",
               "resize: letterbox\nantialias: true\npad_value: 7\nlayout: nhwc\nchannel_order: "
               "bgr\nscale: 0.5\n"
               "mean: [1, 2, 3]\nstd: 4\ntype: uint8\n");
  const auto p = read_preprocess("p.yaml", folder.path());
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->name, "p.yaml");
  EXPECT_FALSE(p->assumed);
  EXPECT_EQ(p->resize, Preprocess::Resize::Letterbox);
  EXPECT_TRUE(p->antialias);
  EXPECT_EQ(p->pad_value, 7);
  EXPECT_EQ(p->layout, Preprocess::Layout::Nhwc);
  EXPECT_EQ(p->channel_order, Preprocess::ChannelOrder::Bgr);
  EXPECT_EQ(p->scale, 0.5);
  EXPECT_THAT(p->mean, ElementsAre(1, 2, 3));
  EXPECT_THAT(p->std, ElementsAre(4, 4, 4));
  EXPECT_EQ(p->type, ElementType::Uint8);
}

TEST(PreprocessFile, StartsFromAPreset) {
  const TestFolder folder;
  folder.write("p.yaml", "preset: ppocr-det\npad_value: 255\n");
  const auto p = read_preprocess("p.yaml", folder.path());
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->channel_order, Preprocess::ChannelOrder::Bgr);
  EXPECT_EQ(p->pad_value, 255);
}

TEST(PreprocessFile, RefusesMistakes) {
  EXPECT_EQ(error_of("resize: stretch\n"), "no error");
  EXPECT_THAT(error_of("resize: stretch\nscael: 2\n"),
              HasSubstr("p.yaml:2: unknown key 'scael', did you mean 'scale'?"));
  EXPECT_THAT(error_of("resize: squeeze\n"),
              HasSubstr("'squeeze' is not one of stretch, letterbox, letterbox_top_left"));
  EXPECT_THAT(error_of("mean: [1, 2]\n"),
              HasSubstr("expected 3 numbers, one per channel, found 2"));
  EXPECT_THAT(error_of("mean: x\n"), HasSubstr("expected a list of numbers"));
  EXPECT_THAT(error_of("layout: nchw\nstd: 0\n"),
              HasSubstr("p.yaml:2: std: expected numbers above 0"));
  EXPECT_THAT(error_of("pad_value: 256\n"), HasSubstr("0 to 255"));
  EXPECT_THAT(error_of("preset: imagnet\n"), HasSubstr("there is no preset 'imagnet'"));
  EXPECT_THAT(read_preprocess("imagnet").error().message, HasSubstr("did you mean 'imagenet'?"));
}

TEST(PreprocessFile, PresetsAreSortedAndNamedAsTheirId) {
  std::string last;
  for (const PreprocessPreset& preset : preprocess_presets()) {
    EXPECT_LT(last, preset.id);
    EXPECT_EQ(preset.id, preset.preprocess.name);
    last = preset.id;
  }
  EXPECT_TRUE(assumed_preprocess().assumed);
  EXPECT_EQ(assumed_preprocess().name, "unit");
}

TEST(PreprocessFile, SurvivesJson) {
  for (const PreprocessPreset& preset : preprocess_presets()) {
    const nlohmann::json json = preprocess_to_json(preset.preprocess);
    const auto back = preprocess_from_json(nlohmann::json::parse(json.dump()));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(preprocess_to_json(*back), json);
    EXPECT_EQ(back->scale, preset.preprocess.scale);
  }
  EXPECT_TRUE(preprocess_from_json(preprocess_to_json(assumed_preprocess()))->assumed);
}

TEST(PreprocessFile, RefusesOtherJson) {
  nlohmann::json json = preprocess_to_json(assumed_preprocess());
  json["more"] = 1;
  EXPECT_THAT(preprocess_from_json(json).error().message, HasSubstr("unknown key 'more'"));
  json.erase("more");
  json.erase("mean");
  EXPECT_THAT(preprocess_from_json(json).error().message, HasSubstr("'mean' is missing"));
  EXPECT_FALSE(preprocess_from_json(nlohmann::json::array()));
}

}  // namespace
}  // namespace acuate
