// If, Loop and Scan, whose bodies read values of the graphs around them.
#include "property/recipes.h"

namespace acuate::property {
namespace {

constexpr size_t kMaxDepth = 2;

void fill(Builder& b) {
  for (int64_t i = b.random().between(1, 3); i > 0; --i) grow(b);
}

// A value that the body itself makes, of this type and, where asked for, of this shape; what is
// around it, passed on, where there is none.
const Item* result(Builder& b, const Tensor& like, bool same_shape) {
  const Item* found = b.random().chance(0.2) ? nullptr : b.pick([&](const Item& item) {
    return b.is_inner(item) && item.type() == like.type() &&
           (same_shape ? item.shape() == like.shape() : item.shape().size() == like.shape().size());
  });
  if (found == nullptr)
    found = b.pick([&](const Item& item) {
      return item.type() == like.type() && item.shape() == like.shape();
    });
  if (found == nullptr) found = b.constant(b.random_tensor(like.type(), like.shape()));
  return b.node("Identity", {found});
}

const Item* condition(Builder& b) {
  if (b.random().chance(0.3))
    return b.constant(
        b.random_tensor(ElementType::Bool, b.random().chance(0.7) ? Shape{} : Shape{1}));
  if (b.random().chance(0.5)) {
    const Item* found = b.pick([](const Item& item) {
      return item.type() == ElementType::Bool && item.value.size() == 1 && item.rank() <= 1;
    });
    if (found != nullptr) return found;
  }
  const Item* number = b.pick(
      [](const Item& item) { return item.type() == ElementType::Int64 && item.rank() == 0; });
  if (number == nullptr) return nullptr;
  return b.node(b.random().chance(0.5) ? "Equal" : "Less",
                {number, b.scalar(b.random().between(0, 4))});
}

void branch(Builder& b) {
  if (b.depth() >= kMaxDepth) return;
  const Item* chosen = condition(b);
  const Item* like = b.pick([](const Item& item) { return item.type() == ElementType::Float; });
  if (chosen == nullptr || like == nullptr) return;
  const bool same_shape = b.random().chance(0.7);
  const size_t count = b.random().chance(0.8) ? 1 : 2;
  Attributes bodies;
  for (const char* name : {"then_branch", "else_branch"}) {
    b.begin_body();
    fill(b);
    Items outputs;
    for (size_t i = 0; i < count; ++i) outputs.push_back(result(b, like->value, same_shape));
    if (std::count(outputs.begin(), outputs.end(), nullptr) > 0) {
      b.end_body({});
      return;
    }
    bodies.push_back(MakeAttribute(name, b.end_body(outputs)));
  }
  b.nodes("If", {chosen}, bodies, count);
}

void loop(Builder& b) {
  if (b.depth() >= kMaxDepth || b.opset() < 11) return;
  const Item* carried = b.pick_float();
  if (carried == nullptr) return;
  const bool counted = b.random().chance(0.8);
  const Item* trips = counted ? b.scalar(b.random().between(0, 3)) : nullptr;
  const Item* start =
      !counted || b.random().chance(0.4) ? b.constant(Tensor::of<bool>({}, {true})) : nullptr;
  b.begin_body();
  const Item* iteration = b.body_input(Tensor::of<int64_t>({}, {0}));
  const Item* going = b.body_input(Tensor::of<bool>({}, {true}));
  b.body_input(carried->value);
  fill(b);
  const Item* on = counted && b.random().chance(0.6) ? b.node("Identity", {going})
                                                     : b.node("Less", {iteration, b.scalar(1)});
  Items outputs{on, result(b, carried->value, true)};
  const bool scans = b.random().chance(0.5);
  if (scans) outputs.push_back(result(b, carried->value, true));
  const bool complete = std::count(outputs.begin(), outputs.end(), nullptr) == 0;
  const onnx::GraphProto body = b.end_body(complete ? outputs : Items{});
  if (complete)
    b.nodes("Loop", {trips, start, carried}, {MakeAttribute("body", body)}, scans ? 2 : 1);
}

void scan(Builder& b) {
  if (b.depth() >= kMaxDepth || b.opset() < 11) return;
  const Item* sequence = b.pick_float(1);
  if (sequence == nullptr || sequence->shape()[0] == 0 || sequence->shape()[0] > 8) return;
  const Shape element(sequence->shape().begin() + 1, sequence->shape().end());
  const Item* state = b.constant(b.random_tensor(ElementType::Float, element));
  b.begin_body();
  b.body_input(state->value);
  b.body_input(b.random_tensor(ElementType::Float, element));
  fill(b);
  const Items outputs{result(b, state->value, true), result(b, state->value, true)};
  const bool complete = std::count(outputs.begin(), outputs.end(), nullptr) == 0;
  const onnx::GraphProto body = b.end_body(complete ? outputs : Items{});
  if (complete)
    b.nodes("Scan", {state, sequence},
            {MakeAttribute("body", body), MakeAttribute("num_scan_inputs", int64_t{1})}, 2);
}

}  // namespace

std::vector<Recipe> control_flow_recipes() {
  return {{"branch", 5, branch}, {"loop", 3, loop}, {"scan", 2, scan}};
}

}  // namespace acuate::property
