// Poolings: windows over the spatial axes of [N, C, spatial…].
#include <fmt/format.h>

#include "shape/operands.h"
#include "shape/window.h"

namespace acuate {
namespace {

using Element = ElementType;

bool pool(RuleContext& context, bool channels_last, Element element) {
  const Dims* data = context.shape(0);
  if (!check_rank(context, 0, 3, SIZE_MAX)) return false;
  const auto given = context.ints_attribute("kernel_shape");
  if (!given || given->empty()) return context.refuse("it lacks the attribute kernel_shape");
  const size_t axes = data ? data->size() - 2 : given->size();
  const auto kernel = kernel_of(context, axes, std::nullopt);
  const auto window = kernel ? window_of(context, axes) : std::nullopt;
  if (!window) return false;
  const Dims open = unknown_dims(axes);
  auto out = slide(context, *window,
                   data ? std::span(*data).subspan(channels_last ? 1 : 2, axes) : open, *kernel);
  if (!out) return false;
  out->insert(channels_last ? out->end() : out->begin(),
              dim_of(context, 0, channels_last ? -1 : 1));
  out->insert(out->begin(), dim_of(context, 0, 0));
  context.set(1, Element::Int64, *out);  // where MaxPool tells the indices
  context.set(0, element, std::move(*out));
  return true;
}

bool channels_last(const RuleContext& context) {
  return context.int_attribute("channels_last", 0) != 0;
}

bool infer_pool(RuleContext& context) { return pool(context, false, context.element(0)); }
bool infer_nhwc_pool(RuleContext& context) { return pool(context, true, context.element(0)); }
bool infer_qlinear_pool(RuleContext& context) {
  return pool(context, channels_last(context), context.element(0));
}

bool pool_globally(RuleContext& context, bool is_channels_last) {
  if (!check_rank(context, 0, 3, SIZE_MAX)) return false;
  const Dims* data = context.shape(0);
  std::optional<Dims> out;
  if (data) {
    out = Dims(data->size(), 1);
    const size_t channel = is_channels_last ? data->size() - 1 : 1;
    out->front() = data->front();
    (*out)[channel] = (*data)[channel];
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}
bool infer_global_pool(RuleContext& context) { return pool_globally(context, false); }
bool infer_qlinear_global_pool(RuleContext& context) {
  return pool_globally(context, channels_last(context));
}

// The inverse of MaxPool: its own size comes from output_shape, or from the window.
bool infer_max_unpool(RuleContext& context) {
  const Dims* data = context.shape(0);
  if (!check_rank(context, 0, 3, SIZE_MAX)) return false;
  if (data == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  if (context.has_input(2)) {
    const auto given = context.integers(2);
    if (given && given->size() != data->size())
      return context.refuse(
          fmt::format("output_shape has {} values for rank {}", given->size(), data->size()));
    context.set(0, context.element(0), given ? *given : unknown_dims(data->size()));
    return true;
  }
  const size_t axes = data->size() - 2;
  const auto kernel = kernel_of(context, axes, std::nullopt);
  const auto window = kernel ? window_of(context, axes) : std::nullopt;
  if (!window) return false;
  Dims out{(*data)[0], (*data)[1]};
  for (size_t axis = 0; axis < axes; ++axis)
    out.push_back(((*data)[2 + axis] - 1) * window->strides[axis] + (*kernel)[axis] -
                  window->pads[axis] - window->pads[axes + axis]);
  context.set(0, context.element(0), std::move(out));
  return true;
}

// One result per region, of the size that the attributes say.
bool infer_max_roi_pool(RuleContext& context) {
  if (!check_rank(context, 0, 4) || !check_rank(context, 1, 2)) return false;
  const auto size = context.ints_attribute("pooled_shape");
  if (!size || size->size() != 2)
    return context.refuse("its attribute pooled_shape must have 2 values");
  context.set(0, context.element(0),
              Dims{dim_of(context, 1, 0), dim_of(context, 0, 1), (*size)[0], (*size)[1]});
  return true;
}
bool infer_roi_align(RuleContext& context) {
  if (!check_rank(context, 0, 4) || !check_rank(context, 1, 2) || !check_rank(context, 2, 1) ||
      !check_same(context, dim_of(context, 1, 1), 4, "columns of the regions") ||
      !check_same(context, dim_of(context, 2, 0), dim_of(context, 1, 0),
                  "batch indices against regions"))
    return false;
  context.set(
      0, context.element(0),
      Dims{dim_of(context, 1, 0), dim_of(context, 0, 1), context.int_attribute("output_height", 1),
           context.int_attribute("output_width", 1)});
  return true;
}

}  // namespace

void register_shape_pooling(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "pooling",
                .doc = "poolings, ceil_mode included, and regions of interest",
                .operators = {{"", "MaxPool", false, infer_pool},
                              {"", "AveragePool", false, infer_pool},
                              {"", "LpPool", false, infer_pool},
                              {"", "GlobalMaxPool", false, infer_global_pool},
                              {"", "GlobalAveragePool", false, infer_global_pool},
                              {"", "GlobalLpPool", false, infer_global_pool},
                              {"", "MaxUnpool", false, infer_max_unpool},
                              {"", "MaxRoiPool", false, infer_max_roi_pool},
                              {"", "RoiAlign", false, infer_roi_align},
                              {ms, "NhwcMaxPool", false, infer_nhwc_pool},
                              {ms, "MaxpoolWithMask", false, infer_pool},
                              {ms, "QLinearAveragePool", false, infer_qlinear_pool},
                              {ms, "QLinearGlobalAveragePool", false, infer_qlinear_global_pool}}});
}

}  // namespace acuate
