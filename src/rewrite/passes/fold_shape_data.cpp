#include <cstring>

#include "rewrite/facts.h"
#include "rewrite/pass.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// The fixed value of Shape and Size where the input's type says it, without running anything.
std::optional<Tensor> shape_constant(const Node& node) {
  if (!node.is_op("Shape") && !node.is_op("Size")) return std::nullopt;
  const auto shape = node.input(0) ? node.input(0)->type.static_shape() : std::nullopt;
  if (!shape) return std::nullopt;
  if (node.is_op("Size")) return Tensor::of<int64_t>({}, {*element_count(*shape)});
  const auto rank = static_cast<int64_t>(shape->size());
  const auto position = [&](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  const int64_t start = position(node.int_attribute("start", 0));
  const int64_t end = std::max(start, position(node.int_attribute("end", rank)));
  return Tensor::of<int64_t>(
      {end - start}, std::span<const int64_t>(*shape).subspan(static_cast<size_t>(start),
                                                              static_cast<size_t>(end - start)));
}

std::optional<std::string> rewrite(Node& node, const PassContext&) {
  Value* output = node.output();
  if (output == nullptr || output->is_output() || output->is_unused()) return "";
  const auto tensor = shape_constant(node);
  if (!tensor) return "";
  become_constant(*output, *tensor);
  return std::nullopt;
}

}  // namespace

void register_rewrite_fold_shape_data(PassRegistry& registry) {
  registry.add({.id = "fold_shape_data",
                .doc = "Shape and Size of a tensor whose dimensions are numbers become constants.",
                .phase = Phase::Fold,
                .operators = {"Shape", "Size"},
                .rewrite = rewrite});
}

}  // namespace acuate
