#include "data/npy.h"

#include <array>
#include <cctype>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/file.h"
#include "base/text.h"

namespace acuate {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;

struct TypeCode {
  std::string_view code;  // without the byte order
  ElementType type;
};
constexpr std::array kTypeCodes = {
    TypeCode{"f2", ElementType::Float16},   TypeCode{"f4", ElementType::Float},
    TypeCode{"f8", ElementType::Double},    TypeCode{"i1", ElementType::Int8},
    TypeCode{"i2", ElementType::Int16},     TypeCode{"i4", ElementType::Int32},
    TypeCode{"i8", ElementType::Int64},     TypeCode{"u1", ElementType::Uint8},
    TypeCode{"u2", ElementType::Uint16},    TypeCode{"u4", ElementType::Uint32},
    TypeCode{"u8", ElementType::Uint64},    TypeCode{"b1", ElementType::Bool},
    TypeCode{"c8", ElementType::Complex64}, TypeCode{"c16", ElementType::Complex128},
};

struct Header {
  std::string descr;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

// The header is a Python literal of one dictionary with three known keys; this reads no more than
// that.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  std::optional<Header> read() {
    Header header;
    if (!eat('{')) return std::nullopt;
    while (!eat('}')) {
      const std::optional<std::string> key = quoted();
      if (!key || !eat(':')) return std::nullopt;
      if (*key == "descr") {
        // A structured type is a list; it is reported, not read.
        if (peek() == '[') return Header{.descr = "[", .fortran_order = false, .shape = Shape{}};
        const auto descr = quoted();
        if (!descr) return std::nullopt;
        header.descr = *descr;
      } else if (*key == "fortran_order") {
        if (eat_word("True"))
          header.fortran_order = true;
        else if (eat_word("False"))
          header.fortran_order = false;
        else
          return std::nullopt;
      } else if (*key == "shape") {
        header.shape = tuple();
        if (!header.shape) return std::nullopt;
      } else {
        return std::nullopt;
      }
      if (!eat(',') && peek() != '}') return std::nullopt;
    }
    if (header.descr.empty() || !header.fortran_order || !header.shape) return std::nullopt;
    return header;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool eat(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  bool eat_word(std::string_view word) {
    peek();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string> quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string result(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return result;
  }
  std::optional<Shape> tuple() {
    Shape shape;
    if (!eat('(')) return std::nullopt;
    while (!eat(')')) {
      peek();
      size_t end = at_;
      while (end < text_.size() && std::isdigit(static_cast<unsigned char>(text_[end]))) ++end;
      const auto value = parse_int(text_.substr(at_, end - at_));
      if (!value) return std::nullopt;
      shape.push_back(*value);
      at_ = end;
      if (!eat(',') && peek() != ')') return std::nullopt;
    }
    return shape;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Result<ElementType> element_type_of_descr(const std::string& descr, const std::string& source) {
  if (descr == "[")
    return fail(
        "{}: a structured array; expected plain numbers (save each field as an array of its own)",
        source);
  if (descr == "|O" || descr == "O")
    return fail(
        "{}: an array of Python objects; expected numbers (convert it with astype before saving)",
        source);
  if (descr.starts_with('>'))
    return fail(
        "{}: big-endian elements '{}'; expected little-endian "
        "(a.astype(a.dtype.newbyteorder('<')))",
        source, descr);
  const std::string_view code =
      std::string_view(descr).substr(descr.find_first_of("<|=") == 0 ? 1 : 0);
  for (const TypeCode& known : kTypeCodes)
    if (known.code == code) return known.type;
  return fail("{}: element type '{}' is not supported; expected floats, integers or booleans",
              source, to_valid_utf8(descr));
}

}  // namespace

Result<Tensor> parse_npy(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                         const std::string& source) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || text.size() < 10)
    return fail("{}: not an .npy array: it does not start with \\x93NUMPY", source);
  const int major = static_cast<uint8_t>(text[6]);
  if (major < 1 || major > 3)
    return fail("{}: .npy format version {}; expected 1, 2 or 3", source, major);
  const size_t length_bytes = major == 1 ? 2 : 4;
  const size_t prefix = 8 + length_bytes;
  if (text.size() < prefix) return fail("{}: cut off within the header", source);
  size_t header_length = 0;
  for (size_t i = 0; i < length_bytes; ++i)
    header_length |= static_cast<size_t>(static_cast<uint8_t>(text[8 + i])) << (8 * i);
  if (header_length > text.size() - prefix)
    return fail("{}: cut off: the header says {} bytes, {} follow", source, header_length,
                text.size() - prefix);

  const std::optional<Header> header = HeaderReader(text.substr(prefix, header_length)).read();
  if (!header)
    return fail("{}: the .npy header is damaged; expected descr, fortran_order and shape", source);
  Result<ElementType> type = element_type_of_descr(header->descr, source);
  if (!type) return type.error();
  if (*header->fortran_order)
    return fail("{}: stored in Fortran order; expected C order (save numpy.ascontiguousarray(a))",
                source);
  const std::optional<uint64_t> wanted = tensor_size_bytes(*type, *header->shape);
  const std::span<const std::byte> data = bytes.subspan(prefix + header_length);
  if (!wanted || *wanted != data.size())
    return fail("{}: the header says {} {} = {} bytes, the file holds {}", source,
                element_type_name(*type), format_shape(*header->shape),
                wanted ? std::to_string(*wanted) : "too many", data.size());

  // numpy aligns the data; a file written by others may not, and a view must be.
  if (reinterpret_cast<uintptr_t>(data.data()) % 16 == 0 && owner)
    return Tensor::view(*type, *header->shape, data, std::move(owner));
  Tensor copy = Tensor::allocate(*type, *header->shape);
  if (!data.empty()) std::memcpy(copy.mutable_bytes().data(), data.data(), data.size());
  return copy;
}

Result<Tensor> read_npy(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  return parse_npy((*file)->bytes(), *file, path.string());
}

Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  std::string descr;
  for (const TypeCode& known : kTypeCodes)
    if (known.type == tensor.type())
      descr = (element_bits(known.type) == 8 ? "|" : "<") + std::string(known.code);
  if (descr.empty())
    return fail("{}: NumPy has no element type for {}; convert the tensor to float32 first",
                path.string(), element_type_name(tensor.type()));
  std::string shape = "(";
  for (size_t i = 0; i < tensor.shape().size(); ++i)
    shape += fmt::format("{}{}", i ? ", " : "", tensor.shape()[i]);
  shape += tensor.shape().size() == 1 ? ",)" : ")";

  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr, shape);
  const size_t unpadded = kMagic.size() + 4 + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string prefix(kMagic);
  prefix += '\1';
  prefix += '\0';
  prefix += static_cast<char>(header.size() & 0xff);
  prefix += static_cast<char>(header.size() >> 8);
  if (header.size() > 0xffff)
    return fail("{}: {} dimensions do not fit an .npy header", path.string(),
                tensor.shape().size());

  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  for (const Result<void>& step : {file->write(prefix + header), file->write(tensor.bytes())})
    if (!step) return step.error();
  return file->commit();
}

}  // namespace acuate
