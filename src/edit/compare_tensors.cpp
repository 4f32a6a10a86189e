#include "edit/compare_tensors.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/hash.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {

// IEEE 754 binary16.
double from_float16(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const double mantissa = bits & 0x3FF;
  const double sign = bits >> 15 != 0 ? -1.0 : 1.0;
  if (exponent == 0x1F)
    return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 1024, exponent - 25);
}

// The upper half of a float32.
double from_bfloat16(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template <class T, class ToDouble>
TensorDifference compare(const Tensor& a, const Tensor& b, ToDouble to_double) {
  TensorDifference out;
  double largest = 0;
  bool comparable = true;
  const auto left = a.values<T>();
  const auto right = b.values<T>();
  for (size_t i = 0; i < left.size(); ++i) {
    if (std::memcmp(&left[i], &right[i], sizeof(T)) == 0) continue;
    ++out.differing;
    const double x = to_double(left[i]), y = to_double(right[i]);
    if ((std::isnan(x) && std::isnan(y)) || x == y) continue;
    const double difference = std::abs(x - y);
    if (std::isfinite(difference))
      largest = std::max(largest, difference);
    else
      comparable = false;
  }
  if (comparable)
    out.max_abs_difference = largest;
  else
    out.reason = "NaN or infinity on one side only";
  return out;
}

template <class T>
TensorDifference compare_numbers(const Tensor& a, const Tensor& b) {
  return compare<T>(a, b, [](T value) { return static_cast<double>(value); });
}

std::string by_bytes(ElementType type) {
  return fmt::format("values of {} are compared by bytes", element_type_name(type));
}

TensorDifference compare_bytes(const Tensor& a, const Tensor& b) {
  TensorDifference out;
  for (size_t i = 0; i < a.bytes().size(); ++i)
    out.differing += a.bytes()[i] != b.bytes()[i] ? 1 : 0;
  if (out.differing == 0)
    out.max_abs_difference = 0;
  else
    out.reason = by_bytes(a.type());
  return out;
}

// What two blocks of a tensor have different goes into what all of it has.
void add(TensorDifference& all, const TensorDifference& block) {
  all.differing += block.differing;
  if (!block.max_abs_difference) all.reason = block.reason;
  if (!all.reason.empty())
    all.max_abs_difference.reset();
  else
    all.max_abs_difference =
        std::max(all.max_abs_difference.value_or(0), *block.max_abs_difference);
}

// The content as it lies in the model; nothing where it does not lie there as a whole.
std::optional<Bytes> raw_data(const TensorRef& ref) {
  if (ref.resident) return ref.resident->bytes();
  if (ref.external) return std::nullopt;
  WireReader reader(ref.wire);
  for (WireField field; reader.next(field);)
    if (field.number == tensor_field::kRawData && field.payload.size() == ref.size_bytes())
      return field.payload;
  return std::nullopt;
}

// A weight's content, parts of it at a time: where it lies, or, of a data file, in one buffer.
class ContentReader {
 public:
  ContentReader(const Model& model, const TensorRef& ref) : size_bytes_(ref.size_bytes()) {
    if (const auto raw = raw_data(ref)) {
      bytes_ = *raw;
    } else if (ref.external) {
      file_.open(ref.external->path, std::ios::binary);
      begin_ = ref.external->offset;
      if (!file_) error_ = fmt::format("cannot open {}", ref.external->path.string());
    } else if (auto tensor = model.load(ref)) {
      tensor_ = *std::move(tensor);
      bytes_ = tensor_.bytes();
    } else {
      error_ = tensor.error().message;
    }
  }

  uint64_t size_bytes() const { return size_bytes_; }
  const std::string& error() const { return error_; }

  // Valid until the next call.
  Bytes read(uint64_t offset, size_t size) {
    if (!file_.is_open()) return bytes_.subspan(offset, size);
    buffer_.resize(size);
    if (begin_ + offset != position_) file_.seekg(static_cast<std::streamoff>(begin_ + offset));
    position_ = begin_ + offset + size;
    if (!file_.read(reinterpret_cast<char*>(buffer_.data()), static_cast<std::streamsize>(size)))
      error_ = "the data file became shorter than its model says";
    return buffer_;
  }

 private:
  uint64_t size_bytes_ = 0;
  Tensor tensor_;
  Bytes bytes_;
  std::ifstream file_;
  uint64_t begin_ = 0;
  uint64_t position_ = 0;
  std::vector<std::byte> buffer_;
  std::string error_;
};

std::vector<std::string_view> texts_of(const TensorRef& ref) {
  constexpr uint32_t kStringData = 6;
  std::vector<std::string_view> texts;
  WireReader reader(ref.wire);
  for (WireField field; reader.next(field);)
    if (field.number == kStringData) texts.push_back(field.text());
  return texts;
}

// The message without what is no content: its name and doc string.
uint64_t wire_key(const TensorRef& ref) {
  uint64_t key = 0;
  if (ref.type == ElementType::String) {
    for (const std::string_view text : texts_of(ref)) key = hash_combine(key, hash_key(text));
    return key;
  }
  WireReader reader(ref.wire);
  for (WireField field; reader.next(field);)
    if (field.number != tensor_field::kName && field.number != tensor_field::kDocString)
      key = hash_combine(key, hash_key(field.whole));
  return key;
}

bool is_same_place(const TensorRef& a, const TensorRef& b) {
  if (a.resident || b.resident) return a.resident == b.resident;
  if (a.external && b.external) {
    std::error_code code;
    return a.external->offset == b.external->offset &&
           (a.external->path == b.external->path ||
            std::filesystem::equivalent(a.external->path, b.external->path, code));
  }
  return !a.external && !b.external && a.wire.data() == b.wire.data() &&
         a.wire.size() == b.wire.size();
}

TensorDifference compare_texts(const TensorRef& a, const TensorRef& b) {
  const auto left = texts_of(a), right = texts_of(b);
  const size_t common = std::min(left.size(), right.size());
  TensorDifference out{std::max(left.size(), right.size()) - common, std::nullopt, ""};
  for (size_t i = 0; i < common; ++i) out.differing += left[i] != right[i] ? 1 : 0;
  if (out.differing == 0)
    out.max_abs_difference = 0;
  else
    out.reason = "texts differ";
  return out;
}

TensorDifference compare_wires(const TensorRef& a, const TensorRef& b, std::string reason) {
  if (wire_key(a) == wire_key(b)) return {0, 0.0, ""};
  return {0, std::nullopt, std::move(reason)};
}

constexpr size_t kBlockBytes = size_t{1} << 20;

}  // namespace

TensorDifference compare_tensors(const Tensor& a, const Tensor& b) {
  ACUATE_CHECK(a.type() == b.type() && a.shape() == b.shape(), "tensors differ in type or shape");
  switch (a.type()) {
    case ElementType::Float:
      return compare_numbers<float>(a, b);
    case ElementType::Double:
      return compare_numbers<double>(a, b);
    case ElementType::Float16:
      return compare<uint16_t>(a, b, from_float16);
    case ElementType::Bfloat16:
      return compare<uint16_t>(a, b, from_bfloat16);
    case ElementType::Bool:
    case ElementType::Uint8:
      return compare_numbers<uint8_t>(a, b);
    case ElementType::Int8:
      return compare_numbers<int8_t>(a, b);
    case ElementType::Int16:
      return compare_numbers<int16_t>(a, b);
    case ElementType::Uint16:
      return compare_numbers<uint16_t>(a, b);
    case ElementType::Int32:
      return compare_numbers<int32_t>(a, b);
    case ElementType::Uint32:
      return compare_numbers<uint32_t>(a, b);
    case ElementType::Int64:
      return compare_numbers<int64_t>(a, b);
    case ElementType::Uint64:
      return compare_numbers<uint64_t>(a, b);
    default:
      return compare_bytes(a, b);
  }
}

TensorDifference compare_weights(const Model& a, const TensorRef& x, const Model& b,
                                 const TensorRef& y) {
  ACUATE_CHECK(x.type == y.type && x.shape == y.shape, "weights differ in type or shape");
  if (is_same_place(x, y)) return {0, 0.0, ""};
  if (x.type == ElementType::String) return compare_texts(x, y);
  ContentReader left(a, x), right(b, y);
  TensorDifference all{0, 0.0, ""};
  // Blocks hold whole elements: no element is wider than 16 bytes.
  for (uint64_t done = 0; done < left.size_bytes() && left.error().empty() && right.error().empty();
       done += kBlockBytes) {
    const size_t size = std::min<uint64_t>(kBlockBytes, left.size_bytes() - done);
    const Bytes p = left.read(done, size), q = right.read(done, size);
    if (std::memcmp(p.data(), q.data(), size) == 0) continue;
    const int bits = element_bits(x.type);
    // Elements below a byte are compared by bytes.
    const auto count = static_cast<int64_t>(bits < 8 ? size : size * 8 / static_cast<size_t>(bits));
    const auto view = [&](Bytes bytes) {
      return Tensor::view(bits < 8 ? ElementType::Uint8 : x.type, {count}, bytes, nullptr);
    };
    TensorDifference block = compare_tensors(view(p), view(q));
    if (bits < 8) block = {block.differing, std::nullopt, by_bytes(x.type)};
    add(all, block);
  }
  const std::string& error = left.error().empty() ? right.error() : left.error();
  return error.empty() ? all : compare_wires(x, y, "cannot be read: " + error);
}

WeightKeys weight_keys(const Model& model, const TensorRef& ref) {
  constexpr uint64_t kWhole = 4096, kPiece = 64;
  WeightKeys keys;
  keys.type = hash_combine(static_cast<uint64_t>(ref.type), ref.shape.size());
  for (const int64_t dim : ref.shape)
    keys.type = hash_combine(keys.type, static_cast<uint64_t>(dim));
  ContentReader reader(model, ref);
  const uint64_t size = reader.size_bytes();
  keys.content = keys.type;
  if (size <= kWhole && reader.error().empty()) {
    keys.content = hash_combine(keys.content, hash_key(reader.read(0, size)));
  } else if (reader.error().empty()) {
    constexpr uint64_t kPieces = kWhole / kPiece;
    for (uint64_t i = 0; i < kPieces; ++i)
      keys.content = hash_combine(
          keys.content, hash_key(reader.read((size - kPiece) / (kPieces - 1) * i, kPiece)));
  }
  if (!reader.error().empty()) keys.content = hash_combine(keys.type, wire_key(ref));
  return keys;
}

}  // namespace acuate
