// RNN, GRU and LSTM (ONNX operators; `layout` since opset 14): X is [sequence, batch, input], the
// results carry a dimension of directions.
#include <fmt/format.h>

#include "shape/axes.h"
#include "shape/operands.h"

namespace acuate {
namespace {

bool infer_recurrent(RuleContext& context) {
  if (!check_rank(context, 0, 3) || !check_rank(context, 1, 3) || !check_rank(context, 2, 3))
    return false;
  const bool batch_first = context.int_attribute("layout", 0) != 0;
  const std::string direction = context.string_attribute("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return context.refuse(
        fmt::format("direction is '{}', expected forward, reverse or bidirectional", direction));
  const Expr directions = direction == "bidirectional" ? 2 : 1;
  const Expr sequence = dim_of(context, 0, batch_first ? 1 : 0),
             batch = dim_of(context, 0, batch_first ? 0 : 1);
  const Expr of_weight = dim_of(context, 2, 2);
  Expr hidden = of_weight;
  if (const int64_t given = context.int_attribute("hidden_size", 0); given > 0) {
    if (!check_same(context, of_weight, given, "columns of R against hidden_size")) return false;
    hidden = given;
  }
  for (const size_t weight : {1U, 2U})
    if (!check_same(context, dim_of(context, weight, 0), directions,
                    fmt::format("directions of input {} against '{}'", weight, direction)))
      return false;
  const bool has_attention = context.node().op_type() == "AttnLSTM";  // feeds its context in too
  if (!has_attention && !check_same(context, dim_of(context, 1, 2), dim_of(context, 0, 2),
                                    "columns of W against the input's size"))
    return false;
  const ElementType element = context.element(0);
  context.set(0, element,
              batch_first ? Dims{batch, sequence, directions, hidden}
                          : Dims{sequence, directions, batch, hidden});
  const Dims last = batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden};
  context.set(1, element, last);
  context.set(2, element, last);  // the LSTM's cells
  return true;
}

// X, then quantized weights that are transposed: W [directions, input, 4 · hidden].
bool infer_dynamic_quantize_lstm(RuleContext& context) {
  if (!check_rank(context, 0, 3) || !check_rank(context, 1, 3) || !check_rank(context, 2, 3))
    return false;
  const int64_t given = context.int_attribute("hidden_size", 0);
  const Expr hidden = given > 0 ? Expr(given) : dim_of(context, 2, 1);
  const Expr directions =
      context.string_attribute("direction", "forward") == "bidirectional" ? 2 : 1;
  const Expr batch = dim_of(context, 0, 1);
  const ElementType element = context.element(0);
  context.set(0, element, Dims{dim_of(context, 0, 0), directions, batch, hidden});
  for (const size_t slot : {1U, 2U})
    if (slot < context.output_count()) context.set(slot, element, Dims{directions, batch, hidden});
  return true;
}

}  // namespace

void register_shape_recurrent(ShapeFamilyRegistry& registry) {
  registry.add({.id = "recurrent",
                .doc = "RNN, GRU and LSTM with layout and directions",
                .operators = {
                    {"", "RNN", false, infer_recurrent},
                    {"", "GRU", false, infer_recurrent},
                    {"", "LSTM", false, infer_recurrent},
                    {"com.microsoft", "AttnLSTM", false, infer_recurrent},
                    {"com.microsoft", "DynamicQuantizeLSTM", false, infer_dynamic_quantize_lstm}}});
}

}  // namespace acuate
