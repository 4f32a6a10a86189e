#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

// Lists of one number for each spatial axis, and what the new axis gets in them.
constexpr std::pair<const char*, int64_t> kLists[] = {
    {"kernel_shape", 1}, {"strides", 1}, {"dilations", 1}, {"output_padding", 0}};

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  if (auto reason = not_floating(node)) return reason;
  Value* x = node.input(0);
  if (rank_of(x) != 3) return "it has another number of spatial axes than one";
  const bool is_pool = node.is_op("MaxPool") || node.is_op("AveragePool");
  if (is_pool && node.outputs().size() > 1) return "its indices are read";
  if (!node.ints_attribute("output_shape").empty()) return "it has an output_shape";
  std::optional<Shape> weight;
  if (!is_pool) {
    weight = known_shape(node.input(1));
    if (!weight || weight->size() != 3) return "the shape of its weight is not known";
    weight->insert(weight->begin() + 2, 1);
  }
  for (const Dim& dim : *x->type.shape)
    if (dim.value == 0) return "it is empty";
  Expansion::Settings settings;
  for (const Attribute& attribute : node.attributes()) {
    if (const auto number = attribute.as_int()) settings.emplace_back(attribute.name, *number);
    if (const auto text = attribute.as_string()) settings.emplace_back(attribute.name, *text);
  }
  for (const auto& [name, number] : kLists)
    if (auto numbers = node.ints_attribute(name); !numbers.empty()) {
      numbers.insert(numbers.begin(), number);
      settings.emplace_back(name, std::move(numbers));
    }
  if (const auto pads = node.ints_attribute("pads"); pads.size() == 2)
    settings.emplace_back("pads", std::vector<int64_t>{0, pads[0], 0, pads[1]});
  Expansion out(node, context);
  std::vector<Value*> inputs{out.reshape(x, {0, 0, 1, -1})};
  if (!is_pool) {
    Value* w = node.input(1);
    inputs.push_back(known_tensor(w) ? out.reshaped_constant(*w, *weight)
                                     : out.reshape(w, *weight));
    if (node.input(2) != nullptr) inputs.push_back(node.input(2));
  }
  Value* y = out.add(node.op_type(), inputs, settings);
  return out.finish(out.reshape(y, {0, 0, -1}));
}

}  // namespace

void register_rewrite_legalize_conv_1d(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_conv_1d",
                .doc =
                    "Conv, ConvTranspose, MaxPool and AveragePool of one spatial axis become those "
                    "of two with height 1, between two Reshapes.",
                .exactness = Exactness::Rounding,
                .bound = "|y' - y| <= (K + 2) * 2^-22 * sum |x * w| for float32, K the number of "
                         "products summed; pools: (K + 2) * 2^-23 * max |x| for averages, none for "
                         "maxima",
                .operators = {"Conv", "ConvTranspose", "MaxPool", "AveragePool"},
                .uses = {"Reshape", "Conv", "ConvTranspose", "MaxPool", "AveragePool"},
                .rewrite = rewrite});
}

}  // namespace acuate
