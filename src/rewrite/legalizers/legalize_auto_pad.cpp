#include <algorithm>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  const std::string kind = node.string_attribute("auto_pad", "NOTSET");
  if (kind == "NOTSET") return "it has no auto_pad";
  Value* x = node.input(0);
  const auto rank = rank_of(x);
  if (!rank || *rank < 3) return "the rank of its input is not known";
  const auto spatial = static_cast<size_t>(*rank - 2);
  auto kernel = node.ints_attribute("kernel_shape");
  if (kernel.empty() && node.is_op("Conv"))
    if (const auto weight = known_shape(node.input(1)); weight && weight->size() == spatial + 2)
      kernel.assign(weight->begin() + 2, weight->end());
  if (kernel.size() != spatial) return "its kernel is not known";
  const auto listed = [&](const char* name) {
    auto numbers = node.ints_attribute(name);
    if (numbers.empty()) numbers.assign(spatial, 1);
    return numbers;
  };
  const auto strides = listed("strides"), dilations = listed("dilations");
  if (strides.size() != spatial || dilations.size() != spatial) return "its lists are too short";
  std::vector<int64_t> pads(2 * spatial, 0);
  for (size_t i = 0; i < spatial && kind != "VALID"; ++i) {
    const Dim& dim = (*x->type.shape)[i + 2];
    if (!dim.is_known()) return "a spatial dimension of its input is not known";
    const int64_t out_size = (dim.value + strides[i] - 1) / strides[i];
    const int64_t reach = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t total = std::max<int64_t>(0, (out_size - 1) * strides[i] + reach - dim.value);
    pads[i] = kind == "SAME_LOWER" ? total - total / 2 : total / 2;
    pads[spatial + i] = total - pads[i];
  }
  Expansion::Settings settings;
  for (const Attribute& attribute : node.attributes()) {
    if (attribute.name == "auto_pad" || attribute.name == "pads") continue;
    if (const auto number = attribute.as_int()) settings.emplace_back(attribute.name, *number);
    if (const auto list = attribute.as_ints()) settings.emplace_back(attribute.name, *list);
  }
  settings.emplace_back("pads", pads);
  std::vector<Value*> inputs;
  for (size_t slot = 0; slot < node.input_count(); ++slot) inputs.push_back(node.input(slot));
  Expansion out(node, context);
  return out.finish(out.add_several(node.op_type(), inputs, settings, node.outputs().size()));
}

}  // namespace

void register_rewrite_legalize_auto_pad(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_auto_pad",
                .doc =
                    "auto_pad of Conv, MaxPool and AveragePool becomes the pads that it means for "
                    "the known shape.",
                .exactness = Exactness::Exact,
                .operators = {"Conv", "MaxPool", "AveragePool"},
                .uses = {"Conv", "MaxPool", "AveragePool"},
                .rewrite = rewrite});
}

}  // namespace acuate
