// Convolutions: [N, C, spatial…] with a weight [M, C / group, kernel…].
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"
#include "shape/window.h"

namespace acuate {
namespace {

using Element = ElementType;

// Where a convolution's operands stand, and how they lie.
struct Layout {
  size_t data = 0, weight = 1;
  bool channels_last = false;         // of data and result
  bool weight_channels_last = false;  // [M, kernel…, C / group]
};

std::optional<Dims> conv_shape(RuleContext& context, const Layout& layout) {
  const Dims *data = context.shape(layout.data), *weight = context.shape(layout.weight);
  if (!check_rank(context, layout.data, 3, SIZE_MAX) ||
      !check_rank(context, layout.weight, 3, SIZE_MAX))
    return std::nullopt;
  if (data == nullptr && weight == nullptr) return std::nullopt;
  const size_t rank = (data ? data : weight)->size(), axes = rank - 2;
  if (data && weight && data->size() != weight->size()) {
    context.refuse(
        fmt::format("its input has rank {}, its weight {}", data->size(), weight->size()));
    return std::nullopt;
  }
  const size_t channel_axis = layout.channels_last ? rank - 1 : 1;
  const size_t spatial = layout.channels_last ? 1 : 2;
  const int64_t group = context.int_attribute("group", 1);
  if (group < 1) {
    context.refuse(fmt::format("group is {}, expected at least 1", group));
    return std::nullopt;
  }
  std::optional<std::span<const Expr>> weight_kernel;
  Expr maps = Expr::unknown();
  if (weight) {
    maps = weight->front();
    weight_kernel = std::span(*weight).subspan(layout.weight_channels_last ? 1 : 2, axes);
    const Expr depth = (*weight)[layout.weight_channels_last ? rank - 1 : 1];
    if (data && !check_same(context, (*data)[channel_axis], depth * group,
                            fmt::format("channels of its input against those of its weight times "
                                        "group {}",
                                        group)))
      return std::nullopt;
    if (maps.is_number() && *maps.as_number() % group != 0) {
      context.refuse(fmt::format("its weight makes {} channels, not a multiple of group {}",
                                 maps.text(), group));
      return std::nullopt;
    }
  }
  const auto kernel = kernel_of(context, axes, weight_kernel);
  const auto window = kernel ? window_of(context, axes) : std::nullopt;
  if (!window) return std::nullopt;
  const Dims open = unknown_dims(axes);
  auto out =
      slide(context, *window, data ? std::span(*data).subspan(spatial, axes) : open, *kernel);
  if (!out) return std::nullopt;
  const Expr batch = data ? data->front() : Expr::unknown();
  out->insert(layout.channels_last ? out->end() : out->begin(), maps);
  out->insert(out->begin(), batch);
  return out;
}

bool set_conv(RuleContext& context, const Layout& layout, Element element) {
  auto out = conv_shape(context, layout);
  if (context.is_refused()) return false;
  context.set(0, element, std::move(out));
  return true;
}

bool infer_conv(RuleContext& context) {
  if (!set_conv(context, {}, context.element(0))) return false;
  return check_rank(context, 2, 1) &&
         check_same(context, dim_of(context, 2, 0), dim_of(context, 1, 0),
                    "length of the bias against output channels");
}
// The weight lies channels last too; in NhwcFusedConv it does not.
bool infer_nhwc_conv(RuleContext& context) {
  return set_conv(context, {0, 1, true, true}, context.element(0));
}
bool infer_nhwc_fused_conv(RuleContext& context) {
  return set_conv(context, {0, 1, true, false}, context.element(0));
}
bool infer_conv_integer(RuleContext& context) { return set_conv(context, {}, Element::Int32); }
bool infer_qlinear_conv(RuleContext& context) {
  return set_conv(context, {0, 3, context.int_attribute("channels_last", 0) != 0, false},
                  known_or(context.element(7), context.element(0)));
}
bool infer_deform_conv(RuleContext& context) { return set_conv(context, {}, context.element(0)); }

// Each result dimension covers stride · (input − 1) + the window, less the pads (ONNX,
// ConvTranspose).
bool transpose_conv(RuleContext& context, std::optional<std::vector<int64_t>> pads_input,
                    bool pads_unknown) {
  const Dims *data = context.shape(0), *weight = context.shape(1);
  if (!check_rank(context, 0, 3, SIZE_MAX) || !check_rank(context, 1, 3, SIZE_MAX)) return false;
  if (data == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const size_t axes = data->size() - 2;
  if (weight && weight->size() != data->size())
    return context.refuse(
        fmt::format("its input has rank {}, its weight {}", data->size(), weight->size()));
  const int64_t group = context.int_attribute("group", 1);
  if (group < 1) return context.refuse(fmt::format("group is {}, expected at least 1", group));
  if (weight && !check_same(context, (*weight)[0], (*data)[1],
                            "channels of its weight against those of its input"))
    return false;
  const auto kernel = kernel_of(
      context, axes, weight ? std::optional(std::span(*weight).subspan(2)) : std::nullopt);
  auto window = kernel ? window_of(context, axes) : std::nullopt;
  if (!window) return false;
  if (pads_input && pads_input->size() == 2 * axes) window->pads = *pads_input;
  const auto extra = context.ints_attribute("output_padding").value_or(std::vector<int64_t>());
  const auto given = context.ints_attribute("output_shape").value_or(std::vector<int64_t>());
  if (!extra.empty() && extra.size() != axes)
    return context.refuse(
        fmt::format("output_padding has {} values for {} spatial axes", extra.size(), axes));
  if (!given.empty() && given.size() != axes && given.size() != axes + 2)
    return context.refuse(
        fmt::format("output_shape has {} values for {} spatial axes", given.size(), axes));
  Dims out{(*data)[0], weight ? (*weight)[1] * group : Expr::unknown()};
  for (size_t axis = 0; axis < axes; ++axis) {
    const Expr size = (*data)[2 + axis], stride = window->strides[axis];
    if (!given.empty()) {
      out.emplace_back(given[given.size() - axes + axis]);
      continue;
    }
    const Expr more = extra.empty() ? 0 : extra[axis];
    const Expr extent = ((*kernel)[axis] - 1) * window->dilations[axis] + 1;
    if (window->auto_pad == Window::AutoPad::Same) {
      out.push_back(size * stride);
      continue;
    }
    Expr pads = 0;
    if (window->auto_pad == Window::AutoPad::NotSet)
      pads = pads_unknown ? Expr::unknown() : Expr(window->pads[axis]) + window->pads[axes + axis];
    const Expr length = (size - 1) * stride + more + extent - pads;
    if (length.is_number() && *length.as_number() < 0)
      return context.refuse(
          fmt::format("spatial axis {} would get length {}", axis, length.text()));
    out.push_back(length);
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_conv_transpose(RuleContext& context) {
  return transpose_conv(context, std::nullopt, false);
}
bool infer_conv_transpose_dynamic_pads(RuleContext& context) {
  const auto pads = context.numbers(2);
  return transpose_conv(context, pads, context.has_input(2) && !pads);
}

// Columns [N, C · ∏ block, L] back to [N, C, image…].
bool infer_col2im(RuleContext& context) {
  if (!check_rank(context, 0, 3)) return false;
  const auto image = context.integers(1), block = context.integers(2);
  const Dims *image_shape = context.shape(1), *block_shape = context.shape(2);
  std::optional<size_t> axes;
  for (const Dims* shape : {image_shape, block_shape})
    if (shape != nullptr && shape->size() == 1 && (*shape)[0].is_number())
      axes = static_cast<size_t>(*(*shape)[0].as_number());
  if (!axes) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const Expr columns = dim_of(context, 0, 1);
  Dims out{dim_of(context, 0, 0), Expr::unknown()};
  if (block) {
    const Expr size = product(*block);
    if (columns.is_number() && size.as_number().value_or(0) > 0 &&
        *columns.as_number() % *size.as_number() != 0)
      return context.refuse(fmt::format("{} rows of columns are no multiple of the block's {}",
                                        columns.text(), size.text()));
    out[1] = floor_div(columns, size);
  }
  const Dims sizes = image && image->size() == *axes ? *image : unknown_dims(*axes);
  out.insert(out.end(), sizes.begin(), sizes.end());
  context.set(0, context.element(0), std::move(out));
  return true;
}

}  // namespace

void register_shape_conv(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "conv",
                .doc = "convolutions with symbolic spatial dimensions",
                .operators = {{"", "Conv", false, infer_conv},
                              {"", "ConvInteger", false, infer_conv_integer},
                              {"", "QLinearConv", false, infer_qlinear_conv},
                              {"", "ConvTranspose", false, infer_conv_transpose},
                              {"", "DeformConv", false, infer_deform_conv},
                              {"", "Col2Im", false, infer_col2im},
                              {ms, "FusedConv", false, infer_conv},
                              {ms, "QLinearConv", false, infer_qlinear_conv},
                              {ms, "NhwcConv", false, infer_nhwc_conv},
                              {ms, "NhwcFusedConv", false, infer_nhwc_fused_conv},
                              {ms, "ConvTransposeWithDynamicPads", false,
                               infer_conv_transpose_dynamic_pads}}});
}

}  // namespace acuate
