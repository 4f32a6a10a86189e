#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

constexpr int64_t kMaxGroups = 32;  // a depthwise convolution would become hundreds of nodes

// Rows `part` of `parts` of a constant, which keeps its bytes where they are.
Tensor rows(const Tensor& tensor, int64_t part, int64_t parts) {
  Shape shape = tensor.shape();
  shape[0] /= parts;
  const auto bytes = tensor.bytes();
  const size_t size = bytes.size() / static_cast<size_t>(parts);
  return Tensor::view(tensor.type(), std::move(shape),
                      bytes.subspan(size * static_cast<size_t>(part), size),
                      std::make_shared<Tensor>(tensor));
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  const int64_t groups = node.int_attribute("group", 1);
  if (groups < 2) return "it has one group";
  if (groups > kMaxGroups) return "it has more than 32 groups";
  Value* x = node.input(0);
  const auto weight = known_tensor(node.input(1));
  if (!weight || weight->shape().size() < 3) return "its weight is not constant";
  const auto bias = known_tensor(node.input(2));
  if (node.input(2) != nullptr && !bias) return "its bias is not constant";
  const Shape& shape = weight->shape();
  if (shape[0] % groups != 0 || weight->size() == 0 || (bias && bias->shape() != Shape{shape[0]}))
    return "its weight does not fit its groups";
  Expansion::Settings settings;
  if (const std::string pad = node.string_attribute("auto_pad", "NOTSET"); pad != "NOTSET")
    return "it pads by auto_pad";
  for (const char* name : {"kernel_shape", "strides", "dilations", "pads"})
    if (auto numbers = node.ints_attribute(name); !numbers.empty())
      settings.emplace_back(name, std::move(numbers));
  Expansion out(node, context);
  std::vector<Value*> parts;
  for (int64_t group = 0; group < groups; ++group) {
    std::vector<Value*> inputs = {out.slice(x, 1, group * shape[1], (group + 1) * shape[1]),
                                  out.constant(rows(*weight, group, groups))};
    if (bias) inputs.push_back(out.constant(rows(*bias, group, groups)));
    parts.push_back(out.add("Conv", inputs, settings));
  }
  return out.finish(out.add("Concat", parts, {{"axis", int64_t{1}}}));
}

}  // namespace

void register_rewrite_legalize_conv_group(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_conv_group",
                .doc = "Conv in 2 to 32 groups with constant weights becomes one Conv for each "
                       "group, on Slices of the channels, and a Concat.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (K + 2) * 2^-22 * sum |x * w| for float32, K the number of "
                         "products summed",
                .operators = {"Conv"},
                .uses = {"Slice", "Conv", "Concat"},
                .rewrite = rewrite});
}

}  // namespace acuate
