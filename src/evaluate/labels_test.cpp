#include "evaluate/labels.h"

#include <fstream>

#include <gmock/gmock.h>

#include "data/npy.h"

namespace acuate {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two images, cat/x_3.bmp and dog/y_5.bmp, 4 x 2 pixels, in a list.
class LabelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "acuate_labels_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    std::ofstream list(folder_ / "list.txt");
    for (const char* image : {"cat/x_3.bmp", "dog/y_5.bmp"}) {
      fs::create_directory((folder_ / image).parent_path());
      write_bmp(folder_ / image);
      list << image << "\n";
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  static void write_bmp(const fs::path& path) {
    std::string bytes(14 + 40 + 2 * 12, '\0');
    const auto put = [&](size_t at, uint32_t value) {
      for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
    };
    bytes[0] = 'B', bytes[1] = 'M';
    put(2, static_cast<uint32_t>(bytes.size()));
    put(10, 54), put(14, 40), put(18, 4), put(22, 2), put(26, 1 | 24 << 16);
    std::ofstream(path, std::ios::binary) << bytes;
  }
  fs::path write(const char* name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  Result<Labels> open(const LabelSource& source) {
    auto dataset = Dataset::open(folder_ / "list.txt");
    return Labels::open(source, *dataset);
  }
  std::vector<int64_t> classes(const LabelSource& source) {
    const auto labels = open(source);
    if (!labels) return {-1};
    return {*labels->truth(0, {}, {})->category, *labels->truth(1, {}, {})->category};
  }
  std::string error_of(const LabelSource& source) {
    const auto labels = open(source);
    return labels ? "no error" : labels.error().message;
  }

  fs::path folder_;
};

TEST_F(LabelsTest, ReadsRows) {
  const auto csv = [&](const std::string& text) {
    return label_file(write("labels.csv", text)).value();
  };
  EXPECT_THAT(classes(csv("file,label\ny_5.bmp, 2\ncat/x_3.bmp,1\n\nother.png,9\n")),
              ElementsAre(1, 2));
  EXPECT_THAT(error_of(csv("x_3.bmp,1\n")), HasSubstr("sample 'y_5.bmp' has no label"));
  EXPECT_THAT(error_of(csv("x_3.bmp,cat\n")), HasSubstr("labels.csv:1: label 'cat' is no class"));
  EXPECT_THAT(error_of(csv("x_3.bmp\n")), HasSubstr("expected `file,label`, found 'x_3.bmp'"));
  EXPECT_THAT(error_of(csv("x_3.bmp,1\nx_3.bmp,2\n")), HasSubstr(":2: 'x_3.bmp' has a label"));
  EXPECT_THAT(label_file("labels.txt").error().message, HasSubstr("expected a .csv"));
}

TEST_F(LabelsTest, ReadsAnArray) {
  const auto source = label_file(folder_ / "labels.npy").value();
  ASSERT_TRUE(write_npy(source.path, Tensor::of<int64_t>({2}, {4, 0})));
  EXPECT_THAT(classes(source), ElementsAre(4, 0));
  ASSERT_TRUE(write_npy(source.path, Tensor::of<int64_t>({3}, {4, 0, 1})));
  EXPECT_THAT(error_of(source), HasSubstr("3 labels for 2 samples"));
  ASSERT_TRUE(write_npy(source.path, Tensor::of<float>({2}, {4, 0})));
  EXPECT_THAT(error_of(source), HasSubstr("expected int64 or int32"));
  ASSERT_TRUE(write_npy(source.path, Tensor::of<int64_t>({2}, {4, -1})));
  EXPECT_THAT(error_of(source), HasSubstr("label 1 is -1"));
}

TEST_F(LabelsTest, ReadsFoldersAndNames) {
  using Kind = LabelSource::Kind;
  EXPECT_THAT(classes({Kind::Folder}), ElementsAre(0, 1));
  EXPECT_THAT(classes({Kind::Folder, {}, {}, {"dog", "ant", "cat"}}), ElementsAre(2, 0));
  EXPECT_THAT(error_of({Kind::Folder, {}, {}, {"dog"}}), HasSubstr("folder 'cat' of"));
  EXPECT_THAT(classes({Kind::FileName, {}, "_(\\d+)"}), ElementsAre(3, 5));
  EXPECT_THAT(error_of({Kind::FileName, {}, "(\\d"}), HasSubstr("pattern '(\\d'"));
  EXPECT_THAT(error_of({Kind::FileName, {}, "\\d"}), HasSubstr("has 0 groups, expected one"));
  EXPECT_THAT(error_of({Kind::FileName, {}, "(\\d\\d)"}), HasSubstr("does not match"));
  EXPECT_THAT(error_of({Kind::FileName, {}, "([xy])"}), HasSubstr("label 'x' is no class number"));
}

// Letterboxed into 8 x 8, the 4 x 2 image doubles and stands 2 pixels from the top.
TEST_F(LabelsTest, PutsObjectsWhereTheImageGoes) {
  const auto source = label_file(write("labels.json", R"({"categories": [{"id": 1}],
    "images": [{"id": 1, "file_name": "x_3.bmp"}, {"id": 2, "file_name": "y_5.bmp"}],
    "annotations": [{"image_id": 2, "category_id": 1, "bbox": [1, 0, 2, 1]}]})"));
  const auto labels = open(*source);
  ASSERT_TRUE(labels) << labels.error().message;
  Preprocess preprocess;
  preprocess.resize = Preprocess::Resize::Letterbox;
  EXPECT_TRUE(labels->truth(0, preprocess, {8, 8})->boxes.empty());
  const auto truth = labels->truth(1, preprocess, {8, 8});
  ASSERT_EQ(truth->boxes.size(), 1);
  EXPECT_EQ(truth->boxes[0].box, (Box{2, 2, 6, 4}));
  EXPECT_EQ(truth->frame, (Box{0, 2, 8, 6}));
  EXPECT_THAT(error_of(*label_file(write("labels.json", R"({"categories": [], "images": [],
                                                           "annotations": []})"))),
              HasSubstr("`images` does not list sample 'x_3.bmp'"));
}

}  // namespace
}  // namespace acuate
