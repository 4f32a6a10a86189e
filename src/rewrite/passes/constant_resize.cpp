#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"
#include "shape/inference.h"

namespace acuate {
namespace {

// The whole number that `size` is of `dim`; nothing where it is none, or above what a picture is
// enlarged by.
std::optional<float> whole_scale(Expr size, Expr dim) {
  constexpr int64_t kMaxScale = 64;
  if (size == dim) return 1.0F;
  const auto scale = floor_div(size, dim).as_number();
  if (!scale || *scale < 1 || *scale > kMaxScale || !(Expr(*scale) * dim == size))
    return std::nullopt;
  return static_cast<float>(*scale);
}

std::optional<std::string> rewrite(Node& node, const PassContext& context) {
  const Value* x = node.input(0);
  Value* const sizes = node.input(3);
  if (x == nullptr || sizes == nullptr || sizes->initializer || node.output() == nullptr) return "";
  if (node.attribute("axes") != nullptr ||
      node.string_attribute("keep_aspect_ratio_policy", "stretch") != "stretch")
    return "its sizes are not those of all axes";
  const Dims* dims = context.shapes->shape(*x);
  const ShapeData* data = context.shapes->data(*sizes);
  if (dims == nullptr || data == nullptr || data->denominator != 1 ||
      data->values.size() != dims->size())
    return "its sizes are not known";
  std::vector<float> scales;
  for (size_t i = 0; i < dims->size(); ++i) {
    const auto scale = whole_scale(data->values[i], (*dims)[i]);
    if (!scale) return "a size is no whole multiple of its dimension";
    scales.push_back(*scale);
  }
  Graph& graph = node.graph();
  Value* constant =
      graph.add_value(graph.unused_name(std::string(node.output()->name) + "_scales"));
  graph.set_initializer(*constant, Tensor::of<float>({static_cast<int64_t>(scales.size())},
                                                     std::span<const float>(scales)));
  node.set_input(2, constant);
  node.set_input_count(3);
  remove_unused(*sizes);
  return std::nullopt;
}

}  // namespace

void register_rewrite_constant_resize(PassRegistry& registry) {
  registry.add({.id = "constant_resize",
                .doc = "A Resize to computed sizes gets constant scales where each size is a whole "
                       "multiple of the dimension, which gives the same scale to the bit.",
                .phase = Phase::Clean,
                .after = {"eliminate_identity"},
                .operators = {"Resize"},
                .rewrite = rewrite});
}

}  // namespace acuate
