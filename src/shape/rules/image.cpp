// Resizing and sampling of images.
#include <cmath>

#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// ⌊dim · scale⌋ as ONNX Runtime and the onnx library compute it: in float32.
Expr scaled(Expr dim, float scale) {
  if (!dim.is_number()) return Expr::unknown();
  const float size = std::floor(static_cast<float>(*dim.as_number()) * scale);
  return size >= 0 && size < 9e15F ? Expr(static_cast<int64_t>(size)) : Expr::unknown();
}

// The scales of an input: exact fractions where they are, so that open dimensions stay expressions,
// else floats.
struct Scales {
  const ShapeData* exact = nullptr;
  std::optional<Tensor> floats;

  size_t size() const {
    return exact ? exact->values.size() : floats ? static_cast<size_t>(floats->size()) : 0;
  }
  Expr apply(Expr dim, size_t i) const {
    if (floats) {
      const float scale = floats->values<float>()[i];
      if (dim.is_number() || !exact) return scale == 1 ? dim : scaled(dim, scale);
    }
    const Expr numerator = exact->values[i];
    // ⌊(a / b) · b⌋ with a fraction of dimensions is not exact in float32.
    return floor_div(dim * numerator, exact->denominator);
  }
};

std::optional<Scales> scales_of(const RuleContext& context, size_t slot) {
  Scales scales;
  scales.exact = context.data(slot);
  if (auto tensor = context.constant(slot); tensor && tensor->type() == Element::Float)
    scales.floats = std::move(*tensor);
  return scales.exact != nullptr || scales.floats ? std::optional(std::move(scales)) : std::nullopt;
}

bool check_count(RuleContext& context, const char* what, size_t found, size_t expected) {
  return found == expected ||
         context.refuse(fmt::format("{} has {} values for {} axes", what, found, expected));
}

bool resize_by_scales(RuleContext& context, size_t slot, const std::vector<size_t>& axes,
                      const std::vector<float>& roi) {
  const Dims& shape = *context.shape(0);
  Dims out = shape;
  if (const auto scales = scales_of(context, slot)) {
    if (!check_count(context, "scales", scales->size(), axes.size())) return false;
    for (size_t i = 0; i < axes.size(); ++i) {
      const Expr dim = shape[axes[i]];
      if (roi.empty()) {
        out[axes[i]] = scales->apply(dim, i);
      } else {  // tf_crop_and_resize keeps a part of each axis
        const float part = roi[i + axes.size()] - roi[i];
        out[axes[i]] = scales->floats ? scaled(dim, part * scales->floats->values<float>()[i])
                                      : Expr::unknown();
      }
    }
  } else {
    for (const size_t axis : axes) out[axis] = Expr::unknown();
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

// sizes with keep_aspect_ratio_policy: one scale for all axes, the smallest or largest.
bool resize_by_sizes(RuleContext& context, size_t slot, const std::vector<size_t>& axes) {
  const Dims& shape = *context.shape(0);
  Dims out = shape;
  auto sizes = context.integers(slot);
  if (sizes && !check_count(context, "sizes", sizes->size(), axes.size())) return false;
  const std::string policy = context.string_attribute("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch" && sizes) {
    const bool is_smaller = policy == "not_larger";
    float common = is_smaller ? INFINITY : 0;
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto size = (*sizes)[i].as_number(), dim = shape[axes[i]].as_number();
      const float scale =
          size && dim && *dim > 0 ? static_cast<float>(*size) / static_cast<float>(*dim) : NAN;
      common = std::isnan(scale) || std::isnan(common) ? NAN
               : is_smaller                            ? std::min(common, scale)
                                                       : std::max(common, scale);
    }
    for (size_t i = 0; i < axes.size(); ++i)
      (*sizes)[i] = std::isfinite(common)
                        ? Expr(static_cast<int64_t>(std::round(
                              common * static_cast<float>(shape[axes[i]].as_number().value_or(0)))))
                        : Expr::unknown();
  }
  for (size_t i = 0; i < axes.size(); ++i) out[axes[i]] = sizes ? (*sizes)[i] : Expr::unknown();
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool is_given(const RuleContext& context, size_t slot) {
  // Until opset 12 an empty tensor stood for an input that is not there.
  return context.has_input(slot) && !dim_of(context, slot, 0).is_number(0);
}

bool infer_resize(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  std::vector<size_t> axes;
  if (const auto given = context.ints_attribute("axes"); given && !given->empty()) {
    if (!axes_of(context, *given, shape->size())) return false;
    for (const int64_t axis : *given)  // in their own order: scales follow it
      axes.push_back(*axis_of(context, axis, shape->size()));
  } else {
    for (size_t axis = 0; axis < shape->size(); ++axis) axes.push_back(axis);
  }
  if (context.opset() < 11) return resize_by_scales(context, 1, axes, {});
  const bool by_sizes = is_given(context, 3);
  if (by_sizes) return resize_by_sizes(context, 3, axes);
  if (!is_given(context, 2)) return context.refuse("it has neither scales nor sizes");
  std::vector<float> roi;
  if (context.string_attribute("coordinate_transformation_mode", "") == "tf_crop_and_resize") {
    const auto given = context.constant(1);
    if (given && given->type() == Element::Float &&
        given->size() == static_cast<int64_t>(2 * axes.size()))
      roi.assign(given->values<float>().begin(), given->values<float>().end());
    else
      roi.assign(2 * axes.size(), NAN);
  }
  return resize_by_scales(context, 2, axes, roi);
}

bool infer_upsample(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (context.opset() < 7) return false;
  if (shape == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  std::vector<size_t> axes;
  for (size_t axis = 0; axis < shape->size(); ++axis) axes.push_back(axis);
  if (context.has_input(1)) return resize_by_scales(context, 1, axes, {});
  const Attribute* attribute = context.attribute("scales");
  const auto scales = attribute ? attribute->as_floats() : std::nullopt;
  if (!scales) return context.refuse("it has no scales");
  if (!check_count(context, "scales", scales->size(), axes.size())) return false;
  Dims out = *shape;
  for (size_t axis = 0; axis < out.size(); ++axis) {
    const float scale = (*scales)[axis];
    const bool is_whole = scale == std::floor(scale) && scale >= 0 && scale < 1e9F;
    out[axis] = is_whole ? out[axis] * static_cast<int64_t>(scale) : scaled(out[axis], scale);
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

// [N, C, spatial…] sampled at grid [N, spatial of the result…, axes].
bool infer_grid_sample(RuleContext& context) {
  const Dims *data = context.shape(0), *grid = context.shape(1);
  if (!check_rank(context, 0, 3, SIZE_MAX) || !check_rank(context, 1, 3, SIZE_MAX)) return false;
  if (data == nullptr && grid == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const size_t rank = (data ? data : grid)->size();
  if (data && grid && data->size() != grid->size())
    return context.refuse(
        fmt::format("its input has rank {}, its grid {}", data->size(), grid->size()));
  if (!check_same(context, dim_of(context, 1, -1), static_cast<int64_t>(rank - 2),
                  "coordinates of each grid point"))
    return false;
  Dims out{unify(context, dim_of(context, 0, 0), dim_of(context, 1, 0), "batches differ"),
           dim_of(context, 0, 1)};
  if (context.is_refused()) return false;
  for (size_t axis = 1; axis + 1 < rank; ++axis)
    out.push_back(grid ? (*grid)[axis] : Expr::unknown());
  context.set(0, context.element(0), std::move(out));
  return true;
}

// theta [N, axes, axes + 1] and a size [N, C, spatial…] to a grid [N, spatial…, axes].
bool infer_affine_grid(RuleContext& context) {
  if (!check_rank(context, 0, 3) || !check_rank(context, 1, 1)) return false;
  const Expr length = dim_of(context, 1, 0);
  const auto size = context.integers(1);
  if (!length.is_number()) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  if (*length.as_number() != 4 && *length.as_number() != 5)
    return context.refuse(fmt::format("its size has {} values, expected 4 or 5", length.text()));
  const auto rank = static_cast<size_t>(*length.as_number());
  Dims out = size ? *size : unknown_dims(rank);
  if (size &&
      !check_same(context, dim_of(context, 0, 0), (*size)[0], "batch of theta against size"))
    return false;
  out[0] = size ? (*size)[0] : dim_of(context, 0, 0);
  out.erase(out.begin() + 1);
  out.emplace_back(static_cast<int64_t>(rank - 2));
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_center_crop_pad(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (shape == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const auto size = context.integers(1);
  std::vector<size_t> axes;
  if (const auto given = context.ints_attribute("axes"); given && !given->empty()) {
    if (!axes_of(context, *given, shape->size())) return false;
    for (const int64_t axis : *given) axes.push_back(*axis_of(context, axis, shape->size()));
  } else {
    for (size_t axis = 0; axis < shape->size(); ++axis) axes.push_back(axis);
  }
  if (size && !check_count(context, "its shape", size->size(), axes.size())) return false;
  Dims out = *shape;
  for (size_t i = 0; i < axes.size(); ++i) out[axes[i]] = size ? (*size)[i] : Expr::unknown();
  context.set(0, context.element(0), std::move(out));
  return true;
}

bool infer_image_decoder(RuleContext& context) {
  const bool is_gray = context.string_attribute("pixel_format", "RGB") == "Grayscale";
  context.set(0, Element::Uint8, Dims{Expr::unknown(), Expr::unknown(), is_gray ? 1 : 3});
  return true;
}

// One crop per region: [regions, C, crop height, crop width].
bool infer_crop_and_resize(RuleContext& context) {
  if (!check_rank(context, 0, 4) || !check_rank(context, 1, 2)) return false;
  const auto size = context.integers(3);
  if (size && !check_count(context, "crop_size", size->size(), 2)) return false;
  context.set(0, context.element(0),
              Dims{dim_of(context, 1, 0), dim_of(context, 0, 1),
                   size ? (*size)[0] : Expr::unknown(), size ? (*size)[1] : Expr::unknown()});
  return true;
}

}  // namespace

void register_shape_image(ShapeFamilyRegistry& registry) {
  const std::string ms = "com.microsoft";
  registry.add({.id = "image",
                .doc = "resizing and sampling of images; scales are exact fractions where they can",
                .operators = {{"", "Resize", false, infer_resize},
                              {"", "Upsample", false, infer_upsample},
                              {"", "GridSample", false, infer_grid_sample},
                              {"", "AffineGrid", false, infer_affine_grid},
                              {"", "CenterCropPad", false, infer_center_crop_pad},
                              {"", "ImageDecoder", false, infer_image_decoder},
                              {ms, "GridSample", false, infer_grid_sample},
                              {ms, "CropAndResize", false, infer_crop_and_resize}}});
}

}  // namespace acuate
