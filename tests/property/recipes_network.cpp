// Convolutions, pools, normalisations, matrix products, and the patterns that exporters make of
// activations.
#include <algorithm>
#include <cmath>

#include "property/recipes.h"

namespace acuate::property {
namespace {

Tensor weights(Builder& b, const Shape& shape, double scale = 0.5) {
  Tensor tensor = b.random_tensor(ElementType::Float, shape);
  for (float& x : tensor.mutable_values<float>())
    x = std::isfinite(x) ? static_cast<float>(x * scale) : 0.5F;
  return tensor;
}

Tensor positive(Builder& b, const Shape& shape) {
  Tensor tensor = Tensor::allocate(ElementType::Float, shape);
  for (float& x : tensor.mutable_values<float>()) x = static_cast<float>(0.5 + b.random().real());
  return tensor;
}

const Item* image(Builder& b) {
  return b.pick([](const Item& item) {
    return item.type() == ElementType::Float && (item.rank() == 4 || item.rank() == 3) &&
           item.value.size() > 0;
  });
}

const Item* convolve(Builder& b, const Item* x, bool transposed) {
  const int64_t channels = x->shape()[1], spatial = x->rank() - 2;
  const int64_t group = channels % 2 == 0 && b.random().chance(0.2) ? 2
                        : b.random().chance(0.15)                   ? channels
                                                                    : 1;
  const int64_t out = group * b.random().between(1, 3);
  const int64_t kernel = b.random().of<int64_t>({1, 1, 2, 3});
  Shape shape = transposed ? Shape{channels, out / group} : Shape{out, channels / group};
  shape.insert(shape.end(), static_cast<size_t>(spatial), kernel);
  Attributes attributes;
  if (group != 1 || b.random().chance(0.3)) attributes.push_back(MakeAttribute("group", group));
  if (b.random().chance(0.3))
    attributes.push_back(
        MakeAttribute("kernel_shape", std::vector<int64_t>(static_cast<size_t>(spatial), kernel)));
  if (b.random().chance(0.3))
    attributes.push_back(
        MakeAttribute("strides", std::vector<int64_t>(static_cast<size_t>(spatial), 2)));
  if (b.random().chance(0.15))
    attributes.push_back(
        MakeAttribute("dilations", std::vector<int64_t>(static_cast<size_t>(spatial), 2)));
  if (b.random().chance(0.5)) {
    std::vector<int64_t> pads(static_cast<size_t>(2 * spatial), 1);
    if (b.random().chance(0.3)) pads[0] = 0;
    attributes.push_back(MakeAttribute("pads", pads));
  } else if (b.random().chance(0.3)) {
    attributes.push_back(
        MakeAttribute("auto_pad", std::string(b.random().chance(0.5) ? "SAME_UPPER" : "VALID")));
  }
  Items inputs{x, b.constant(weights(b, shape))};
  if (b.random().chance(0.5)) inputs.push_back(b.constant(weights(b, {out})));
  return b.node(transposed ? "ConvTranspose" : "Conv", inputs, attributes);
}

const Item* batch_norm(Builder& b, const Item* x) {
  const Shape shape{x->shape()[1]};
  Attributes attributes;
  if (b.random().chance(0.5)) attributes.push_back(MakeAttribute("epsilon", 1e-3F));
  return b.node("BatchNormalization",
                {x, b.constant(positive(b, shape)), b.constant(weights(b, shape)),
                 b.constant(weights(b, shape)), b.constant(positive(b, shape))},
                attributes);
}

const Item* per_channel(Builder& b, const Item* x, const char* op) {
  Shape shape(static_cast<size_t>(x->rank()), 1);
  if (b.random().chance(0.7)) shape[1] = x->shape()[1];
  if (b.random().chance(0.6)) shape.erase(shape.begin());
  return b.node(op, {x, b.constant(op[0] == 'D' ? positive(b, shape) : weights(b, shape, 1))});
}

// Conv, and what may be folded into it: all of one user, or not.
void conv_chain(Builder& b) {
  const Item* x = image(b);
  if (x == nullptr) return;
  if (b.random().chance(0.2)) {
    std::vector<int64_t> pads(static_cast<size_t>(2 * x->rank()), 0);
    for (size_t i = 2; i < static_cast<size_t>(x->rank()); ++i)
      pads[i] = pads[i + static_cast<size_t>(x->rank())] = b.random().between(0, 2);
    const Item* padded = b.opset() < 11 ? b.node("Pad", {x}, {MakeAttribute("pads", pads)})
                                        : b.node("Pad", {x, b.ints(pads)});
    if (padded != nullptr) x = padded;
  }
  if (b.random().chance(0.2))
    if (const Item* scaled = per_channel(b, x, "Mul")) x = scaled;
  const Item* y = convolve(b, x, b.random().chance(0.2));
  for (int64_t i = b.random().between(0, 3); i > 0 && y != nullptr; --i)
    switch (b.random().between(0, 5)) {
      case 0:
      case 1:
        y = batch_norm(b, y);
        break;
      case 2:
        y = per_channel(b, y, "Mul");
        break;
      case 3:
        y = per_channel(b, y, "Add");
        break;
      case 4:
        y = per_channel(b, y, b.random().chance(0.5) ? "Sub" : "Div");
        break;
      default:
        y = b.node("Relu", {y});
    }
}

void pool(Builder& b) {
  const Item* x = image(b);
  if (x == nullptr) return;
  const auto spatial = static_cast<size_t>(x->rank() - 2);
  if (b.random().chance(0.3)) {
    b.node(b.random().chance(0.5) ? "GlobalAveragePool" : "GlobalMaxPool", {x});
    return;
  }
  // A window beyond the input is no pooling, though the engine takes it.
  const int64_t smallest = *std::min_element(x->shape().begin() + 2, x->shape().end());
  const bool average = b.random().chance(0.5);
  Attributes attributes{MakeAttribute(
      "kernel_shape",
      std::vector<int64_t>(spatial, b.random().between(1, std::min<int64_t>(2, smallest))))};
  if (b.random().chance(0.5))
    attributes.push_back(MakeAttribute("strides", std::vector<int64_t>(spatial, 2)));
  if (b.opset() >= 10 && b.random().chance(0.3))
    attributes.push_back(MakeAttribute("ceil_mode", int64_t{1}));
  if (average && b.random().chance(0.3))
    attributes.push_back(MakeAttribute("count_include_pad", int64_t{1}));
  b.node(average ? "AveragePool" : "MaxPool", {x}, attributes);
}

void normalise(Builder& b) {
  const Item* x = b.pick_float(2);
  if (x == nullptr || x->value.size() == 0) return;
  switch (b.random().between(0, 3)) {
    case 0:
      batch_norm(b, x);
      break;
    case 1:
      b.node("InstanceNormalization",
             {x, b.constant(positive(b, {x->shape()[1]})), b.constant(weights(b, {x->shape()[1]}))},
             {MakeAttribute("epsilon", 0.1F)});
      break;
    case 2:
      if (b.opset() >= 17)
        b.node("LayerNormalization",
               {x, b.constant(positive(b, {x->shape().back()})),
                b.constant(weights(b, {x->shape().back()}))},
               {MakeAttribute("epsilon", 0.1F)});
      break;
    default:
      b.node(b.random().chance(0.8) ? "Softmax" : "LogSoftmax", {x},
             {MakeAttribute("axis", b.random().between(0, x->rank() - 1))});
  }
}

void matmul(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr || x->value.size() == 0) return;
  const Shape shape{x->shape().back(), b.random().between(1, 4)};
  Item const* w = b.constant(weights(b, shape));
  const Item* y = b.node("MatMul", {x, w});
  if (y != nullptr && b.random().chance(0.6)) {
    const Item* bias = b.constant(weights(b, b.random().chance(0.7) ? Shape{shape[1]} : Shape{}));
    y = b.random().chance(0.5) ? b.node("Add", {y, bias}) : b.node("Add", {bias, y});
  }
  if (y != nullptr && b.random().chance(0.3))
    b.node("Mul", {y, b.constant(weights(b, {shape[1]}))});
}

void gemm(Builder& b) {
  const Item* x = b.pick_float(2, 2);
  if (x == nullptr || x->value.size() == 0) return;
  const int64_t out = b.random().between(1, 4);
  const bool transposed = b.random().chance(0.5), transposed_x = b.random().chance(0.2);
  const int64_t rows = x->shape()[transposed_x ? 1 : 0], inner = x->shape()[transposed_x ? 0 : 1];
  Attributes attributes;
  if (transposed) attributes.push_back(MakeAttribute("transB", int64_t{1}));
  if (transposed_x) attributes.push_back(MakeAttribute("transA", int64_t{1}));
  if (b.random().chance(0.3)) attributes.push_back(MakeAttribute("alpha", 0.5F));
  if (b.random().chance(0.3)) attributes.push_back(MakeAttribute("beta", 2.0F));
  Items inputs{x, b.constant(weights(b, transposed ? Shape{out, inner} : Shape{inner, out}))};
  if (b.opset() < 11 || b.random().chance(0.6))
    inputs.push_back(b.constant(
        weights(b, b.random().of<Shape>({{out}, {1, out}, {rows, out}, {}, {rows, 1}}))));
  const Item* y = b.node("Gemm", inputs, attributes);
  if (y != nullptr && b.random().chance(0.4))
    b.node(b.random().chance(0.5) ? "Add" : "Mul", {y, b.constant(weights(b, {out}))});
  if (y != nullptr && b.random().chance(0.3)) batch_norm(b, y);
}

const Item* number(Builder& b, float value) { return b.constant(Tensor::of<float>({}, {value})); }

void activation_pattern(Builder& b) {
  const Item* x = b.pick_float(1);
  if (x == nullptr) return;
  const Item* y = nullptr;
  switch (b.random().between(0, 4)) {
    case 0:  // SiLU
      if ((y = b.node("Sigmoid", {x}))) b.node("Mul", {x, y});
      break;
    case 1:  // HardSwish
      if ((y = b.node("Add", {x, number(b, 3)})))
        if ((y = b.opset() < 11
                     ? b.node("Clip", {y}, {MakeAttribute("min", 0.F), MakeAttribute("max", 6.F)})
                     : b.node("Clip", {y, number(b, 0), number(b, 6)})))
          if ((y = b.random().chance(0.5) ? b.node("Mul", {x, y}) : b.node("Mul", {y, x})))
            b.node("Div", {y, number(b, b.random().chance(0.9) ? 6.F : 5.F)});
      break;
    case 2:  // HardSwish of HardSigmoid
      if ((y = b.node("HardSigmoid", {x},
                      {MakeAttribute("alpha", 1.F / 6), MakeAttribute("beta", 0.5F)})))
        b.node("Mul", {x, y});
      break;
    case 3:  // GELU
      if ((y = b.node("Div", {x, number(b, 1.41421356F)})))
        if ((y = b.node("Erf", {y})))
          if ((y = b.node("Add", {y, number(b, 1)})))
            if ((y = b.node("Mul", {x, y}))) b.node("Mul", {y, number(b, 0.5F)});
      break;
    default: {  // LayerNorm
      const auto mean = [&](const Item* of) {
        return b.opset() >= 18
                   ? b.node("ReduceMean", {of, b.ints({-1})})
                   : b.node("ReduceMean", {of}, {MakeAttribute("axes", std::vector<int64_t>{-1})});
      };
      const Item* average = mean(x);
      const Item* centred = average ? b.node("Sub", {x, average}) : nullptr;
      const Item* square = centred ? b.node("Pow", {centred, number(b, 2)}) : nullptr;
      const Item* variance = square ? mean(square) : nullptr;
      const Item* raised = variance ? b.node("Add", {variance, number(b, 0.1F)}) : nullptr;
      const Item* deviation = raised ? b.node("Sqrt", {raised}) : nullptr;
      y = deviation ? b.node("Div", {centred, deviation}) : nullptr;
      if (y != nullptr) y = b.node("Mul", {y, b.constant(positive(b, {x->shape().back()}))});
      if (y != nullptr) b.node("Add", {y, b.constant(weights(b, {x->shape().back()}))});
    }
  }
}

void attention(Builder& b) {
  const Item* x = b.pick_float(3, 3);
  if (x == nullptr || x->value.size() == 0) return;
  const Shape shape{x->shape()[2], 4};
  const Item* q = b.node("MatMul", {x, b.constant(weights(b, shape))});
  const Item* k = b.node("MatMul", {x, b.constant(weights(b, shape))});
  const Item* v = b.node("MatMul", {x, b.constant(weights(b, shape))});
  if (q == nullptr || k == nullptr || v == nullptr) return;
  const Item* kt = b.node("Transpose", {k}, {MakeAttribute("perm", std::vector<int64_t>{0, 2, 1})});
  const Item* scores = kt ? b.node("MatMul", {q, kt}) : nullptr;
  const Item* scaled = scores ? b.node("Mul", {scores, number(b, 0.5F)}) : nullptr;
  const Item* soft =
      scaled ? b.node("Softmax", {scaled}, {MakeAttribute("axis", int64_t{2})}) : nullptr;
  if (soft != nullptr) b.node("MatMul", {soft, v});
}

void quantized(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr || b.opset() < 10) return;
  const Item* scale = b.constant(Tensor::of<float>({}, {0.25F}));
  const Item* zero = b.constant(b.random().chance(0.5) ? Tensor::of<uint8_t>({}, {128})
                                                       : Tensor::of<int8_t>({}, {0}));
  const Item* q = b.node("QuantizeLinear", {x, scale, zero});
  if (q != nullptr) b.node("DequantizeLinear", {q, scale, zero});
}

void dropout(Builder& b) {
  const Item* x = b.pick_float();
  if (x == nullptr) return;
  b.nodes("Dropout", {x}, {}, b.random().chance(0.8) ? 1 : 2);
}

}  // namespace

std::vector<Recipe> network_recipes() {
  return {{"conv_chain", 12, conv_chain},
          {"pool", 4, pool},
          {"normalise", 5, normalise},
          {"matmul", 7, matmul},
          {"gemm", 5, gemm},
          {"activation_pattern", 7, activation_pattern},
          {"attention", 2, attention},
          {"quantized", 2, quantized},
          {"dropout", 2, dropout}};
}

}  // namespace acuate::property
