#include <algorithm>
#include <numeric>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"
#include "rewrite/surgery.h"

namespace acuate {
namespace {

// One exchange of neighbouring groups of axes: [before, first, second, behind] becomes
// [before, second, first, behind].
struct Exchange {
  int64_t before = 1, first = 1, second = 1, behind = 1;
};

// Sorts by moving each run of axes that stay neighbours to its place, from the left.
std::vector<Exchange> exchanges_of(const Shape& shape, const std::vector<int64_t>& permutation) {
  std::vector<int64_t> order(shape.size());
  std::iota(order.begin(), order.end(), 0);
  const auto volume = [&](size_t begin, size_t end) {
    int64_t product = 1;
    for (size_t i = begin; i < end; ++i) product *= shape[static_cast<size_t>(order[i])];
    return product;
  };
  std::vector<Exchange> out;
  for (size_t place = 0; place < order.size(); ++place) {
    const auto found = static_cast<size_t>(
        std::find(order.begin(), order.end(), permutation[place]) - order.begin());
    if (found == place) continue;
    size_t end = found + 1;  // axes behind it that come along
    while (end < order.size() && place + end - found < permutation.size() &&
           permutation[place + end - found] == order[end])
      ++end;
    const Exchange exchange{volume(0, place), volume(place, found), volume(found, end),
                            volume(end, order.size())};
    // Where one side is single elements, the bytes stay where they are.
    if (exchange.first != 1 && exchange.second != 1) out.push_back(exchange);
    std::rotate(order.begin() + static_cast<int64_t>(place),
                order.begin() + static_cast<int64_t>(found),
                order.begin() + static_cast<int64_t>(end));
  }
  return out;
}

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* apart = node.input(0);
  Value* moved = node.output();
  if (apart == nullptr || apart->producer == nullptr || !apart->producer->is_op("Reshape"))
    return "no Reshape stands before it";
  Node* last = sole_reader(*moved);
  if (last == nullptr || !last->is_op("Reshape") || last->input(0) != moved)
    return "not a Reshape alone reads it";
  if (sole_reader(*apart) != &node) return "the Reshape before it has another reader";
  const auto shape = known_shape(apart);
  const auto result = known_shape(last->output());
  if (!shape || !result) return "its shapes are not known";
  const auto permutation = node.ints_attribute("perm");
  if (permutation.size() != shape->size()) return "it reverses its axes";
  if (shape->size() < 5) return "it has four dimensions or fewer";
  if (element_count(*shape).value_or(0) == 0) return "it is empty";
  Value* x = apart->producer->input(0);
  // Written in the place of the last node, whose result it gives.
  last->set_input(0, x);
  Expansion out(*last, context);
  for (const Exchange& exchange : exchanges_of(*shape, permutation)) {
    const bool has_before = exchange.before != 1, has_behind = exchange.behind != 1;
    Shape pieces;
    std::vector<int64_t> order;
    if (has_before) {
      pieces.push_back(exchange.before);
      order.push_back(0);
    }
    order.push_back(static_cast<int64_t>(pieces.size()) + 1);
    order.push_back(static_cast<int64_t>(pieces.size()));
    pieces.push_back(exchange.first);
    pieces.push_back(exchange.second);
    if (has_behind) {
      order.push_back(static_cast<int64_t>(pieces.size()));
      pieces.push_back(exchange.behind);
    }
    x = out.transpose(out.reshape(x, pieces), order);
  }
  out.finish(out.reshape(x, *result));
  remove_unused(*moved);
  return std::nullopt;
}

}  // namespace

void register_rewrite_legalize_transpose_rank(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_transpose_rank",
                .doc =
                    "A Transpose between two Reshapes (ShuffleNet, PixelShuffle, windows of Swin) "
                    "becomes Transposes of at most four dimensions, each an exchange of two "
                    "neighbouring groups of axes, with Reshapes between them.",
                .exactness = Exactness::Exact,
                .operators = {"Transpose"},
                .uses = {"Reshape", "Transpose"},
                .rewrite = rewrite});
}

}  // namespace acuate
