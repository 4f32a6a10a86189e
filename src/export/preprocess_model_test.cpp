#include "export/preprocess_model.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/image.h"
#include "onnx_io/export.h"
#include "targets/target.h"

namespace acuate {
namespace {

using Resize = Preprocess::Resize;
using Order = Preprocess::ChannelOrder;

Image noise(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  std::mt19937 random(7);
  for (int i = 0; i < width * height * 3; ++i)
    image.pixels.push_back(static_cast<uint8_t>(random() % 256));
  return image;
}

// The largest difference of the network from preprocess_image(), in pixel steps.
double difference(const Preprocess& preprocess, const Image& image, const Shape& shape) {
  auto model = preprocess_model(preprocess, shape, "x");
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  if (!model) return 1e9;
  const std::string bytes = *model_bytes(**model);
  auto engine = targets().lookup("onnxruntime")->load(ModelSource::memory(as_bytes(bytes)));
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message);
  if (!engine) return 1e9;
  Tensor input = Tensor::allocate(ElementType::Uint8, {image.height, image.width, 3});
  std::copy(image.pixels.begin(), image.pixels.end(), input.mutable_values<uint8_t>().begin());
  auto outputs = (*engine)->run(std::vector<Tensor>{input});
  EXPECT_TRUE(outputs) << (outputs ? "" : outputs.error().message);
  if (!outputs) return 1e9;
  const Tensor expected = *preprocess_image(preprocess, image, shape);
  const Tensor& found = outputs->at(0);
  EXPECT_EQ(found.shape(), expected.shape());
  EXPECT_EQ(found.type(), expected.type());
  double most = 0;
  if (expected.type() == ElementType::Uint8) {
    for (size_t i = 0; i < expected.values<uint8_t>().size(); ++i)
      most = std::max(most, std::abs(double(expected.values<uint8_t>()[i]) -
                                     double(found.values<uint8_t>()[i])));
    return most;
  }
  for (size_t i = 0; i < expected.values<float>().size(); ++i)
    most = std::max(most, std::abs(double(expected.values<float>()[i]) - found.values<float>()[i]));
  const double step =
      preprocess.scale / *std::max_element(preprocess.std.begin(), preprocess.std.end());
  return most / step;
}

TEST(PreprocessModel, ComputesWhatPreprocessImageDoes) {
  Preprocess preprocess;
  preprocess.scale = 1.0 / 255;
  preprocess.mean = {0.485, 0.456, 0.406};
  preprocess.std = {0.25, 0.25, 0.25};
  preprocess.pad_value = 114;
  for (const Resize resize : {Resize::Stretch, Resize::Letterbox, Resize::LetterboxTopLeft})
    for (const Order order : {Order::Rgb, Order::Bgr, Order::Gray})
      for (const bool antialias : {false, true})
        for (const auto& [width, height] :
             {std::pair(37, 53), std::pair(64, 20), std::pair(9, 8)}) {
          preprocess.resize = resize;
          preprocess.channel_order = order;
          preprocess.antialias = antialias;
          const int64_t channels = order == Order::Gray ? 1 : 3;
          EXPECT_LE(difference(preprocess, noise(width, height), {1, channels, 24, 32}), 1.01)
              << int(resize) << int(order) << antialias << width;
        }
}

TEST(PreprocessModel, MakesBytesAndChannelsLast) {
  Preprocess preprocess;
  preprocess.type = ElementType::Uint8;
  preprocess.layout = Preprocess::Layout::Nhwc;
  EXPECT_LE(difference(preprocess, noise(40, 30), {1, 24, 32, 3}), 1);
  // The size is its own: nothing is resized, nothing rounds.
  EXPECT_EQ(difference(preprocess, noise(32, 24), {1, 24, 32, 3}), 0);
}

TEST(PreprocessModel, RefusesInputsThatAreNoImages) {
  EXPECT_FALSE(preprocess_model({}, {1, 5, 8, 8}, "x"));
  EXPECT_FALSE(preprocess_model({}, {1, 3, -1, 8}, "x"));
}

TEST(PreprocessModel, LeavesItsNameToANetworkThatHasIt) {
  const auto model = preprocess_model({}, {1, 3, 8, 8}, "image");
  ASSERT_TRUE(model);
  EXPECT_EQ((*model)->graph().inputs()[0]->name, "image_file");
  EXPECT_EQ((*model)->graph().outputs()[0]->name, "image");
}

}  // namespace
}  // namespace acuate
