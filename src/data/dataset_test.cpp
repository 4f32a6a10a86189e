#include "data/dataset.h"

#include <gmock/gmock.h>

#include "data/npy.h"
#include "data/test_files.h"

namespace acuate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const InputSpec kImageInput{"x", ElementType::Float, {1, 3, 3, 4}};

std::string open_error(const std::filesystem::path& path) {
  const auto data = Dataset::open(path);
  return data ? "no error" : data.error().message;
}

TEST(Dataset, ReadsAFolderSorted) {
  const TestFolder folder;
  folder.write("b.jpg", from_hex(kGreyJpeg));
  folder.write("a.png", from_hex(kRgbPng));
  folder.write("notes.txt", "no image");
  const auto data = Dataset::open(folder.path());
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->size(), 2u);
  EXPECT_TRUE(data->is_images());
  EXPECT_EQ(data->sample_name(0), "a.png");
  EXPECT_THAT(*data->image_sizes(), ElementsAre(ImageSize{4, 3}, ImageSize{16, 8}));
  EXPECT_NE(*data->sample_hash(0), *data->sample_hash(1));
  const auto tensors = data->load(0, std::span(&kImageInput, 1), *read_preprocess("raw"));
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->at(0).values<float>()[0], kRgbPixels[0]);
}

TEST(Dataset, ReadsAListRelativeToItself) {
  const TestFolder folder;
  folder.write("images/a.png", from_hex(kRgbPng));
  const auto data = Dataset::open(folder.write("list.txt", "# pages\n\nimages/a.png\r\n"));
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->size(), 1u);
  EXPECT_TRUE(data->load(0, std::span(&kImageInput, 1), *read_preprocess("raw")));
}

TEST(Dataset, SaysWhatIsMissing) {
  const TestFolder folder;
  EXPECT_THAT(open_error(folder.path() / "none"), HasSubstr("there is no such data"));
  EXPECT_THAT(open_error(folder.path()), HasSubstr("no images in this folder (0 other entries)"));
  EXPECT_THAT(open_error(folder.write("list.txt", "# nothing\n")),
              HasSubstr("the list names no images"));
  EXPECT_THAT(open_error(folder.write("list.txt", "\na.png\n")),
              HasSubstr("list.txt:2: there is no file"));
  EXPECT_THAT(open_error(folder.write("list.bin", std::string("a\0b", 3))),
              HasSubstr("neither a list"));
  EXPECT_THAT(open_error(folder.write("a.png", from_hex(kRgbPng))), HasSubstr("one image"));
}

TEST(Dataset, NamesACorruptImage) {
  const TestFolder folder;
  folder.write("a.png", from_hex(kRgbPng).substr(0, 70));
  const auto data = Dataset::open(folder.path());
  ASSERT_TRUE(data);
  const auto tensors = data->load(0, std::span(&kImageInput, 1), *read_preprocess("raw"));
  ASSERT_FALSE(tensors);
  EXPECT_THAT(tensors.error().message, HasSubstr("a.png: this PNG file is damaged or cut off"));
}

TEST(Dataset, RefusesInputsThatImagesCannotFill) {
  const TestFolder folder;
  folder.write("a.png", from_hex(kRgbPng));
  const auto data = Dataset::open(folder.path());
  const std::vector<InputSpec> two = {kImageInput, kImageInput};
  EXPECT_THAT(data->load(0, two, *read_preprocess("raw")).error().message,
              HasSubstr("the model has 2"));
  InputSpec bytes = kImageInput;
  bytes.type = ElementType::Uint8;
  EXPECT_THAT(data->load(0, std::span(&bytes, 1), *read_preprocess("raw")).error().message,
              HasSubstr("input 'x' is uint8, pre-processing 'raw' makes float32"));
}

TEST(Dataset, SlicesAnArrayOfAnyNameForOneInput) {
  const TestFolder folder;
  ASSERT_TRUE(write_npy(folder.path() / "d.npy", Tensor::of<float>({3, 2}, {1, 2, 3, 4, 5, 6})));
  const auto data = Dataset::open(folder.path() / "d.npy");
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->size(), 3u);
  EXPECT_FALSE(data->is_images());
  EXPECT_EQ(data->sample_name(2), "d.npy[2]");
  EXPECT_NE(*data->sample_hash(0), *data->sample_hash(1));
  const InputSpec batched{"x", ElementType::Float, {-1, 2}};
  auto tensors = data->load(1, std::span(&batched, 1), {});
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_THAT(tensors->at(0).shape(), ElementsAre(1, 2));
  EXPECT_THAT(tensors->at(0).values<float>(), ElementsAre(3, 4));
  const InputSpec plain{"x", ElementType::Float, {2}};
  EXPECT_THAT(data->load(1, std::span(&plain, 1), {})->at(0).shape(), ElementsAre(2));
}

TEST(Dataset, TakesArraysByInputName) {
  const TestFolder folder;
  const auto data = Dataset::open(folder.write("d.npz", from_hex(kCompressedNpz)));
  ASSERT_TRUE(data) << data.error().message;
  const std::vector<InputSpec> inputs = {{"y", ElementType::Int64, {1}},
                                         {"x", ElementType::Float, {1, 4}}};
  const auto tensors = data->load(2, inputs, {});
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_THAT(tensors->at(0).values<int64_t>(), ElementsAre(3));
  EXPECT_THAT(tensors->at(1).values<float>(), ElementsAre(8, 9, 10, 11));
}

TEST(Dataset, SaysHowAnArrayDiffers) {
  const TestFolder folder;
  const auto data = Dataset::open(folder.write("d.npz", from_hex(kCompressedNpz)));
  const auto error = [&](InputSpec input) {
    const std::vector<InputSpec> inputs = {std::move(input), {"y", ElementType::Int64, {1}}};
    return data->load(0, inputs, {}).error().message;
  };
  EXPECT_THAT(error({"z", ElementType::Float, {1, 4}}),
              HasSubstr("no array is named after input 'z'; found 'x', 'y'"));
  EXPECT_THAT(error({"x", ElementType::Int64, {1, 4}}),
              HasSubstr("array 'x' is float32, input 'x' needs int64"));
  EXPECT_THAT(error({"x", ElementType::Float, {1, 5}}),
              HasSubstr("gives samples of 1x4, input 'x' needs 1x5"));
  ASSERT_TRUE(write_npy(folder.path() / "s.npy", Tensor::of<float>({}, {1})));
  EXPECT_THAT(open_error(folder.path() / "s.npy"),
              HasSubstr("expected samples along the first axis"));
}

}  // namespace
}  // namespace acuate
