#include "edit/word_writer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"

namespace acuate {
namespace {

template <class T>
std::string list(const Tensor& tensor) {
  if (tensor.shape().empty()) return fmt::format("{}", tensor.values<T>()[0]);
  return fmt::format("[{}]", fmt::join(tensor.values<T>(), ", "));
}

std::optional<std::string> numbers(const Tensor& tensor) {
  std::string text;
  switch (tensor.type()) {
    case ElementType::Float:
      if (!std::ranges::all_of(tensor.values<float>(), [](float x) { return std::isfinite(x); }))
        return std::nullopt;
      text = list<float>(tensor);
      break;
    case ElementType::Int64:
      text = list<int64_t>(tensor);
      break;
    case ElementType::Int32:
      text = list<int32_t>(tensor);
      break;
    default:
      return std::nullopt;
  }
  return fmt::format("{}:{}", element_type_name(tensor.type()), text);
}

}  // namespace

Result<std::optional<std::string>> WordWriter::tensor(const TensorRef& ref) {
  if (ref.type == ElementType::String) return std::optional<std::string>();
  constexpr int64_t kMaxElements = 32;
  auto tensor = model_.load(ref);
  if (!tensor) return std::optional<std::string>();
  if (tensor->size() <= kMaxElements && tensor->shape().size() <= 1)
    if (auto text = numbers(*tensor)) return text;
  if (weights_.empty()) return std::optional<std::string>();
  std::error_code code;
  std::filesystem::create_directories(folder_ / weights_, code);
  const std::string name = fmt::format("{}/{}.bin", weights_, count_++);
  auto file = AtomicFile::create(folder_ / name);
  if (!file) return file.error();
  if (auto written = file->write(tensor->bytes()); !written) return written.error();
  if (auto done = file->commit(); !done) return done.error();
  return std::optional(
      fmt::format("raw:{}[{}]:{}", element_type_name(ref.type), fmt::join(ref.shape, ", "), name));
}

Result<std::optional<std::string>> WordWriter::attribute(const Attribute& attribute) {
  using Text = std::optional<std::string>;
  if (!attribute.graphs.empty()) return Text();
  if (!attribute.ref_attr_name.empty()) return Text("ref:" + std::string(attribute.ref_attr_name));
  if (const auto wire = attribute.as_tensor()) {
    const auto ref = parse_tensor(*wire, model_.folder());
    if (!ref) return Text();
    auto text = tensor(*ref);
    if (!text) return text.error();
    return *text ? Text("tensor:" + **text) : Text();
  }
  const std::string text = attribute.value_text();
  const std::string type(attribute_type_name(attribute.type));
  return text == type ? Text() : Text(type + ":" + text);
}

}  // namespace acuate
