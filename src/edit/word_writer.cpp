#include "edit/word_writer.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/text.h"
#include "edit/graph_view.h"
#include "edit/script.h"
#include "edit/type_text.h"
#include "graph/splice.h"
#include "onnx_io/export.h"
#include "onnx_io/import_types.h"

namespace acuate {
namespace {

// Of AttributeProto, SparseTensorProto and TensorProto (onnx.proto3).
enum : uint32_t { kTensors = 10, kTypeProto = 14, kTypeProtos = 15, kSparse = 22, kSparses = 23 };
enum : uint32_t { kSparseValues = 1, kSparseIndices = 2, kSparseDims = 3 };
enum : uint32_t { kStringData = 6 };

constexpr int64_t kMaxElements = 32;  // that are written as text

template <class T>
std::string list(const Tensor& tensor) {
  if (tensor.shape().empty()) return fmt::format("{}", tensor.values<T>()[0]);
  return fmt::format("[{}]", fmt::join(tensor.values<T>(), ", "));
}

std::optional<std::string> numbers(const Tensor& tensor) {
  if (tensor.size() > kMaxElements || tensor.shape().size() > 1) return std::nullopt;
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

std::string quoted(const std::vector<std::string_view>& texts) {
  std::vector<std::string> out;
  for (const std::string_view text : texts) out.push_back(quoted_word(text));
  return "[" + join(out, ", ") + "]";
}

bool is_list(AttributeType type) {
  return type == AttributeType::Tensors || type == AttributeType::SparseTensors ||
         type == AttributeType::TypeProtos;
}

}  // namespace

std::string WordWriter::new_file(std::string_view extension) {
  if (weights_.empty()) return {};
  std::error_code code;
  std::filesystem::create_directories(folder_ / weights_, code);
  return fmt::format("{}/{}.{}", weights_, count_++, extension);
}

WordWriter::Word WordWriter::write(std::string_view prefix, std::span<const Bytes> content,
                                   std::string_view extension) {
  const std::string name = new_file(extension);
  if (name.empty()) return std::optional<std::string>();
  auto file = AtomicFile::create(folder_ / name);
  if (!file) return file.error();
  for (const Bytes piece : content)
    if (auto written = file->write(piece); !written) return written.error();
  if (auto done = file->commit(); !done) return done.error();
  return std::optional(std::string(prefix) + name);
}

WordWriter::Word WordWriter::save(const Model& made) {
  const std::string name = new_file("onnx");
  if (name.empty()) return std::optional<std::string>();
  if (auto saved = save_model(made, folder_ / name); !saved) return saved.error();
  return std::optional(name);
}

WordWriter::Word WordWriter::tensor(const TensorRef& ref) {
  if (ref.type == ElementType::String) return strings(ref);
  auto tensor = model_.load(ref);
  if (!tensor) return std::optional<std::string>();
  if (auto text = numbers(*tensor)) return text;
  const Bytes content[] = {tensor->bytes()};
  return write(fmt::format("raw:{}[{}]:", element_type_name(ref.type), fmt::join(ref.shape, ", ")),
               content, "bin");
}

WordWriter::Word WordWriter::strings(const TensorRef& ref) {
  if (ref.is_external()) return std::optional<std::string>();
  const Bytes content[] = {ref.wire};
  if (ref.size() > kMaxElements || ref.shape.size() > 1) return write("", content, "pb");
  std::vector<std::string_view> texts;
  WireReader reader(ref.wire);
  for (WireField field; reader.next(field);)
    if (field.number == kStringData) texts.push_back(field.text());
  if (!ref.shape.empty()) return std::optional("string:" + quoted(texts));
  return std::optional("string:" + quoted_word(texts.empty() ? "" : texts[0]));
}

// `float32[100]:[0.5, 2]:[3, 17]`
WordWriter::Word WordWriter::sparse(Bytes wire) {
  std::optional<Tensor> values, indices;
  std::vector<int64_t> dims;
  const auto load = [&](Bytes payload) -> std::optional<Tensor> {
    const auto ref = parse_tensor(payload, model_.folder());
    auto tensor = ref ? model_.load(*ref) : Result<Tensor>(ref.error());
    return tensor ? std::optional(*std::move(tensor)) : std::nullopt;
  };
  WireReader reader(wire);
  for (WireField field; reader.next(field);) {
    if (field.number == kSparseValues) values = load(field.payload);
    if (field.number == kSparseIndices) indices = load(field.payload);
    if (field.number == kSparseDims) append_varints(field, dims);
  }
  using Text = std::optional<std::string>;
  if (!values || !indices || indices->type() != ElementType::Int64) return Text();
  const auto text = numbers(*values);
  if (!text || values->shape().size() != 1) return Text();
  std::string places = list<int64_t>(*indices);
  if (indices->shape().size() == 2) {
    const auto rank = static_cast<size_t>(indices->shape()[1]);
    std::vector<std::string> rows;
    for (size_t at = 0; rank > 0 && at < indices->values<int64_t>().size(); at += rank)
      rows.push_back(
          fmt::format("[{}]", fmt::join(indices->values<int64_t>().subspan(at, rank), ", ")));
    places = "[" + join(rows, ", ") + "]";
  }
  return Text(fmt::format("{}[{}]:{}:{}", element_type_name(values->type()), fmt::join(dims, ", "),
                          text->substr(text->find(':') + 1), places));
}

// The body as a model of its own, which reads the values around it without defining them.
WordWriter::Word WordWriter::body(const Graph& body) {
  const GraphView view(body);
  Model made;
  made.keep_storage_of(model_);
  made.set_ir_version(model_.ir_version());
  for (const OpsetImport& import : model_.opset_imports())
    made.set_opset(import.domain, import.version);
  Splice copy;
  std::unordered_set<std::string_view> names;
  for (uint32_t i = 0; i < view.values.size(); ++i) {
    const Value& value = *view.values[i];
    if (!names.insert(value.name).second || value.is_sparse_initializer)
      return std::optional<std::string>();
    if (i >= view.own_values) copy.values.emplace(&value, made.graph().add_value(value.name));
  }
  if (!splice_body(body, made.graph(), copy)) return std::optional<std::string>();
  return save(made);
}

WordWriter::Word WordWriter::bodies(const Attribute& attribute) {
  std::vector<std::string> files;
  for (const auto& each : attribute.graphs) {
    auto file = body(*each);
    if (!file) return file.error();
    if (!*file) return *file;
    files.push_back(**file);
  }
  if (attribute.type == AttributeType::Graph) return std::optional("graph:" + files.at(0));
  return std::optional("graphs:[" + join(files, ", ") + "]");
}

WordWriter::Word WordWriter::functions(const std::vector<const Function*>& functions) {
  Model made;
  made.keep_storage_of(model_);
  made.set_ir_version(model_.ir_version());
  for (const OpsetImport& import : model_.opset_imports())
    made.set_opset(import.domain, import.version);
  for (const Function* function : functions) copy_function(*function, made);
  return save(made);
}

template <class Item>
WordWriter::Word WordWriter::items(const Attribute& attribute, uint32_t number, Item item) {
  std::vector<std::string> words;
  WireReader reader(attribute.wire);
  for (WireField field; reader.next(field);) {
    if (field.number != number) continue;
    Word word = item(field.payload);
    if (!word) return word.error();
    if (!*word) return *word;
    words.push_back(**word);
  }
  const std::string type(attribute_type_name(attribute.type));
  if (is_list(attribute.type)) return std::optional(type + ":[" + join(words, ", ") + "]");
  return words.empty() ? std::optional<std::string>() : std::optional(type + ":" + words[0]);
}

WordWriter::Word WordWriter::attribute(const Attribute& attribute) {
  using Text = std::optional<std::string>;
  if (!attribute.graphs.empty()) return bodies(attribute);
  if (!attribute.ref_attr_name.empty()) return Text("ref:" + std::string(attribute.ref_attr_name));
  const auto tensor_word = [&](Bytes wire) -> Word {
    const auto ref = parse_tensor(wire, model_.folder());
    return ref ? tensor(*ref) : Text();
  };
  const auto type_text = [](Bytes wire) -> Word {
    const auto type = parse_type(wire);
    return type ? Text(type_word(*type)) : Text();
  };
  switch (attribute.type) {
    case AttributeType::Tensor:
      return items(attribute, kAttributeTensor, tensor_word);
    case AttributeType::Tensors:
      return items(attribute, kTensors, tensor_word);
    case AttributeType::TypeProto:
      return items(attribute, kTypeProto, type_text);
    case AttributeType::TypeProtos:
      return items(attribute, kTypeProtos, type_text);
    case AttributeType::SparseTensor:
      return items(attribute, kSparse, [&](Bytes wire) { return sparse(wire); });
    case AttributeType::SparseTensors:
      return items(attribute, kSparses, [&](Bytes wire) { return sparse(wire); });
    default:
      break;
  }
  const std::string type(attribute_type_name(attribute.type));
  if (const auto text = attribute.as_string()) return Text(type + ":" + quoted_word(*text));
  if (const auto texts = attribute.as_strings()) return Text(type + ":" + quoted(*texts));
  const std::string text = attribute.value_text();
  return text == type ? Text() : Text(type + ":" + text);
}

}  // namespace acuate
