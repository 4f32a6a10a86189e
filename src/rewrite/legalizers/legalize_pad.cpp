#include <algorithm>
#include <limits>

#include "rewrite/expansion.h"
#include "rewrite/facts.h"

namespace acuate {
namespace {

constexpr int64_t kMaxParts = 16;

// The constant that Pad fills in, of the type of what it pads; nothing where it is computed, or an
// attribute, which is a float32, for another type.
std::optional<Tensor> fill_of(const Node& node) {
  const ElementType type = node.input(0)->type.element;
  if (node.input(2) != nullptr) {
    auto number = known_tensor(node.input(2));
    if (!number || number->size() != 1 || number->type() != type) return std::nullopt;
    return number;
  }
  const float value = node.float_attribute("value", 0);
  if (type == ElementType::Float) return Tensor::of<float>({}, {value});
  return value == 0 ? std::optional(Tensor::allocate(type, {})) : std::nullopt;
}

// Types that the bytes of one element are copied of.
bool is_padded(ElementType type) { return is_floating_point(type) && element_bits(type) % 8 == 0; }

class Padder {
 public:
  Padder(Expansion& out, std::string mode, Tensor fill)
      : out_(out), mode_(std::move(mode)), fill_(std::move(fill)) {}

  // One axis; `shape` is that of `x`, then of the result.
  Value* pad(Value* x, Shape& shape, size_t axis, int64_t before, int64_t behind) {
    const int64_t size = shape[axis], at = static_cast<int64_t>(axis);
    std::vector<Value*> parts;
    if (mode_ == "constant") {
      if (before > 0) parts.push_back(filled(shape, axis, before));
      parts.push_back(x);
      if (behind > 0) parts.push_back(filled(shape, axis, behind));
    } else if (mode_ == "edge") {
      if (before > 0)
        parts.insert(parts.end(), static_cast<size_t>(before), out_.slice(x, at, 0, 1));
      parts.push_back(x);
      if (behind > 0)
        parts.insert(parts.end(), static_cast<size_t>(behind), out_.slice(x, at, size - 1, size));
    } else if (mode_ == "reflect") {
      if (before > 0) parts.push_back(out_.slice(x, at, before, 0, -1));
      parts.push_back(x);
      // Downward, behind the first one: -1 would count from the end.
      const int64_t end = size - 2 - behind;
      if (behind > 0)
        parts.push_back(
            out_.slice(x, at, size - 2, end < 0 ? std::numeric_limits<int64_t>::min() : end, -1));
    } else {
      if (before > 0) parts.push_back(out_.slice(x, at, size - before, size));
      parts.push_back(x);
      if (behind > 0) parts.push_back(out_.slice(x, at, 0, behind));
    }
    shape[axis] += before + behind;
    return out_.add("Concat", parts, {{"axis", at}});
  }

 private:
  Value* filled(Shape shape, size_t axis, int64_t size) {
    shape[axis] = size;
    Tensor tensor = Tensor::allocate(fill_.type(), shape);
    const auto element = fill_.bytes();
    const auto bytes = tensor.mutable_bytes();
    for (size_t at = 0; at < bytes.size(); at += element.size())
      std::ranges::copy(element, bytes.begin() + static_cast<ptrdiff_t>(at));
    return out_.constant(tensor);
  }

  Expansion& out_;
  std::string mode_;
  Tensor fill_;  // a scalar
};

std::optional<std::string> rewrite(Node& node, const LegalizeContext& context) {
  Value* x = node.input(0);
  if (x == nullptr || !is_padded(x->type.element)) return "its elements are no floats";
  if (node.graph().opset_version() < 10) return "Slice has steps from opset 10 on";
  auto shape = known_shape(x);
  if (!shape) return "the shape of its input is not known";
  const auto pads = ints_of(node, "pads", 1, context);
  auto fill = fill_of(node);
  if (node.input(3) != nullptr) return "it names its axes";
  if (!pads || pads->size() != 2 * shape->size() || !fill) return "its pads are not constant";
  const std::string mode = node.string_attribute("mode", "constant");
  bool pads_any = false;
  for (size_t i = 0; i < pads->size(); ++i) {
    const int64_t size = (*shape)[i % shape->size()], amount = (*pads)[i];
    if (amount < 0) return "it crops";
    if ((mode == "reflect" && amount >= size) || (mode == "wrap" && amount > size) ||
        (mode == "edge" && (amount > kMaxParts || size < 1)))
      return "it pads by more than its input has, or by more than 16 edges";
    pads_any |= amount > 0;
  }
  if (!pads_any) return "it pads nothing";
  Expansion out(node, context);
  Padder padder(out, mode, *std::move(fill));
  const size_t rank = shape->size();
  for (size_t axis = 0; axis < rank; ++axis)
    if ((*pads)[axis] > 0 || (*pads)[axis + rank] > 0)
      x = padder.pad(x, *shape, axis, (*pads)[axis], (*pads)[axis + rank]);
  return out.finish(x);
}

}  // namespace

void register_rewrite_legalize_pad(LegalizerRegistry& registry) {
  registry.add({.id = "legalize_pad",
                .doc =
                    "Pad with edges, reflected or wrapped parts, or a finite constant around known "
                    "shapes becomes Slice and Concat along each axis; at most 16 parts an axis.",
                .exactness = Exactness::Exact,
                .operators = {"Pad"},
                .uses = {"Slice", "Concat"},
                .rewrite = rewrite});
}

}  // namespace acuate
