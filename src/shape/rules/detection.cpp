// Selection of boxes.
#include "shape/operands.h"

namespace acuate {
namespace {

using Element = ElementType;

// Selected boxes as rows of batch, class and box.
bool infer_non_max_suppression(RuleContext& context) {
  if (!check_rank(context, 0, 3) || !check_rank(context, 1, 3) ||
      !check_same(context, dim_of(context, 0, 2), 4, "coordinates of a box") ||
      !check_same(context, dim_of(context, 1, 0), dim_of(context, 0, 0),
                  "batch of the scores against boxes") ||
      !check_same(context, dim_of(context, 1, 2), dim_of(context, 0, 1), "scores against boxes"))
    return false;
  // None is selected where none is asked for, which is the default.
  const bool is_empty = !context.has_input(2) || scalar_of(context, 2).is_number(0);
  context.set(0, Element::Int64, Dims{is_empty ? Expr(0) : Expr::unknown(), 3});
  return true;
}

// TensorRT's plugin: count, boxes, scores and classes, filled up to max_output_boxes.
bool infer_efficient_nms(RuleContext& context) {
  const Expr batch = dim_of(context, 0, 0), boxes = context.int_attribute("max_output_boxes", 100);
  const Element element = context.element(0);
  context.set(0, Element::Int32, Dims{batch, 1});
  context.set(1, element, Dims{batch, boxes, 4});
  context.set(2, element, Dims{batch, boxes});
  context.set(3, Element::Int32, Dims{batch, boxes});
  return true;
}

}  // namespace

void register_shape_detection(ShapeFamilyRegistry& registry) {
  registry.add({.id = "detection",
                .doc = "selection of boxes",
                .operators = {{"", "NonMaxSuppression", false, infer_non_max_suppression},
                              {"", "EfficientNMS_TRT", false, infer_efficient_nms}}});
}

}  // namespace acuate
