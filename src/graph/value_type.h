#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/element_type.h"
#include "graph/tensor.h"
#include "graph/wire.h"

namespace acuate {

// One dimension: a number, a name (dim_param), or unknown.
struct Dim {
  int64_t value = -1;     // ≥ 0 when known
  std::string_view name;  // interned in the model

  bool is_known() const { return value >= 0; }
  std::string text() const;  // `3`, `batch`, `?`
  bool operator==(const Dim&) const = default;
};

// The declared or inferred type of a value. Sequences, maps and optionals keep their TypeProto.
struct ValueType {
  enum class Kind { Unknown, Tensor, SparseTensor, Sequence, Map, Optional, Opaque };
  Kind kind = Kind::Unknown;
  ElementType element = ElementType::Undefined;
  std::optional<std::vector<Dim>> shape;  // nothing: unknown rank
  Bytes wire;                             // TypeProto; empty when built here

  bool is_static() const;  // a tensor whose every dimension is a number
  std::optional<Shape> static_shape() const;
  std::string text() const;  // `float32[1, 3, h, w]`
};

}  // namespace acuate
