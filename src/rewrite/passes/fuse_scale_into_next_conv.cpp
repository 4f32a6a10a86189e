#include <cmath>

#include "rewrite/conv.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// One value for each input channel of a Conv, from the constant operand of `node`; `data` becomes
// the other operand.
struct ChannelConstant {
  std::vector<double> values;
  Value* data = nullptr;
};

// The Conv that alone reads `value`, as its data; null where there is none.
Node* sole_conv(const Value* value, const Graph& graph) {
  if (value == nullptr || value->uses().size() != 1 || value->is_output()) return nullptr;
  const Use& use = value->uses()[0];
  return use.node->is_op("Conv") && &use.node->graph() == &graph && use.slot == 0 ? use.node
                                                                                  : nullptr;
}

std::optional<ChannelConstant> constant_operand(const Node& node, int64_t channels, size_t rank) {
  for (const size_t side : {1, 0}) {
    if (side == 0 && node.is_op("Div")) break;
    const auto constant = float_constant(node.input(side));
    if (!constant) continue;
    auto values = per_channel(*constant, channels, rank);
    Value* data = node.input(1 - side);
    const bool keeps_shape = data != nullptr && data->type.is_static() &&
                             node.output()->type.is_static() &&
                             data->type.shape == node.output()->type.shape;
    if (values && keeps_shape) return ChannelConstant{std::move(*values), data};
  }
  return std::nullopt;
}

bool has_padding(const Node& conv) {
  const std::string mode = conv.string_attribute("auto_pad", "NOTSET");
  if (mode != "NOTSET" && mode != "VALID") return true;
  for (const int64_t pad : conv.ints_attribute("pads"))
    if (pad != 0) return mode == "NOTSET";
  return false;
}

// Calls visit(output channel, input channel, flat index) for each weight of a Conv.
template <class Visit>
void for_each_weight(const Tensor& weight, int64_t group, const Visit& visit) {
  const Shape& shape = weight.shape();
  const size_t inner = static_cast<size_t>(weight.size() / (shape[0] * shape[1]));
  size_t i = 0;
  for (int64_t m = 0; m < shape[0]; ++m)
    for (int64_t c = 0; c < shape[1]; ++c)
      for (size_t k = 0; k < inner; ++k, ++i)
        visit(static_cast<size_t>(m), static_cast<size_t>(m / (shape[0] / group) * shape[1] + c),
              i);
}

// w · (s · x) = (w · s) · x; scaling keeps the zeros of padding, so that it is right at the border
// too.
void scale_inputs(Node& conv, const Tensor& weight, const std::vector<double>& scale) {
  Tensor scaled = Tensor::allocate(ElementType::Float, weight.shape());
  for_each_weight(weight, conv.int_attribute("group", 1), [&](size_t, size_t channel, size_t i) {
    scaled.mutable_values<float>()[i] =
        static_cast<float>(weight.values<float>()[i] * scale[channel]);
  });
  replace_constant(conv, 1, scaled);
}

// w · (x + c) = w · x + Σ w · c, where no padding puts zeros beside the shifted values.
void shift_inputs(Node& conv, const Tensor& weight, const std::vector<double>& shift) {
  std::vector<double> sums(static_cast<size_t>(weight.shape()[0]), 0.0);
  for_each_weight(weight, conv.int_attribute("group", 1), [&](size_t m, size_t channel, size_t i) {
    sums[m] += weight.values<float>()[i] * shift[channel];
  });
  const auto old_bias = float_constant(conv.input(2));
  Tensor bias = Tensor::allocate(ElementType::Float, {weight.shape()[0]});
  for (size_t m = 0; m < sums.size(); ++m)
    bias.mutable_values<float>()[m] =
        static_cast<float>((old_bias ? old_bias->values<float>()[m] : 0.0) + sums[m]);
  replace_constant(conv, 2, bias, std::string(conv.output()->name) + "_bias");
}

// Told from the scaling or shifting node.
std::optional<std::string> fuse(Node& node) {
  const bool add = node.is_op("Add"), div = node.is_op("Div");
  Value* output = node.output();
  if (output == nullptr || output->uses().size() != 1 || output->is_output()) return "";
  // Mul → Add → Conv: the scale moves behind the Add, s · x + c = s · (x + c / s).
  Node* shift_node = !add && output->uses()[0].node->is_op("Add") &&
                             &output->uses()[0].node->graph() == &node.graph()
                         ? output->uses()[0].node
                         : nullptr;
  Node* conv = sole_conv(shift_node ? shift_node->output() : output, node.graph());
  if (conv == nullptr) return "";
  const auto weight = float_constant(conv->input(1));
  if (!weight || weight->shape().size() < 3)
    return "the convolution's weights are not a float32 constant";
  if (conv->input(2) != nullptr && !float_constant(conv->input(2)))
    return "the convolution's bias is not a float32 constant";
  const int64_t channels = weight->shape()[1] * conv->int_attribute("group", 1);
  auto own = constant_operand(node, channels, weight->shape().size());
  if (!own) return "";
  if (add && has_padding(*conv))
    return "the convolution pads with zeros, which the sum would not reach";
  for (double& value : own->values) {
    if (div) value = 1.0 / value;
    if (!std::isfinite(value)) return "its constant is zero or not finite";
  }
  std::optional<ChannelConstant> shift;
  if (shift_node != nullptr) {
    shift = constant_operand(*shift_node, channels, weight->shape().size());
    if (!shift || shift->data != output) return "";
    for (size_t c = 0; c < shift->values.size(); ++c) {
      shift->values[c] /= own->values[c];
      if (!std::isfinite(shift->values[c])) return "its scale is too small to divide by";
    }
  }
  Graph& graph = node.graph();
  const auto both = merged_origins(*conv, node);
  if (auto reason = bypass(node, *own->data)) return reason;
  set_origins(*conv, both);
  if (add) {
    shift_inputs(*conv, *weight, own->values);
    return std::nullopt;
  }
  scale_inputs(*conv, *weight, own->values);
  if (shift) {
    Shape shape(weight->shape().size() - 1, 1);  // [C, 1, …]
    shape[0] = channels;
    Tensor moved = Tensor::allocate(ElementType::Float, shape);
    for (size_t c = 0; c < shift->values.size(); ++c)
      moved.mutable_values<float>()[c] = static_cast<float>(shift->values[c]);
    const size_t slot = float_constant(shift_node->input(1)) ? 1 : 0;
    const std::string name(shift_node->output()->name);
    replace_constant(*shift_node, slot, moved, name + "_shift");
    // Another tensor than before, so under another name.
    graph.rename(*shift_node->output(), graph.unused_name(name + "_unscaled"));
  }
  return std::nullopt;
}

Result<PassOutcome> run(Model& model, const PassContext&) {
  return for_each_node(model, [](Node& node) -> std::optional<std::string> {
    return node.is_op("Mul") || node.is_op("Div") || node.is_op("Add") ? fuse(node) : "";
  });
}

}  // namespace

void register_rewrite_fuse_scale_into_next_conv(PassRegistry& registry) {
  registry.add({.id = "fuse_scale_into_next_conv",
                .doc = "Mul and Div by a constant (scalar or per channel) in front of a Conv go "
                       "into its weights, also past an Add; "
                       "an Add of a constant goes into its bias where the Conv does not pad.",
                .exactness = Exactness::Rounding,
                .bound = "each weight, shift and bias is rounded once more: for each output |y' - "
                         "y| <= (K + 4) * 2^-23 * (sum |w * s| * (|x| + |c / s|) + |bias|), "
                         "K the number of products summed",
                .phase = Phase::Fuse,
                .after = {"fuse_scale_into_conv"},
                .run = run});
}

}  // namespace acuate
