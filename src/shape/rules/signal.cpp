// Fourier transforms and spectra.
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// Bins of a transform of this length: half of them for real signals (onesided).
Expr bins(Expr length, bool is_onesided) { return is_onesided ? floor_div(length, 2) + 1 : length; }

// [batch, signal…, 1 or 2] to [batch, signal…, 2]; the inverse of a onesided transform is real.
bool infer_dft(RuleContext& context) {
  const Dims* shape = context.shape(0);
  if (!check_rank(context, 0, 2, SIZE_MAX) || !check_rank(context, 1, 0)) return false;
  if (shape == nullptr) {
    context.set(0, context.element(0), std::nullopt);
    return true;
  }
  const bool is_onesided = context.int_attribute("onesided", 0) != 0,
             is_inverse = context.int_attribute("inverse", 0) != 0;
  std::optional<int64_t> given = context.int_attribute("axis", 1);
  if (context.opset() >= 20) {  // the axis became an input
    given = -2;
    if (context.has_input(2)) given = scalar_of(context, 2).as_number();
  }
  Dims out = *shape;
  out.back() = is_onesided && is_inverse ? 1 : 2;
  if (!given) {
    for (size_t i = 0; i + 1 < out.size(); ++i) out[i] = Expr::unknown();
    context.set(0, context.element(0), std::move(out));
    return true;
  }
  const auto axis = axis_of(context, *given, shape->size());
  if (!axis) return false;
  if (*axis + 1 == shape->size())
    return context.refuse("its axis is the last one, which holds real and imaginary parts");
  Expr length = (*shape)[*axis];
  if (is_onesided && is_inverse) length = (length - 1) * 2;
  if (context.has_input(1)) length = scalar_of(context, 1);
  out[*axis] = bins(length, is_onesided && !is_inverse);
  context.set(0, context.element(0), std::move(out));
  return true;
}

// Signal [batch, length, 1 or 2] in frames: [batch, frames, bins, 2].
bool infer_stft(RuleContext& context) {
  if (!check_rank(context, 0, 2, 3) || !check_rank(context, 2, 1)) return false;
  const Expr length = dim_of(context, 0, 1), step = scalar_of(context, 1);
  if (step.is_number() && *step.as_number() < 1)
    return context.refuse(fmt::format("its step is {}, expected at least 1", step.text()));
  Expr frame = length;
  if (context.has_input(3))
    frame = scalar_of(context, 3);
  else if (context.has_input(2))
    frame = dim_of(context, 2, 0);
  context.set(0, context.element(0),
              Dims{dim_of(context, 0, 0), floor_div(length - frame, step) + 1,
                   bins(frame, context.int_attribute("onesided", 1) != 0), 2});
  return true;
}

// [bins of the spectrum, mel bins].
bool infer_mel_weights(RuleContext& context) {
  context.set(0, element_attribute(context, "output_datatype", Element::Float),
              Dims{bins(scalar_of(context, 1), true), scalar_of(context, 0)});
  return true;
}

// ONNX Runtime's transforms of real signals: the last axis, then real and imaginary part.
bool infer_rfft(RuleContext& context) {
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    if (!check_rank(context, 0, 1, SIZE_MAX)) return false;
    out = *shape;
    out->back() = bins(out->back(), context.int_attribute("onesided", 1) != 0);
    out->emplace_back(2);
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}
bool infer_irfft(RuleContext& context) {
  std::optional<Dims> out;
  if (const Dims* shape = context.shape(0)) {
    if (!check_rank(context, 0, 2, SIZE_MAX)) return false;
    out = *shape;
    out->pop_back();
    if (context.int_attribute("onesided", 1) != 0) out->back() = (out->back() - 1) * 2;
  }
  context.set(0, context.element(0), std::move(out));
  return true;
}

}  // namespace

void register_shape_signal(ShapeFamilyRegistry& registry) {
  registry.add({.id = "signal",
                .doc = "Fourier transforms and spectra",
                .operators = {{"", "DFT", false, infer_dft},
                              {"", "STFT", false, infer_stft},
                              {"", "MelWeightMatrix", false, infer_mel_weights},
                              {"com.microsoft", "Rfft", false, infer_rfft},
                              {"com.microsoft", "Irfft", false, infer_irfft}}});
}

}  // namespace acuate
