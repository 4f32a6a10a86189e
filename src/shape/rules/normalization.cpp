// Normalizations: the result is shaped as the input; statistics have the reduced shape.
#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// `axis` must be one of input 0.
bool check_axis(RuleContext& context, int64_t fallback) {
  const Dims* shape = context.shape(0);
  return shape == nullptr || shape->empty() ||
         axis_of(context, context.int_attribute("axis", fallback), shape->size()).has_value();
}

bool infer_softmax(RuleContext& context) {
  return check_axis(context, context.opset() >= 13 ? -1 : 1) && infer_like_first(context);
}
bool infer_lp_normalization(RuleContext& context) {
  return check_axis(context, -1) && infer_like_first(context);
}

// Channels are axis 1; each of the other inputs has one element per channel.
bool check_channels(RuleContext& context, size_t first, size_t last) {
  for (size_t slot = first; slot <= last; ++slot)
    if (!check_rank(context, slot, 1) ||
        !check_same(context, dim_of(context, slot, 0), dim_of(context, 0, 1),
                    "length of a parameter against channels"))
      return false;
  return true;
}

bool infer_batch_normalization(RuleContext& context) {
  // Before opset 9 `spatial = 0` normalizes every element by itself.
  if (context.int_attribute("spatial", 1) == 0) return false;
  if (!check_rank(context, 0, 1, SIZE_MAX)) return false;
  const Dims* shape = context.shape(0);
  if (shape && shape->size() > 1 && !check_channels(context, 1, 4)) return false;
  set_like(context, 0, 0, context.element(0));
  const Expr channels = shape && shape->size() > 1 ? (*shape)[1] : dim_of(context, 1, 0);
  const Element element = known_or(context.element(3), context.element(0));
  for (size_t slot = 1; slot < context.output_count(); ++slot)
    context.set(slot, element, Dims{channels});
  return true;
}

bool infer_instance_normalization(RuleContext& context) {
  return check_rank(context, 0, 3, SIZE_MAX) && check_channels(context, 1, 2) &&
         infer_like_first(context);
}
bool infer_group_normalization(RuleContext& context) {
  return check_rank(context, 0, 2, SIZE_MAX) && infer_like_first(context);
}

// Ones from `axis` on: mean and deviation of layer normalization.
std::optional<Dims> statistics(RuleContext& context, int64_t axis) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) return std::nullopt;
  const auto first = axis_of(context, axis, shape->size());
  if (!first) return std::nullopt;
  Dims out = *shape;
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(*first), out.end(), 1);
  return out;
}

bool infer_layer_normalization(RuleContext& context) {
  auto reduced = statistics(context, context.int_attribute("axis", -1));
  if (context.is_refused()) return false;
  // Between opset 1 and 17 ONNX Runtime's own form, whose result has the scale's type.
  set_like(context, 0, 0, context.element(0));
  const Element element = element_attribute(context, "stash_type", Element::Float);
  for (size_t slot = 1; slot < context.output_count(); ++slot) context.set(slot, element, reduced);
  return true;
}

// The result has the type of the scale.
bool infer_rms_normalization(RuleContext& context) {
  auto reduced = statistics(context, context.int_attribute("axis", -1));
  if (context.is_refused()) return false;
  set_like(context, 0, 0, known_or(context.element(1), context.element(0)));
  context.set(1, element_attribute(context, "stash_type", Element::Float), std::move(reduced));
  return true;
}

// Input, skip: result, mean, inverse deviation, sum of input, skip and bias.
bool infer_skip_layer_normalization(RuleContext& context) {
  if (!check_rank(context, 0, 2, 3)) return false;
  auto reduced = statistics(context, -1);
  if (context.is_refused()) return false;
  set_like(context, 0, 0, context.element(0));
  context.set(1, Element::Float, reduced);
  context.set(2, Element::Float, std::move(reduced));
  set_like(context, 3, 0, context.element(0));
  return true;
}
bool infer_skip_group_norm(RuleContext& context) {
  for (size_t slot = 0; slot < context.output_count(); ++slot)
    set_like(context, slot, 0, context.element(0));
  return true;
}

// Word, position and segment embeddings, normalized: [batch, sequence, hidden].
bool embed(RuleContext& context, size_t segment_ids, size_t word_embedding, Element element) {
  if (!check_rank(context, 0, 2) || !check_rank(context, segment_ids, 2) ||
      !check_rank(context, word_embedding, 2))
    return false;
  const Expr batch = dim_of(context, 0, 0);
  const Dims out{batch, dim_of(context, 0, 1), dim_of(context, word_embedding, 1)};
  context.set(0, element, out);
  context.set(1, Element::Int32, Dims{batch});
  context.set(2, element, out);
  return true;
}
bool infer_embed_layer_normalization(RuleContext& context) {
  return embed(context, 1, 2, context.element(2));
}
bool infer_qembed_layer_normalization(RuleContext& context) {
  return embed(context, 1, 2, known_or(context.element(8), Element::Float));
}

}  // namespace

void register_shape_normalization(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "normalization",
                .doc = "normalizations and softmax: shaped as their input, statistics as reduced",
                .operators = {
                    {"", "Softmax", false, infer_softmax},
                    {"", "LogSoftmax", false, infer_softmax},
                    {"", "Hardmax", false, infer_softmax},
                    {"", "LpNormalization", false, infer_lp_normalization},
                    {"", "LRN", false, infer_like_first},
                    {"", "MeanVarianceNormalization", false, infer_like_first},
                    {"", "BatchNormalization", false, infer_batch_normalization},
                    {"", "InstanceNormalization", false, infer_instance_normalization},
                    {"", "GroupNormalization", false, infer_group_normalization},
                    {"", "LayerNormalization", false, infer_layer_normalization},
                    {"", "RMSNormalization", false, infer_rms_normalization},
                    {"", "SimplifiedLayerNormalization", false, infer_rms_normalization},
                    {ms, "SimplifiedLayerNormalization", false, infer_rms_normalization},
                    {ms, "LayerNormalization", false, infer_layer_normalization},
                    {ms, "SkipLayerNormalization", false, infer_skip_layer_normalization},
                    {ms, "SkipSimplifiedLayerNormalization", false, infer_skip_layer_normalization},
                    {ms, "EmbedLayerNormalization", false, infer_embed_layer_normalization},
                    {ms, "QEmbedLayerNormalization", false, infer_qembed_layer_normalization},
                    {ms, "GroupNorm", false, infer_group_normalization},
                    {ms, "SkipGroupNorm", false, infer_skip_group_norm},
                    {ms, "BranchwiseRMSNorm", false, infer_like_first},
                    {ms, "GatedRMSNorm", false, infer_like_first},
                    {ms, "BiasSoftmax", false, infer_like_first},
                    {ms, "QLinearSoftmax", false, infer_like_first},
                    {ms, "QOrderedLayerNormalization", false, infer_like_first}}});
}

}  // namespace acuate
