#include "quantize/apply_changes.h"
#include "quantize/quantize.h"
#include "quantize/test_support.h"

namespace acuate {
namespace {

// Channel 1 is a thousandth of channel 0 where the depthwise convolution reads it, so that there is
// something to equalize; a gate and biases take part.
constexpr const char* kNet = R"(net (float[1,2,8,8] x) => (float[1,2,8,8] y) <
    float[2,2,1,1] w = {1.0, 0.0, 0.0, 0.001}, float[2] b = {0.1, 0.0003},
    float[2,1,1,1] d = {1.0, 1000.0}> {
    c = Conv(x, w, b)  g = HardSwish(c)  y = Conv <group = 2> (g, d) })";

const SampleLoader& noise() {
  static const SampleLoader load = noise_samples({1, 2, 8, 8});
  return load;
}

std::unique_ptr<Model> named_model() {
  auto model = typed_model(kNet);
  for (Node* node = model->graph().first(); node != nullptr; node = node->next())
    node->set_name("node_" + std::string(node->output()->name));
  return model;
}

Quantized recovered(const Model& model) {
  QuantizeOptions options;
  options.recover =
      std::vector<std::string>{"equalize-channels", "round-weights", "correct-biases"};
  auto quantized = quantize_model(model, runtime(), 4, noise(), options);
  EXPECT_TRUE(quantized) << (quantized ? "" : quantized.error().message);
  return std::move(*quantized);
}

struct Applied {
  Encodings encodings;
  GraphChanges changes;
};

Applied of(const Quantized& quantized) { return {quantized.encodings, quantized.changes}; }

Result<Quantized> apply(const Applied& file, size_t samples = 0) {
  return apply_encodings(*named_model(), runtime(), file.encodings, file.changes, samples, noise());
}

std::string error_of(const Applied& file) {
  const auto applied = apply(file);
  return applied ? "applied" : applied.error().message;
}

TEST(ApplyEncodings, GivesTheSameModelToTheBit) {
  const Quantized first = recovered(*named_model());
  ASSERT_EQ(first.changes.channel_scales.size(), 1U);
  ASSERT_EQ(first.changes.biases.size(), 2U);
  ASSERT_FALSE(first.changes.rounding.empty());
  const std::string text = write_encodings(first.encodings, first.changes);
  const auto read = parse_encodings(text, "e.json");
  const auto changes = parse_graph_changes(text, "e.json");
  ASSERT_TRUE(read && changes) << read.error().message;
  EXPECT_EQ(*read, first.encodings);
  EXPECT_EQ(*changes, first.changes);
  const auto again = apply({*read, *changes});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*model_bytes(*again->model), *model_bytes(*first.model));
  EXPECT_EQ(again->anchors, first.anchors);
  // The changes are needed for that.
  Applied bare = {*read, *changes};
  bare.changes.biases.clear();
  const auto other = apply(bare);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_NE(*model_bytes(*other->model), *model_bytes(*first.model));
}

TEST(ApplyEncodings, RoundingIsStepsFromTheNearest) {
  const Tensor original = Tensor::of<float>({4}, {0.1F, -0.6F, 2, -2.4F});
  const Tensor rounded = Tensor::of<float>({4}, {0.5F, -0.5F, 0.5F, -2.5F});
  Quantization grid = schemes().lookup("s8")->from_range(-1, 1);
  grid.scale = {0.5F};
  const auto change = rounding_of("w", original, rounded, grid);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->steps, "a.C.");
  grid.scale = {0.01F};
  EXPECT_FALSE(rounding_of("w", original, rounded, grid));  // too far
}

TEST(ApplyEncodings, MeasuresAnEditedGrid) {
  Applied file = of(recovered(*named_model()));
  Encodings& encodings = file.encodings;
  const auto same = apply(file, 4);
  ASSERT_TRUE(same) << same.error().message;
  // Noise is measured behind the corrected biases now; the grids are the same.
  for (size_t i = 0; i < encodings.tensors.size(); ++i)
    EXPECT_EQ(same->encodings.tensors.at(i).quantization, encodings.tensors[i].quantization);
  EXPECT_EQ(*same->encodings.find("x"), *encodings.find("x"));  // before any bias
  for (TensorEncoding& encoding : encodings.tensors)
    if (encoding.tensor == "x") encoding.quantization.scale[0] /= 4;
  const auto edited = apply(file, 4);
  ASSERT_TRUE(edited) << edited.error().message;
  EXPECT_GT(*edited->encodings.find("x")->clipped_fraction, 0.5);
  EXPECT_LT(*edited->encodings.find("x")->sqnr_db, 5);
  EXPECT_EQ(*apply(file)->encodings.find("x")->sqnr_db, *encodings.find("x")->sqnr_db);
}

TEST(ApplyEncodings, AnOperatorWithoutAGridStaysInFloat) {
  Applied file = of(recovered(*named_model()));
  Encodings& encodings = file.encodings;
  const auto is_y = [](const TensorEncoding& encoding) { return encoding.tensor == "y"; };
  encodings.tensors.erase(std::find_if(encodings.tensors.begin(), encodings.tensors.end(), is_y));
  const auto applied = apply(file);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(applied->anchors, std::vector<std::string>{"node_c"});
  ASSERT_EQ(applied->kept_float.size(), 1U);
  EXPECT_EQ(applied->kept_float[0].first, "node_y");
  EXPECT_NE(applied->kept_float[0].second.find("'y'"), std::string::npos);
  EXPECT_EQ(applied->model->graph().find("d_quantized"), nullptr);  // nobody reads it
  encodings.tensors.clear();
  file.changes.rounding.clear();
  EXPECT_NE(error_of(file).find("nothing is quantized"), std::string::npos);
}

TEST(ApplyEncodings, WhatDoesNotFitIsNamed) {
  const Applied good = of(recovered(*named_model()));
  const auto weight = [](Applied& file) -> TensorEncoding& {
    return *std::find_if(file.encodings.tensors.begin(), file.encodings.tensors.end(),
                         [](const TensorEncoding& encoding) { return encoding.tensor == "d"; });
  };
  Applied bad = good;
  bad.encodings.tensors[0].tensor = "ghost";
  EXPECT_EQ(error_of(bad), "tensor 'ghost': the simplified float model has no such tensor");
  bad = good;
  bad.changes.rounding.clear();
  weight(bad).quantization.per_channel_axis = 7;
  EXPECT_EQ(error_of(bad), "tensor 'd': per_channel_axis is 7, but its shape is 2x1x1x1");
  bad = good;
  bad.changes.rounding.clear();
  weight(bad).quantization.per_channel_axis = 1;
  EXPECT_EQ(error_of(bad), "tensor 'd': 2 scales, but axis 1 of its shape 2x1x1x1 has 1");
  bad = good;
  bad.encodings.tensors[0].quantization.per_channel_axis = 0;
  EXPECT_NE(error_of(bad).find("takes one scale"), std::string::npos) << error_of(bad);
  bad = good;
  bad.changes.channel_scales[0].scale.push_back(1);
  EXPECT_NE(error_of(bad).find("3 factors, but it has 2 channels"), std::string::npos);
  bad = good;
  bad.changes.channel_scales[0].tensor = "x";
  EXPECT_NE(error_of(bad).find("cannot be scaled"), std::string::npos);
  bad = good;
  bad.changes.rounding[0].steps += ".";
  EXPECT_NE(error_of(bad).find("elements"), std::string::npos) << error_of(bad);
  bad = good;
  bad.changes.biases[0].node = "nowhere";
  EXPECT_EQ(error_of(bad), "biases of 'nowhere': the simplified float model has no such node");
  bad = good;
  bad.changes.biases[0].bias.pop_back();
  EXPECT_NE(error_of(bad).find("1 values, but it has 2 channels"), std::string::npos);
  bad = good;
  bad.changes.biases[0].node = bad.changes.biases[0].node == "node_c" ? "g" : "node_c";
  EXPECT_NE(error_of(bad), "applied");
}

TEST(ApplyEncodings, AModelThatIsQuantizedIsRefused) {
  const Quantized first = recovered(*named_model());
  const auto applied = apply_encodings(*first.model, runtime(), first.encodings, {}, 0, noise());
  ASSERT_FALSE(applied);
  EXPECT_NE(applied.error().message.find("quantized already"), std::string::npos);
}

}  // namespace
}  // namespace acuate
