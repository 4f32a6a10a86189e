// Fused and experimental operators of ONNX Runtime that work element by element or nearly so.
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

bool infer_broadcast(RuleContext& context) {
  constexpr size_t kSlots[] = {0, 1};
  auto out = broadcast_inputs(context, kSlots);
  if (context.is_refused()) return false;
  context.set(0, context.element(0), std::move(out));
  return true;
}
bool infer_like_second(RuleContext& context) {
  set_like(context, 0, 1, context.element(1));
  return true;
}
bool infer_like_each(RuleContext& context) {
  for (size_t slot = 0; slot < context.output_count(); ++slot)
    set_like(context, slot, 0, context.element(0));
  return true;
}
// The result, then the mask.
bool infer_dropout(RuleContext& context) {
  set_like(context, 0, 0, context.element(0));
  set_like(context, 1, 0, Element::Bool);
  return true;
}
bool infer_bitmask_dropout(RuleContext& context) {
  const Dims* shape = context.shape(0);
  set_like(context, 0, 0, context.element(0));
  context.set(1, Element::Uint32, Dims{shape ? ceil_div(product(*shape), 32) : Expr::unknown()});
  return true;
}
bool infer_hash(RuleContext& context) {
  set_like(context, 0, 0,
           context.int_attribute("positive", 1) != 0 ? Element::Uint32 : Element::Int32);
  return true;
}
bool infer_all_finite(RuleContext& context) {
  context.set(0, Element::Bool, Dims{});
  return true;
}

// […, width] to […, width / parts].
bool split_last(RuleContext& context, int64_t parts) {
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    if (!check_rank(context, 0, 1, SIZE_MAX)) return false;
    if (const auto width = shape->back().as_number(); width && *width % parts != 0)
      return context.refuse(
          fmt::format("its last dimension {} is no multiple of {}", *width, parts));
    out = *shape;
    out->back() = floor_div(out->back(), parts);
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}
bool infer_bias_split_gelu(RuleContext& context) { return split_last(context, 2); }

// Streams [..., branches, width], or flattened with num_branches, mixed into one.
bool infer_pre_mix(RuleContext& context) {
  const int64_t branches = context.int_attribute("num_branches", 0);
  if (branches > 0) return split_last(context, branches);
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    if (!check_rank(context, 0, 2, SIZE_MAX)) return false;
    out = *shape;
    out->erase(out->end() - 2);
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_unique(RuleContext& context) {
  if (!check_rank(context, 0, 1)) return false;
  context.set(0, context.element(0), Dims{Expr::unknown()});
  context.set(1, Element::Int64, Dims{dim_of(context, 0, 0)});
  context.set(2, Element::Int64, Dims{Expr::unknown()});
  return true;
}

bool infer_distances(RuleContext& context) {
  if (!check_rank(context, 0, 2) || !check_rank(context, 1, 2) ||
      !check_same(context, dim_of(context, 1, 1), dim_of(context, 0, 1), "columns differ"))
    return false;
  context.set(0, context.element(0), Dims{dim_of(context, 0, 0), dim_of(context, 1, 0)});
  return true;
}

// Windows of `size` every `step` along one dimension, as a new last one.
bool infer_unfold(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const auto axis = axis_of(context, context.int_attribute("dim", -1), shape->size());
  const int64_t size = context.int_attribute("size", 0), step = context.int_attribute("step", 1);
  if (!axis) return false;
  if (size < 1 || step < 1)
    return context.refuse(fmt::format("size is {} and step {}, expected at least 1", size, step));
  Dims out = *shape;
  out[*axis] = floor_div(out[*axis] - size, step) + 1;
  out.emplace_back(size);
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_embedding(RuleContext& context) {
  std::optional<Dims> out;
  if (const Dims* indices = context.shape(1)) {
    out = *indices;
    out->push_back(dim_of(context, 0, 1));
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_expand_dims(RuleContext& context) {
  const Dims* shape = context.shape(0);
  const auto given = context.numbers(1);
  std::optional<Dims> out;
  if (shape && given && given->size() == 1) {
    const auto axis = axis_of(context, given->front(), shape->size() + 1);
    if (!axis) return false;
    out = *shape;
    out->insert(out->begin() + static_cast<std::ptrdiff_t>(*axis), 1);
  } else if (shape) {
    out = unknown_dims(shape->size() + 1);
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_time_warping(RuleContext& context) {
  if (!check_rank(context, 0, 2, 3)) return false;
  context.set(0, Element::Int32, Dims{2, Expr::unknown()});
  return true;
}

bool infer_bit_cast(RuleContext& context) {
  set_like(context, 0, 0, element_attribute(context, "to", Element::Undefined));
  return true;
}

}  // namespace

void register_shape_fusion(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  ShapeFamily family{.id = "fusion",
                     .doc = "fused operators that work element by element or nearly so",
                     .operators = {{"", "BitCast", false, infer_bit_cast},
                                   {"", "SwiGLU", false, infer_broadcast},
                                   {ms, "BiasGelu", false, infer_like_first},
                                   {ms, "BiasSplitGelu", false, infer_bias_split_gelu},
                                   {ms, "BiasDropout", false, infer_dropout},
                                   {ms, "BitmaskDropout", false, infer_bitmask_dropout},
                                   {ms, "BitmaskBiasDropout", false, infer_bitmask_dropout},
                                   {ms, "ComplexMul", false, infer_broadcast},
                                   {ms, "ComplexMulConj", false, infer_broadcast},
                                   {ms, "MurmurHash3", false, infer_hash},
                                   {ms, "IsAllFinite", false, infer_all_finite},
                                   {ms, "NGramRepeatBlock", false, infer_like_second},
                                   {ms, "HyperConnectionPreMix", false, infer_pre_mix},
                                   {ms, "LinearAttentionGate", false, infer_like_each},
                                   {ms, "Unique", false, infer_unique},
                                   {ms, "CDist", false, infer_distances},
                                   {ms, "UnfoldTensor", false, infer_unfold},
                                   {ms, "TorchEmbedding", false, infer_embedding},
                                   {ms, "ExpandDims", false, infer_expand_dims},
                                   {ms, "DynamicTimeWarping", false, infer_time_warping}}};
  for (const char* op : {"Gelu", "FastGelu", "QuickGelu", "ScaledSiLU", "BiasAdd", "Inverse",
                         "Trilu", "GatedAdd", "AllReduce", "HyperConnectionPostMix"})
    family.operators.push_back({ms, op, false, infer_like_first});
  for (const char* op : {"Affine", "ImageScaler", "ParametricSoftplus", "ScaledTanh", "Scale",
                         "MemcpyFromHost", "MemcpyToHost"})
    family.operators.push_back({"", op, false, infer_like_first});
  registry.add(std::move(family));
}

}  // namespace acuate
