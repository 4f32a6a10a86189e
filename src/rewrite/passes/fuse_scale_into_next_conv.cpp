#include <cmath>

#include "rewrite/facts.h"
#include "rewrite/linear.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// As elementwise_map, for a node that keeps the shape of its data.
std::optional<std::string> map_in_front(const Node& node, const Linear& conv, ChannelMap& map,
                                        Value*& data) {
  if (auto reason = elementwise_map(node, conv.input_channels, conv.rank, 1, map, data))
    return reason;
  if (!same_shape(*data, *node.output())) return "its constant may change the shape";
  return std::nullopt;
}

// Mul → Add → Conv: the Add is given c / s, and another tensor's name with it.
void move_shift(Node& add, const ChannelMap& shift, size_t rank) {
  Shape shape(rank - 1, 1);  // [C, 1, …]
  shape[0] = static_cast<int64_t>(shift.shift.size());
  Tensor moved = Tensor::allocate(ElementType::Float, shape);
  for (size_t c = 0; c < shift.shift.size(); ++c)
    moved.mutable_values<float>()[c] = static_cast<float>(shift.shift[c]);
  Graph& graph = add.graph();
  const std::string name(add.output()->name);
  replace_constant(add, float_constant(add.input(1)) ? 1 : 0, moved, name + "_shift");
  graph.rename(*add.output(), graph.unused_name(name + "_unscaled"));
}

// Told from the scaling or shifting node.
std::optional<std::string> fuse(Node& node, const PassContext& context) {
  const bool adds = node.is_op("Add") || node.is_op("Sub");
  Node* reader = node.output() != nullptr ? sole_reader(*node.output()) : nullptr;
  // The scale moves behind an Add, s · x + c = s · (x + c / s).
  Node* add = !adds && reader != nullptr && reader->is_op("Add") ? reader : nullptr;
  Node* conv_node = add != nullptr ? sole_reader(*add->output()) : reader;
  if (conv_node == nullptr || !conv_node->is_op("Conv") ||
      conv_node->input(0) != (add != nullptr ? add : &node)->output())
    return "";
  Linear conv;
  if (auto reason = match_linear(conv_node, context, conv)) return reason;
  ChannelMap own(conv.input_channels);
  Value* data = nullptr;
  if (auto reason = map_in_front(node, conv, own, data)) return reason;
  if (adds && has_padding(*conv_node))
    return "the convolution pads with zeros, which the sum would not reach";
  std::optional<ChannelMap> shift;
  if (add != nullptr) {
    shift.emplace(conv.input_channels);
    Value* shifted = nullptr;
    if (auto reason = map_in_front(*add, conv, *shift, shifted)) return reason;
    if (shifted != node.output()) return "";
    for (size_t c = 0; c < shift->shift.size(); ++c) {
      shift->shift[c] /= own.scale[c];
      if (!std::isfinite(static_cast<float>(shift->shift[c])))
        return "its scale is too small to divide by";
    }
  }
  const auto both = merged_origins(*conv_node, node);
  if (auto reason = change_inputs(conv, own)) return reason;
  const auto reason = bypass(node, *data);
  ACUATE_CHECK(!reason, "a tensor that only one node reads can be bypassed");
  set_origins(*conv_node, both);
  if (shift) move_shift(*add, *shift, conv.rank);
  return std::nullopt;
}

}  // namespace

void register_rewrite_fuse_scale_into_next_conv(PassRegistry& registry) {
  registry.add({.id = "fuse_scale_into_next_conv",
                .doc = "Mul and Div by a constant (scalar or per channel) in front of a Conv go "
                       "into its weights, also past an Add; "
                       "an Add or Sub of a constant goes into its bias where the Conv does not "
                       "pad.",
                .exactness = Exactness::Rounding,
                .bound = "each weight, shift and bias is rounded once more: for each output |y' - "
                         "y| <= (K + 4) * 2^-23 * (sum |w * s| * (|x| + |c / s|) + |bias|), "
                         "K the number of products summed",
                .phase = Phase::Fuse,
                .after = {"fuse_scale_into_conv"},
                .operators = {"Add", "Sub", "Mul", "Div"},
                .rewrite = fuse});
}

}  // namespace acuate
