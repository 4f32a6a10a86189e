#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/value_type.h"
#include "shape/expr.h"

namespace acuate {

using Dims = std::vector<Expr>;

// The type of a value with dimensions as expressions. A default one says nothing.
struct SymbolicType {
  ValueType::Kind kind = ValueType::Kind::Unknown;
  ElementType element = ElementType::Undefined;  // of a tensor
  std::optional<Dims> shape;                     // of a tensor; nothing: unknown rank
  std::shared_ptr<const SymbolicType> item;      // of a sequence or optional
  Bytes wire;  // of a map or opaque type: the TypeProto as it came

  static SymbolicType tensor(ElementType element, std::optional<Dims> shape);
  static SymbolicType sequence(SymbolicType item);
  static SymbolicType optional(SymbolicType item);
  bool is_tensor() const { return kind == ValueType::Kind::Tensor; }
  std::string text() const;  // `float32[batch, (h + 1)//2]`
  bool operator==(const SymbolicType& other) const;
};

// What two types of one value have in common: dimensions that differ become unknown, other ranks an
// unknown rank, other kinds nothing.
SymbolicType common_type(const SymbolicType& a, const SymbolicType& b);

// The elements of a small tensor, row-major: value / denominator each. Integers and booleans have
// denominator 1; of floats only exact fractions are carried, dimensions being taken to be below
// 2²⁴, where float32 counts exactly.
struct ShapeData {
  std::vector<Expr> values;
  int64_t denominator = 1;

  bool operator==(const ShapeData& other) const = default;
};

}  // namespace acuate
