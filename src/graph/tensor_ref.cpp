#include "graph/tensor_ref.h"

#include <cstring>

#include "base/text.h"
#include "graph/stored_bytes.h"

namespace acuate {
namespace {

// Field numbers of TensorProto, onnx.proto3.
enum TensorField : uint32_t {
  kDims = 1,
  kDataType = 2,
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
  kExternalData = 13,
  kDataLocation = 14,
};

struct ExternalEntries {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

Result<void> read_entry(const WireField& field, ExternalEntries& entries) {
  std::string_view key, value;
  WireReader reader(field.payload);
  for (WireField f; reader.next(f);) {
    if (f.number == 1) key = f.text();
    if (f.number == 2) value = f.text();
  }
  if (reader.failed()) return fail("malformed external_data entry");
  if (key == "location") entries.location = value;
  if (key != "offset" && key != "length") return {};
  const auto number = parse_int(value);
  if (!number || *number < 0)
    return fail("external_data {} is '{}', expected a byte count", key, to_valid_utf8(value));
  if (key == "offset") entries.offset = static_cast<uint64_t>(*number);
  if (key == "length") entries.length = static_cast<uint64_t>(*number);
  return {};
}

Result<TensorRef::External> resolve_external(const ExternalEntries& entries, uint64_t expected,
                                             const std::filesystem::path& folder) {
  auto path = resolve_inside(folder, entries.location);
  if (!path) return fail("external data location {}", path.error().message);
  std::error_code code;
  const uint64_t file_size = std::filesystem::file_size(*path, code);
  if (code)
    return fail("external data file {}: {}; it must lie beside the model", path->string(),
                code.message());
  const uint64_t length = entries.length.value_or(expected);
  if (length != expected)
    return fail("external data has {} bytes, but type and shape need {}", length, expected);
  if (entries.offset > file_size || length > file_size - entries.offset)
    return fail("external data range {}+{} ends outside {} ({} bytes)", entries.offset, length,
                path->string(), file_size);
  return TensorRef::External{entries.location, *path, entries.offset, length};
}

// Payloads of the typed fields, decoded to raw_data layout.
struct TypedData {
  std::vector<int64_t> integers;  // int32_data, int64_data, uint64_data
  std::string fixed;              // float_data, double_data: little-endian already
};

bool append_typed(const WireField& field, TypedData& data) {
  switch (field.number) {
    case kInt32Data:
    case kInt64Data:
    case kUint64Data:
      return append_varints(field, data.integers);
    case kFloatData:
    case kDoubleData:
      if (field.type == WireType::Length) {
        data.fixed += field.text();
        return true;
      }
      if (field.type != (field.number == kFloatData ? WireType::Fixed32 : WireType::Fixed64))
        return false;
      data.fixed.append(reinterpret_cast<const char*>(&field.varint),
                        field.number == kFloatData ? 4 : 8);
      return true;
    default:
      return true;
  }
}

Result<Tensor> pack_integers(const TensorRef& ref, const std::vector<int64_t>& integers) {
  Tensor tensor = Tensor::allocate(ref.type, ref.shape);
  const auto out = tensor.mutable_bytes();
  const int bits = element_bits(ref.type);
  // int32_data holds one element an entry, except below 8 bits: there an entry is a byte of packed
  // elements.
  const size_t width = bits < 8 ? 1 : static_cast<size_t>(bits) / 8;
  if (integers.size() * width != out.size())
    return fail("holds {} values, but shape {} needs {}", integers.size(), format_shape(ref.shape),
                out.size() / width);
  for (size_t i = 0; i < integers.size(); ++i)
    std::memcpy(out.data() + i * width, &integers[i], width);
  return tensor;
}

}  // namespace

Result<TensorRef> parse_tensor(Bytes wire, const std::filesystem::path& model_folder) {
  TensorRef ref;
  ref.wire = wire;
  bool external = false;
  ExternalEntries entries;
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    switch (field.number) {
      case kDims:
        if (!append_varints(field, ref.shape)) return fail("malformed dims");
        break;
      case kDataType:
        ref.type = static_cast<ElementType>(static_cast<int32_t>(field.varint));
        break;
      case kDataLocation:
        external = field.varint == 1;
        break;
      case kExternalData:
        if (auto read = read_entry(field, entries); !read) return read.error();
        break;
      default:
        break;
    }
  }
  if (reader.failed())
    return fail("malformed tensor at byte {} of {}", reader.position(), wire.size());
  if (!element_count(ref.shape))
    return fail("shape {} is negative or too large", format_shape(ref.shape));
  if (external) {
    const auto size = tensor_size_bytes(ref.type, ref.shape);
    if (!size)
      return fail("external data of type {} has no stated size", element_type_name(ref.type));
    auto resolved = resolve_external(entries, *size, model_folder);
    if (!resolved) return resolved.error();
    ref.external = std::move(*resolved);
  }
  return ref;
}

std::optional<Bytes> stored_bytes(const TensorRef& ref) {
  if (ref.resident) return ref.resident->bytes();
  if (ref.external) return std::nullopt;
  WireReader reader(ref.wire);
  for (WireField field; reader.next(field);)
    if (field.number == kRawData && field.type == WireType::Length)
      return tensor_size_bytes(ref.type, ref.shape) == field.payload.size()
                 ? std::optional(field.payload)
                 : std::nullopt;
  return std::nullopt;
}

Result<Tensor> TensorRef::load(std::shared_ptr<const void> owner) const {
  const auto expected = tensor_size_bytes(type, shape);
  if (!expected)
    return fail("tensors of type {} have no dense numeric content", element_type_name(type));
  if (resident) return *resident;
  if (external) {
    auto file = MappedFile::open(external->path);
    if (!file) return file.error();
    if ((*file)->bytes().size() < external->offset + external->size_bytes)
      return fail("{} became shorter than its model says", external->path.string());
    return Tensor::view(type, shape,
                        (*file)->bytes().subspan(external->offset, external->size_bytes), *file);
  }
  TypedData typed;
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    if (field.number == kRawData && field.type == WireType::Length) {
      if (field.payload.size() != *expected)
        return fail("raw_data has {} bytes, but {} {} needs {}", field.payload.size(),
                    element_type_name(type), format_shape(shape), *expected);
      return Tensor::view(type, shape, field.payload, std::move(owner));
    }
    if (!append_typed(field, typed)) return fail("malformed data field {}", field.number);
  }
  if (!typed.fixed.empty()) {
    if (typed.fixed.size() != *expected)
      return fail("holds {} bytes of values, but {} {} needs {}", typed.fixed.size(),
                  element_type_name(type), format_shape(shape), *expected);
    Tensor tensor = Tensor::allocate(type, shape);
    std::memcpy(tensor.mutable_bytes().data(), typed.fixed.data(), typed.fixed.size());
    return tensor;
  }
  return pack_integers(*this, typed.integers);
}

WireRope encode_tensor(const Tensor& tensor, std::string_view name) {
  WireRope rope;
  if (!tensor.shape().empty()) rope.packed_varint_field(kDims, tensor.shape());
  rope.varint_field(kDataType, static_cast<uint64_t>(tensor.type()));
  if (!name.empty()) rope.text_field(kName, name);
  rope.view_field(kRawData, tensor.bytes());
  return rope;
}

}  // namespace acuate
