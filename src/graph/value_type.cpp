#include "graph/value_type.h"

#include <algorithm>

#include "base/text.h"

namespace acuate {

std::string Dim::text() const {
  if (is_known()) return std::to_string(value);
  return name.empty() ? "?" : to_valid_utf8(name);
}

bool ValueType::is_static() const {
  return kind == Kind::Tensor && shape &&
         std::all_of(shape->begin(), shape->end(), [](const Dim& d) { return d.is_known(); });
}

std::optional<Shape> ValueType::static_shape() const {
  if (!is_static()) return std::nullopt;
  Shape out;
  for (const Dim& dim : *shape) out.push_back(dim.value);
  return out;
}

std::string ValueType::text() const {
  switch (kind) {
    case Kind::Unknown:
      return "unknown";
    case Kind::Sequence:
      return "sequence";
    case Kind::Map:
      return "map";
    case Kind::Optional:
      return "optional";
    case Kind::Opaque:
      return "opaque";
    case Kind::Tensor:
    case Kind::SparseTensor:
      break;
  }
  std::string out = std::string(kind == Kind::SparseTensor ? "sparse " : "") +
                    std::string(element_type_name(element));
  if (!shape) return out + "[*]";
  std::vector<std::string> dims;
  for (const Dim& dim : *shape) dims.push_back(dim.text());
  return out + "[" + join(dims, ", ") + "]";
}

}  // namespace acuate
