// Any bytes as a graph of shape data. What is inferred with named dimensions holds for numbers in
// their place, and inferring again after the numbers are put in gives what a fresh start gives.
#include <fmt/format.h>

#include "fuzz/fuzz_target.h"
#include "graph/model.h"
#include "graph/verify.h"
#include "shape/inference.h"

namespace acuate {
namespace fuzz {
const char* const kSeedFolders[2] = {nullptr, nullptr};
const char* const kSeedExtension = "";
}  // namespace fuzz

namespace {

constexpr int64_t kNumbers[] = {6, 4, 3};  // what the input's dimensions are
constexpr std::string_view kNames[] = {"a", "b", ""};
constexpr size_t kMaxNodes = 40;

ValueType input_type(Model& model, bool with_names) {
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = ElementType::Float;
  type.shape.emplace();
  for (size_t i = 0; i < std::size(kNumbers); ++i)
    if (with_names && !kNames[i].empty())
      type.shape->push_back({-1, model.intern(kNames[i])});
    else
      type.shape->push_back({kNumbers[i], {}});
  return type;
}

// Grows the graph by one instruction for every three bytes: an operator and two operands.
class Grower {
 public:
  Grower(Model& model, const uint8_t* data, size_t size)
      : model_(model), data_(data), size_(size) {}

  void run(bool with_names) {
    model_.set_ir_version(8);
    model_.set_opset("", 17);
    Graph& graph = model_.graph();
    Value* x = graph.add_value("x");
    graph.set_inputs({x});
    graph.set_type(*x, input_type(model_, with_names));
    tensors_.push_back(x);
    integers_.push_back(node("Shape", {x}));
    for (size_t i = 0; i + 2 < size_ && i < 3 * kMaxNodes; i += 3)
      step(data_[i], data_[i + 1], data_[i + 2]);
    Value* last = integers_.back();
    graph.set_outputs({last->producer != nullptr ? last : integers_.front()});
  }

 private:
  Value* integer(uint8_t byte) {
    return byte < 0xc0 ? integers_[byte % integers_.size()] : constant({byte % 8 - 1});
  }
  Value* tensor(uint8_t byte) { return tensors_[byte % tensors_.size()]; }
  Value* constant(std::initializer_list<int64_t> values) {
    Value* value = model_.graph().add_value(fmt::format("c{}", names_++));
    model_.graph().set_initializer(
        *value, Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
    return value;
  }
  Value* scalar(int64_t number) {
    Value* value = model_.graph().add_value(fmt::format("c{}", names_++));
    model_.graph().set_initializer(*value, Tensor::of<int64_t>({}, {number}));
    return value;
  }
  Value* node(const char* op, const std::vector<Value*>& inputs) {
    Value* output = model_.graph().add_value(fmt::format("v{}", names_++));
    last_ = model_.graph().add_node(op, "", "", inputs, {output});
    return output;
  }
  Value* node(const char* op, const std::vector<Value*>& inputs, const char* attribute,
              int64_t value) {
    Value* output = node(op, inputs);
    last_->set_attribute(encode_attribute(attribute, value));
    return output;
  }

  void step(uint8_t operation, uint8_t first, uint8_t second) {
    const auto number = static_cast<int64_t>(second % 8) - 3;
    switch (operation % 20) {
      case 0:
        integers_.push_back(node("Shape", {tensor(first)}));
        break;
      case 1:
        integers_.push_back(node("Shape", {tensor(first)}, "start", number));
        break;
      case 2:
        integers_.push_back(node("Gather", {integer(first), constant({number})}));
        break;
      case 3:
        integers_.push_back(node("Gather", {integer(first), scalar(number)}));
        break;
      case 4:
        integers_.push_back(node("Concat", {integer(first), integer(second)}, "axis", 0));
        break;
      case 5:
        integers_.push_back(
            node("Slice", {integer(first), constant({number}), constant({second / 8 - 8}),
                           constant({0}), constant({second % 3 == 0 ? -1 : 1})}));
        break;
      case 6:
        integers_.push_back(node("Add", {integer(first), integer(second)}));
        break;
      case 7:
        integers_.push_back(node("Sub", {integer(first), integer(second)}));
        break;
      case 8:
        integers_.push_back(node("Mul", {integer(first), integer(second)}));
        break;
      case 9:
        integers_.push_back(node("Div", {integer(first), integer(second)}));
        break;
      case 10:
        integers_.push_back(node("Mod", {integer(first), integer(second)}));
        break;
      case 11:
        integers_.push_back(node(second % 2 ? "Max" : "Min", {integer(first), integer(second)}));
        break;
      case 12:
        integers_.push_back(node("ReduceProd", {integer(first)}, "keepdims", second % 2));
        break;
      case 13:
        integers_.push_back(
            node(second % 2 ? "Squeeze" : "Unsqueeze", {integer(first), constant({0})}));
        break;
      case 14:
        integers_.push_back(node("Where", {node("Equal", {integer(first), integer(second)}),
                                           integer(second), integer(first)}));
        break;
      case 15:
        tensors_.push_back(node("Reshape", {tensor(first), integer(second)}));
        break;
      case 16:
        tensors_.push_back(node("Expand", {tensor(first), integer(second)}));
        break;
      case 17:
        tensors_.push_back(node("ConstantOfShape", {integer(first)}));
        break;
      case 18:
        integers_.push_back(
            node("Cast", {node("Floor", {node("Cast", {integer(first)}, "to", 1)})}, "to", 7));
        break;
      default:
        tensors_.push_back(
            node("Slice", {tensor(first), constant({0}), integer(second), constant({0})}));
    }
  }

  Model& model_;
  const uint8_t* data_;
  size_t size_;
  size_t names_ = 0;
  Node* last_ = nullptr;
  std::vector<Value*> integers_, tensors_;
};

std::optional<int64_t> number_of(const Expr& expr) {
  return expr.evaluate([](std::string_view name) -> std::optional<int64_t> {
    for (size_t i = 0; i < std::size(kNames); ++i)
      if (name == kNames[i]) return kNumbers[i];
    return std::nullopt;
  });
}

void compare(const Value& value, const char* what, const std::vector<Expr>& named,
             const std::vector<Expr>& fixed, int64_t named_denominator = 1,
             int64_t fixed_denominator = 1) {
  const auto describe = [&] {
    std::string text = fmt::format("{} of {}: ", what, value.name);
    for (const Expr& expr : named) text += expr.text() + " ";
    text += "against ";
    for (const Expr& expr : fixed) text += expr.text() + " ";
    return text;
  };
  fuzz::require(named.size() == fixed.size(), "another count with numbers", describe());
  for (size_t i = 0; i < named.size(); ++i) {
    const auto a = number_of(named[i]), b = fixed[i].as_number();
    if (a && b)
      fuzz::require(*a * fixed_denominator == *b * named_denominator, "another value with numbers",
                    describe());
  }
}

// What inference takes to be so of everything with names in it, and numbers may say otherwise: a
// divisor is positive, and no dimension in the target of a Reshape is 0, which means another one.
bool breaks_what_is_taken(const Model& named, const ShapeInference& of_named,
                          const ShapeInference& of_fixed) {
  for (const Node* node = named.graph().first(); node != nullptr; node = node->next()) {
    const bool divides = node->is_op("Div") || node->is_op("Mod");
    if (!divides && !node->is_op("Reshape")) continue;
    const Value* other = of_fixed.model().graph().find(node->input(1)->name);
    const ShapeData *a = of_named.data(*node->input(1)), *b = of_fixed.data(*other);
    if (a == nullptr || b == nullptr || a->values.size() != b->values.size()) continue;
    for (size_t i = 0; i < a->values.size(); ++i) {
      if (a->values[i].is_number()) continue;
      const auto number = b->values[i].as_number();
      if (number && (divides ? *number < 1 : *number == 0)) return true;
    }
  }
  return false;
}

void check(const uint8_t* data, size_t size) {
  Model named, fixed;
  Grower(named, data, size).run(true);
  Grower(fixed, data, size).run(false);
  ShapeInference of_named(named);
  const ShapeInference of_fixed(fixed);
  check_invariants(named);
  if (of_fixed.issues().empty() && of_named.issues().empty() &&
      !breaks_what_is_taken(named, of_named, of_fixed))
    for (const Value* value : named.graph().values()) {
      const Value* other = fixed.graph().find(value->name);
      if (const Dims* a = of_named.shape(*value), *b = of_fixed.shape(*other); a && b)
        compare(*value, "shape", *a, *b);
      if (const ShapeData* a = of_named.data(*value), *b = of_fixed.data(*other); a && b)
        compare(*value, "data", a->values, b->values, a->denominator, b->denominator);
    }
  named.graph().set_type(*named.graph().inputs()[0], input_type(named, false));
  of_named.update();
  for (const Value* value : named.graph().values()) {
    const Value* other = fixed.graph().find(value->name);
    fuzz::require(
        value->type.text() == other->type.text(), "a stale type",
        fmt::format("{}: {} against {}", value->name, value->type.text(), other->type.text()));
  }
}

}  // namespace
}  // namespace acuate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  acuate::check(data, size);
  return 0;
}
