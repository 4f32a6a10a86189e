#include "onnx_io/import_types.h"

#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {

Result<Dim> parse_dim(Bytes wire) {
  Dim dim;
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    if (field.number == dim_field::kValue) {
      if (field.int_value() >= 0)
        dim = {field.int_value(), {}};
      else
        dim = {};  // −1 is how some exporters write "unknown"
    }
    if (field.number == dim_field::kParam) dim = {-1, field.text()};
  }
  if (reader.failed()) return fail("malformed dimension");
  return dim;
}

}  // namespace

Result<ValueType> parse_type(Bytes wire) {
  ValueType type;
  type.wire = wire;
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    switch (field.number) {
      case type_field::kTensor:
      case type_field::kSparse: {
        type.kind = field.number == type_field::kTensor ? ValueType::Kind::Tensor
                                                        : ValueType::Kind::SparseTensor;
        WireReader tensor(field.payload);
        for (WireField inner; tensor.next(inner);) {
          if (inner.number == type_field::kElemType)
            type.element = static_cast<ElementType>(static_cast<int32_t>(inner.varint));
          if (inner.number != type_field::kShape) continue;
          type.shape.emplace();
          WireReader shape(inner.payload);
          for (WireField dim_wire; shape.next(dim_wire);) {
            if (dim_wire.number != 1) continue;
            auto dim = parse_dim(dim_wire.payload);
            if (!dim) return dim.error();
            type.shape->push_back(*dim);
          }
          if (shape.failed()) return fail("malformed shape");
        }
        if (tensor.failed()) return fail("malformed tensor type");
        break;
      }
      case type_field::kSequence:
        type.kind = ValueType::Kind::Sequence;
        break;
      case type_field::kMap:
        type.kind = ValueType::Kind::Map;
        break;
      case type_field::kOptional:
        type.kind = ValueType::Kind::Optional;
        break;
      case type_field::kOpaque:
        type.kind = ValueType::Kind::Opaque;
        break;
      default:
        break;
    }
  }
  if (reader.failed()) return fail("malformed type");
  return type;
}

Result<OpsetImport> parse_opset(Bytes wire) {
  OpsetImport import;
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    if (field.number == 1)
      import.domain = field.text() == "ai.onnx" ? std::string_view() : field.text();
    if (field.number == 2) import.version = field.int_value();
  }
  if (reader.failed()) return fail("malformed opset_import");
  return import;
}

Result<std::pair<std::string_view, std::string_view>> parse_entry(Bytes wire) {
  std::pair<std::string_view, std::string_view> entry;
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    if (field.number == 1) entry.first = field.text();
    if (field.number == 2) entry.second = field.text();
  }
  if (reader.failed()) return fail("malformed metadata entry");
  return entry;
}

std::string_view normal_domain(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

}  // namespace acuate
