#include "evaluate/coco.h"

#include <gmock/gmock.h>

namespace acuate {
namespace {

using ::testing::HasSubstr;

std::string error_of(std::string_view text) {
  const auto objects = parse_coco(text, "labels.json");
  return objects ? "no error" : objects.error().message;
}

TEST(Coco, NumbersCategoriesByTheirIds) {
  const auto objects = parse_coco(R"({
    "categories": [{"id": 7}, {"id": 2}],
    "images": [{"id": 1, "file_name": "sub/a.png"}, {"id": 5, "file_name": "b.png"}],
    "annotations": [{"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4.5]},
                    {"image_id": 1, "category_id": 2, "bbox": [0, 0, 1, 1], "iscrowd": 1}]})",
                                  "labels.json");
  ASSERT_TRUE(objects) << objects.error().message;
  EXPECT_EQ(objects->categories, 2);
  const std::vector<TruthBox>& boxes = objects->images.at("a.png");
  ASSERT_EQ(boxes.size(), 2);
  EXPECT_EQ(boxes[0].category, 1);
  EXPECT_EQ(boxes[0].box, (Box{1, 2, 4, 6.5}));
  EXPECT_FALSE(boxes[0].is_crowd);
  EXPECT_TRUE(boxes[1].is_crowd);
  EXPECT_TRUE(objects->images.at("b.png").empty());
}

TEST(Coco, SaysWhichEntryIsWrong) {
  EXPECT_THAT(error_of("{"), HasSubstr("labels.json: not JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("expected a list `categories`"));
  EXPECT_THAT(error_of(R"({"categories": [{}], "images": [], "annotations": []})"),
              HasSubstr("category 0: expected an integer `id`"));
  const auto with = [](const std::string& images, const std::string& annotations) {
    return error_of(R"({"categories": [{"id": 1}], "images": [)" + images +
                    R"(], "annotations": [)" + annotations + "]}");
  };
  const std::string image = R"({"id": 1, "file_name": "a.png"})";
  EXPECT_THAT(with(R"({"id": 1})", ""), HasSubstr("image 0: expected a text `file_name`"));
  EXPECT_THAT(with(image + "," + image, ""), HasSubstr("'a.png' with id 1 is listed twice"));
  EXPECT_THAT(with(image, R"({"image_id": 2})"), HasSubstr("annotation 0: `image_id` is that of"));
  EXPECT_THAT(with(image, R"({"image_id": 1, "category_id": 3})"),
              HasSubstr("`category_id` is that of no category"));
  EXPECT_THAT(with(image, R"({"image_id": 1, "category_id": 1, "bbox": [1, 2]})"),
              HasSubstr("expected `bbox` as [left, top, width, height]"));
}

}  // namespace
}  // namespace acuate
