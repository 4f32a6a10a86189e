#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "graph/model.h"
#include "shape/symbolic_type.h"

namespace acuate {

class ShapeEngine;
struct FunctionCall;

// What a rule sees of one node, and where it puts what it finds. Slots are those of the node.
class RuleContext {
 public:
  RuleContext(ShapeEngine& engine, Node& node) : engine_(engine), node_(node) {}

  Node& node() const { return node_; }
  ExprPool& pool() const;
  int64_t opset() const;  // of the node's domain
  size_t input_count() const { return node_.input_count(); }
  size_t output_count() const { return node_.outputs().size(); }
  bool has_input(size_t slot) const { return node_.input(slot) != nullptr; }
  bool has_output(size_t slot) const { return node_.output(slot) != nullptr; }

  const SymbolicType* type(size_t slot) const;                     // null: omitted or nothing known
  ElementType element(size_t slot) const;                          // Undefined where unknown
  const Dims* shape(size_t slot) const;                            // null: omitted or unknown rank
  const ShapeData* data(size_t slot) const;                        // null: omitted or unknown
  std::optional<std::vector<Expr>> integers(size_t slot) const;    // data without fractions
  std::optional<std::vector<int64_t>> numbers(size_t slot) const;  // … that are all numbers
  std::optional<Tensor> constant(
      size_t slot) const;  // an initializer or Constant of up to 1,024 elements, loaded

  // Attributes; inside a function those of the call where they refer to it.
  const Attribute* attribute(std::string_view name) const;
  int64_t int_attribute(std::string_view name, int64_t fallback) const;
  float float_attribute(std::string_view name, float fallback) const;
  std::string string_attribute(std::string_view name, std::string_view fallback) const;
  std::optional<std::vector<int64_t>> ints_attribute(std::string_view name) const;

  // Unknown dimensions get a symbol of their own. A slot that the node omits is passed over.
  void set(size_t slot, ElementType element, std::optional<Dims> shape);
  void set_type(size_t slot, SymbolicType type);
  // Elements that are unknown get a symbol of their own. Kept for up to 1,024 elements.
  void set_data(size_t slot, ShapeData data);
  // The node cannot take these inputs: `why` says what was found against what is expected; the
  // sources of the inputs are added. Always false, for `return context.refuse(…)`.
  bool refuse(std::string why);
  bool is_refused() const { return refused_; }

  // Infers a body for these types of its inputs (fewer: the rest is unknown) and gives the types of
  // its outputs. Nothing where the attribute holds no graph.
  struct Body {
    std::vector<SymbolicType> outputs;
  };
  std::optional<Body> infer_body(std::string_view attribute,
                                 std::span<const SymbolicType> inputs) const;

  std::string describe(size_t slot) const;  // `'w' float32[4, 5] (initializer)`

 private:
  friend class ShapeEngine;
  ShapeEngine& engine_;
  Node& node_;
  std::vector<SymbolicType> types_;
  std::vector<std::optional<ShapeData>> data_;
  bool refused_ = false;
};

// Gives the types, and where it can the data, of the outputs. True: what it set is all there is to
// say. False: the onnx library's rule is asked instead (unless the rule refused).
using ShapeRule = bool (*)(RuleContext&);

struct OperatorRule {
  std::string domain;  // "" for ai.onnx
  std::string op_type;
  bool has_data = false;  // carries the data of small tensors through
  ShapeRule infer = nullptr;
};

// The rules of rules/<id>.cpp.
struct ShapeFamily {
  std::string id;
  std::string doc;
  std::vector<OperatorRule> operators;
};
using ShapeFamilyRegistry = Registry<ShapeFamily>;

void register_all_rules(ShapeFamilyRegistry& registry);
const ShapeFamilyRegistry& shape_families();
const OperatorRule* find_rule(std::string_view domain, std::string_view op_type);

// Every operator of the onnx library's newest opsets and of our rules, with what infers it: own
// rule (symbolic dimensions; data where marked), the library's, or nothing.
struct RuleCoverage {
  std::string domain, op_type;
  enum class By { OwnRule, Library, Nothing } by = By::Nothing;
  bool has_data = false;
  std::string family;
};
std::vector<RuleCoverage> rule_coverage();

}  // namespace acuate
