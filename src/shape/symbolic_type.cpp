#include "shape/symbolic_type.h"

#include "base/text.h"
#include "shape/engine.h"

namespace acuate {

SymbolicType SymbolicType::tensor(ElementType element, std::optional<Dims> shape) {
  SymbolicType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = element;
  type.shape = std::move(shape);
  return type;
}

SymbolicType SymbolicType::sequence(SymbolicType item) {
  SymbolicType type;
  type.kind = ValueType::Kind::Sequence;
  type.item = std::make_shared<const SymbolicType>(std::move(item));
  return type;
}

SymbolicType SymbolicType::optional(SymbolicType item) {
  SymbolicType type = sequence(std::move(item));
  type.kind = ValueType::Kind::Optional;
  return type;
}

bool SymbolicType::operator==(const SymbolicType& other) const {
  if (kind != other.kind || element != other.element || shape != other.shape) return false;
  if (as_text(wire) != as_text(other.wire)) return false;
  if ((item == nullptr) != (other.item == nullptr)) return false;
  return item == nullptr || item == other.item || *item == *other.item;
}

std::string SymbolicType::text() const {
  switch (kind) {
    case ValueType::Kind::Unknown:
      return "unknown";
    case ValueType::Kind::Sequence:
      return "sequence of " + (item ? item->text() : "unknown");
    case ValueType::Kind::Optional:
      return "optional " + (item ? item->text() : "unknown");
    case ValueType::Kind::Map:
      return "map";
    case ValueType::Kind::Opaque:
      return "opaque";
    case ValueType::Kind::SparseTensor:
    case ValueType::Kind::Tensor:
      break;
  }
  std::string out = kind == ValueType::Kind::SparseTensor ? "sparse " : "";
  out += element_type_name(element);
  if (!shape) return out + "[*]";
  std::vector<std::string> dims;
  for (const Expr& dim : *shape) dims.push_back(to_valid_utf8(dim.text()));
  return out + "[" + join(dims, ", ") + "]";
}

SymbolicType common_type(const SymbolicType& a, const SymbolicType& b) {
  if (a.kind != b.kind) return {};
  SymbolicType common = a;
  if (a.element != b.element) common.element = ElementType::Undefined;
  if (a.item != nullptr && b.item != nullptr)
    common.item = std::make_shared<const SymbolicType>(common_type(*a.item, *b.item));
  if (!a.shape || !b.shape || a.shape->size() != b.shape->size()) {
    common.shape.reset();
    return common;
  }
  for (size_t i = 0; i < a.shape->size(); ++i)
    if (!((*a.shape)[i] == (*b.shape)[i])) (*common.shape)[i] = Expr::unknown();
  return common;
}

// --- to and from the graph's types --------------------------------------------------------------

SymbolicType ShapeEngine::from_value_type(const Value& value, const ValueType& type) {
  SymbolicType out;
  out.kind = type.kind;
  out.element = type.element;
  out.wire = type.wire;
  switch (type.kind) {
    case ValueType::Kind::Tensor:
    case ValueType::Kind::SparseTensor:
      out.wire = {};
      if (!type.shape) return out;
      out.shape.emplace();
      for (size_t i = 0; i < type.shape->size(); ++i) {
        const Dim& dim = (*type.shape)[i];
        out.shape->push_back(dim.is_known() ? Expr(dim.value) : pool_.parse(dim.name));
      }
      name_unknown(value, out);
      return out;
    default:
      return out;
  }
}

void ShapeEngine::write_type(Value& value, const SymbolicType& type) {
  ValueType out;
  out.kind = type.kind;
  out.element = type.element;
  if (!type.is_tensor()) {
    // A sequence keeps its declaration, or is told as what it is.
    if (value.type.kind == type.kind && !value.type.wire.empty()) return;
    if (type.kind == ValueType::Kind::Unknown) {
      if (value.type.kind == ValueType::Kind::Unknown || value.is_input) return;
    }
    out.wire = type.wire;
  } else if (type.shape) {
    out.shape.emplace();
    for (const Expr& dim : *type.shape)
      out.shape->push_back(dim.is_number() ? Dim{*dim.as_number(), {}}
                                           : Dim{-1, interned_name(dim)});
  }
  if (value.type.kind == out.kind && value.type.element == out.element &&
      value.type.shape == out.shape && type.is_tensor())
    return;
  const bool is_declared_outside = value.is_output() && value.graph == &model_.graph();
  if (!is_declared_outside) {
    value.graph->set_inferred_type(value, std::move(out));
    return;
  }
  // The names that the model gives to open dimensions of its outputs are its interface.
  const auto said = declarations_.find(&value);
  if (is_believed(value) && said != declarations_.end() && out.shape)
    if (const auto& dims = said->second.shape; dims && dims->size() == out.shape->size())
      for (size_t i = 0; i < dims->size(); ++i)
        if (!(*out.shape)[i].is_known() && !(*dims)[i].name.empty()) (*out.shape)[i] = (*dims)[i];
  if (value.type.kind == out.kind && value.type.element == out.element &&
      value.type.shape == out.shape)
    return;
  value.graph->set_type(value, std::move(out));
}

}  // namespace acuate
