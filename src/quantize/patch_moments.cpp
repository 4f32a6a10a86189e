#include "quantize/patch_moments.h"

#include <algorithm>
#include <cmath>

#include "rewrite/expansion.h"

namespace acuate {
namespace {

// Elements of the patches of one sample, beyond which strides grow.
constexpr double kMostElements = 8e6;

bool is_transposed(const Node& layer) {
  return layer.is_op("Gemm") && layer.int_attribute("transB", 0) != 0;
}

bool is_pointwise(const Shape& weights) {
  return std::all_of(weights.begin() + 2, weights.end(), [](int64_t size) { return size == 1; });
}

size_t kernel_of(const Shape& weights) {
  size_t kernel = 1;
  for (size_t axis = 2; axis < weights.size(); ++axis) kernel *= static_cast<size_t>(weights[axis]);
  return kernel;
}

// The patches as channels: a convolution with one kernel for each place of each channel, 1 there
// and 0 elsewhere.
Value* write_patches(GraphWriter& writer, Value* data, const Node& layer,
                     const PatchMoments& moments) {
  const Shape& weights = layer.input(1)->initializer->shape;
  const size_t kernel = kernel_of(weights), channels = static_cast<size_t>(weights[1]);
  const size_t results = moments.groups * moments.n;
  Shape shape = weights;
  shape[0] = static_cast<int64_t>(results);
  Tensor places = Tensor::allocate(ElementType::Float, shape);
  const auto values = places.mutable_values<float>();
  std::fill(values.begin(), values.end(), 0.0F);
  for (size_t i = 0; i < results; ++i) values[i * channels * kernel + i % moments.n] = 1;
  Value* patches = writer.add("Conv", {data, writer.constant(places)});
  for (const Attribute& attribute : layer.attributes())
    if (attribute.name != "group") patches->producer->set_attribute(attribute.wire);
  patches->producer->set_attribute(encode_attribute("group", static_cast<int64_t>(moments.groups)));
  // Every few of them are enough of a large map.
  const auto size = known_shape(layer.output());
  if (size && layer.string_attribute("auto_pad", "NOTSET") == "NOTSET") {
    double elements = static_cast<double>(results);
    for (size_t axis = 2; axis < size->size(); ++axis)
      elements *= static_cast<double>((*size)[axis]);
    const auto stride =
        static_cast<int64_t>(std::ceil(std::sqrt(std::max(1.0, elements / kMostElements))));
    std::vector<int64_t> strides = layer.ints_attribute("strides");
    strides.resize(size->size() - 2, 1);
    for (int64_t& step : strides) step *= stride;
    patches->producer->set_attribute(
        encode_attribute("strides", std::span<const int64_t>(strides)));
  }
  return patches;
}

}  // namespace

std::optional<PatchMoments> patch_moments_of(const Node& layer, size_t largest) {
  const Value* weights = layer.input(1);
  if (weights == nullptr || !weights->is_constant()) return std::nullopt;
  const Shape& shape = weights->initializer->shape;
  PatchMoments moments;
  if (layer.is_op("Conv") && shape.size() > 2) {
    moments.groups = static_cast<size_t>(layer.int_attribute("group", 1));
    if (moments.groups > 1 && shape[1] != 1) return std::nullopt;
    moments.n = static_cast<size_t>(shape[1]) * kernel_of(shape);
  } else if ((layer.is_op("Gemm") || layer.is_op("MatMul")) && shape.size() == 2) {
    moments.n = static_cast<size_t>(shape[is_transposed(layer) ? 1 : 0]);
  } else {
    return std::nullopt;
  }
  if (moments.n == 0 || moments.n > largest) return std::nullopt;
  return moments;
}

Value* write_patch_moments(GraphWriter& writer, Value* data, const Node& layer,
                           const PatchMoments& moments) {
  const auto groups = static_cast<int64_t>(moments.groups), n = static_cast<int64_t>(moments.n);
  if (!layer.is_op("Conv")) {
    Value* rows = writer.reshape(data, {1, -1, n});
    return writer.add("MatMul", {writer.transpose(rows, {0, 2, 1}), rows});
  }
  const Shape& weights = layer.input(1)->initializer->shape;
  Value* patches = is_pointwise(weights) && moments.groups == 1
                       ? data
                       : write_patches(writer, data, layer, moments);
  std::vector<int64_t> samples_last{1, 0};
  for (size_t axis = 2; axis < weights.size(); ++axis)
    samples_last.push_back(static_cast<int64_t>(axis));
  Value* columns = writer.reshape(writer.transpose(patches, samples_last), {groups, n, -1});
  return writer.add("MatMul", {columns, writer.transpose(columns, {0, 2, 1})});
}

}  // namespace acuate
