#include "onnx_io/export.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kProtobufLimitBytes = (uint64_t{1} << 31) - 1;

WireRope encode_entry(std::string_view key, std::string_view value) {
  WireRope rope;
  rope.text_field(1, key);
  rope.text_field(2, value);
  return rope;
}

WireRope encode_opset(const OpsetImport& import) {
  WireRope entry;
  entry.text_field(1, import.domain);
  entry.varint_field(2, static_cast<uint64_t>(import.version));
  return entry;
}

WireRope encode_type(const ValueType& type) {
  WireRope rope;
  if (type.kind != ValueType::Kind::Tensor) {
    rope.append_view(type.wire);
    return rope;
  }
  WireRope tensor;
  tensor.varint_field(type_field::kElemType, static_cast<uint64_t>(type.element));
  if (type.shape) {
    WireRope shape;
    for (const Dim& dim : *type.shape) {
      WireRope dim_rope;
      if (dim.is_known())
        dim_rope.varint_field(dim_field::kValue, static_cast<uint64_t>(dim.value));
      else if (!dim.name.empty())
        dim_rope.text_field(dim_field::kParam, dim.name);
      shape.message_field(1, std::move(dim_rope));
    }
    tensor.message_field(type_field::kShape, std::move(shape));
  }
  rope.message_field(type_field::kTensor, std::move(tensor));
  return rope;
}

// The payload of a length-delimited field given whole.
Bytes payload_of(Bytes whole) {
  WireReader reader(whole);
  WireField field;
  return reader.next(field) ? field.payload : Bytes();
}

// Fields kept as they came, by number: one look-up for each kind, however many kinds a file has.
using OtherFields = std::unordered_map<uint32_t, std::vector<Bytes>>;
OtherFields by_number(const std::vector<std::pair<uint32_t, Bytes>>& fields) {
  OtherFields out;
  for (const auto& [number, whole] : fields) out[number].push_back(whole);
  return out;
}

}  // namespace

class GraphExporter {
 public:
  static WireRope graph(const Graph& graph) {
    WireRope rope;
    if (!graph.touched_) {
      rope.append_view(graph.wire_);
      return rope;
    }
    std::vector<uint32_t> order = graph.field_order_;
    for (const uint32_t number :
         {graph_field::kNode, graph_field::kName, graph_field::kInitializer, graph_field::kInput,
          graph_field::kOutput, graph_field::kValueInfo})
      if (std::find(order.begin(), order.end(), number) == order.end()) order.push_back(number);
    const OtherFields others = by_number(graph.other_fields_);
    for (const uint32_t number : order) append_fields(graph, number, others, rope);
    return rope;
  }

  // The whole field, as one of the model.
  static void append_function(const Function& function, WireRope& rope) {
    const Graph& body = *function.body;
    if (!body.touched_) {
      rope.append_view(function.wire);
      return;
    }
    std::vector<uint32_t> order = body.field_order_;
    for (const uint32_t number :
         {function_field::kName, function_field::kDomain, function_field::kOverload,
          function_field::kInput, function_field::kOutput, function_field::kOpsetImport,
          function_field::kNode, function_field::kValueInfo})
      if (std::find(order.begin(), order.end(), number) == order.end()) order.push_back(number);
    const OtherFields others = by_number(body.other_fields_);
    WireRope out;
    for (const uint32_t number : order) append_function_fields(function, number, others, out);
    rope.message_field(model_field::kFunction, std::move(out));
  }

 private:
  static void append_function_fields(const Function& function, uint32_t number,
                                     const OtherFields& others, WireRope& rope) {
    const Graph& body = *function.body;
    const auto append_text = [&](std::string_view text) {
      if (!text.empty()) rope.text_field(number, text);
    };
    switch (number) {
      case function_field::kInput:
        for (const Value* value : body.inputs_) rope.text_field(number, value->name);
        return;
      case function_field::kOutput:
        for (const Value* value : body.outputs_) rope.text_field(number, value->name);
        return;
      case function_field::kNode:
        // A function has no initializers.
        for (const Value* value : body.initializers()) append_constant(*value, number, rope);
        for (const Node* node = body.first_; node != nullptr; node = node->next_)
          append_node(*node, number, rope);
        return;
      case function_field::kValueInfo:
        append_value_infos(body, number, rope);
        return;
      default:
        break;
    }
    if (const auto found = others.find(number); found != others.end()) {
      for (const Bytes whole : found->second) rope.append_view(whole);
    } else if (number == function_field::kName) {
      append_text(function.name);
    } else if (number == function_field::kDomain) {
      append_text(function.domain);
    } else if (number == function_field::kOverload) {
      append_text(function.overload);
    } else if (number == function_field::kOpsetImport) {
      for (const OpsetImport& import : function.opset_imports)
        rope.message_field(number, encode_opset(import));
    }
  }

  static void append_fields(const Graph& graph, uint32_t number, const OtherFields& others,
                            WireRope& rope) {
    switch (number) {
      case graph_field::kNode:
        for (const Node* node = graph.first_; node != nullptr; node = node->next_)
          append_node(*node, number, rope);
        return;
      case graph_field::kInitializer:
        for (const Value* value : graph.initializers_)
          if (value->initializer && value->graph == &graph)
            rope.message_field(number, encode_initializer(*value));
        return;
      case graph_field::kInput:
        for (const Value* value : graph.inputs_) append_declaration(graph, *value, number, rope);
        return;
      case graph_field::kOutput:
        for (const Value* value : graph.outputs_) append_declaration(graph, *value, number, rope);
        return;
      case graph_field::kValueInfo:
        append_value_infos(graph, number, rope);
        return;
      default:
        break;
    }
    const auto found = others.find(number);
    if (found != others.end())
      for (const Bytes whole : found->second) rope.append_view(whole);
    else if (number == graph_field::kName)
      rope.text_field(graph_field::kName, graph.name_.empty() ? "graph" : graph.name_);
  }

  static void append_value_infos(const Graph& graph, uint32_t number, WireRope& rope) {
    for (const auto& [value, wire] : graph.value_infos_) {
      if (value != nullptr && value->graph != &graph) continue;
      const auto found = value ? graph.declarations_.find(value) : graph.declarations_.end();
      const bool changed = found != graph.declarations_.end() && found->second.touched;
      if (value && found != graph.declarations_.end() &&
          is_declared_elsewhere(*value, found->second.wire))
        continue;
      if (changed || wire.empty())
        append_declaration(graph, *value, number, rope);
      else
        rope.append_view(wire);
    }
  }

  static void append_declaration(const Graph& graph, const Value& value, uint32_t number,
                                 WireRope& rope) {
    const auto found = graph.declarations_.find(&value);
    const Bytes wire = found != graph.declarations_.end() ? found->second.wire : Bytes();
    const bool same_kind = !wire.empty() && first_field_number(wire) == number;
    if (same_kind && !found->second.touched) {
      rope.append_view(wire);
      return;
    }
    WireRope info;
    info.text_field(value_info_field::kName, value.name);
    if (value.type.kind != ValueType::Kind::Unknown)
      info.message_field(value_info_field::kType, encode_type(value.type));
    WireReader reader(payload_of(wire));
    for (WireField field; reader.next(field);)
      if (field.number != value_info_field::kName && field.number != value_info_field::kType)
        info.append_view(field.whole);
    rope.message_field(number, std::move(info));
  }

  // An inner value of the file that became an input or output since.
  static bool is_declared_elsewhere(const Value& value, Bytes wire) {
    return (value.is_input || value.is_output()) &&
           (wire.empty() || first_field_number(wire) == graph_field::kValueInfo);
  }

  static uint32_t first_field_number(Bytes wire) {
    WireReader reader(wire);
    WireField field;
    return reader.next(field) ? field.number : 0;
  }

  static WireRope encode_initializer(const Value& value) {
    const TensorRef& ref = *value.initializer;
    WireRope tensor;
    bool renamed = true;
    WireReader check(ref.wire);
    for (WireField field; check.next(field);)
      if (field.number == tensor_field::kName && field.text() == value.name) renamed = false;
    if (!renamed) {
      tensor.append_view(ref.wire);
    } else {
      WireReader reader(ref.wire);
      for (WireField field; reader.next(field);)
        if (field.number != tensor_field::kName) tensor.append_view(field.whole);
      tensor.text_field(tensor_field::kName, value.name);
    }
    if (ref.resident) tensor.view_field(tensor_field::kRawData, ref.resident->bytes());
    return tensor;
  }

  static void append_constant(const Value& value, uint32_t number, WireRope& rope) {
    WireRope attribute;
    attribute.text_field(kAttributeName, "value");
    attribute.message_field(kAttributeTensor, encode_initializer(value));
    attribute.varint_field(kAttributeType, static_cast<uint64_t>(AttributeType::Tensor));
    WireRope node;
    node.text_field(node_field::kOutput, value.name);
    node.text_field(node_field::kOpType, "Constant");
    node.message_field(node_field::kAttribute, std::move(attribute));
    rope.message_field(number, std::move(node));
  }

  static void append_node(const Node& node, uint32_t number, WireRope& rope) {
    if (!node.touched_) {
      rope.append_view(node.wire_);
      return;
    }
    WireRope out;
    for (const Node::Operand& operand : node.inputs_)
      out.text_field(node_field::kInput, operand.value ? operand.value->name : "");
    size_t outputs = node.outputs_.size();  // omitted ones at the end are not written
    while (outputs > 1 && node.outputs_[outputs - 1] == nullptr) --outputs;
    for (size_t slot = 0; slot < outputs; ++slot)
      out.text_field(node_field::kOutput, node.outputs_[slot] ? node.outputs_[slot]->name : "");
    if (!node.name_.empty()) out.text_field(node_field::kName, node.name_);
    out.text_field(node_field::kOpType, node.op_type_);
    if (!node.domain_.empty()) out.text_field(node_field::kDomain, node.domain_);
    if (!node.overload_.empty()) out.text_field(node_field::kOverload, node.overload_);
    for (const Attribute& attribute : node.attributes_)
      out.message_field(node_field::kAttribute, encode(attribute));
    for (const auto& [key, value] : node.metadata_)
      out.message_field(node_field::kMetadata, encode_entry(key, value));
    for (const Bytes field : node.other_fields_) out.append_view(field);
    rope.message_field(number, std::move(out));
  }

  static WireRope encode(const Attribute& attribute) {
    WireRope rope;
    const bool body_touched = std::any_of(attribute.graphs.begin(), attribute.graphs.end(),
                                          [](const auto& body) { return body->touched_; });
    if (!body_touched) {
      rope.append_view(attribute.wire);
      return rope;
    }
    size_t index = 0;
    WireReader reader(attribute.wire);
    for (WireField field; reader.next(field);) {
      if (field.number == kAttributeGraph || field.number == kAttributeGraphs)
        rope.message_field(field.number, graph(*attribute.graphs[index++]));
      else
        rope.append_view(field.whole);
    }
    return rope;
  }
};

class ModelExporter {
 public:
  static WireRope model(const Model& model) {
    WireRope rope;
    if (!model.is_touched()) {
      rope.append_view(model.wire_);
      return rope;
    }
    const OtherFields others = by_number(model.other_fields_);
    std::vector<uint32_t> order = model.field_order_;
    for (const uint32_t number :
         {model_field::kIrVersion, model_field::kOpsetImport, model_field::kGraph,
          model_field::kMetadata, model_field::kFunction})
      if (std::find(order.begin(), order.end(), number) == order.end()) order.push_back(number);
    for (const uint32_t number : order) {
      switch (number) {
        case model_field::kIrVersion:
          rope.varint_field(number, static_cast<uint64_t>(model.ir_version_));
          break;
        case model_field::kOpsetImport:
          for (const OpsetImport& import : model.opset_imports_)
            rope.message_field(number, encode_opset(import));
          break;
        case model_field::kFunction:
          for (const Function& function : model.functions_)
            GraphExporter::append_function(function, rope);
          break;
        case model_field::kGraph:
          rope.message_field(number, GraphExporter::graph(model.graph()));
          break;
        case model_field::kMetadata:
          for (const auto& [key, value] : model.metadata_)
            rope.message_field(number, encode_entry(key, value));
          break;
        default:
          if (const auto found = others.find(number); found != others.end())
            for (const Bytes whole : found->second) rope.append_view(whole);
      }
    }
    return rope;
  }
};

WireRope encode_model(const Model& model) { return ModelExporter::model(model); }

namespace {

// Every data file that a weight of the model lies in.
std::vector<TensorRef::External> external_files(const Model& model) {
  std::vector<TensorRef::External> out;
  std::unordered_set<std::string> seen;
  const auto add = [&](const TensorRef& ref) {
    if (ref.external && seen.insert(ref.external->location).second) out.push_back(*ref.external);
  };
  for (const Graph* graph : model.all_graphs()) {
    for (const Value* value : graph->initializers()) add(*value->initializer);
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      for (const Attribute& attribute : node->attributes())
        if (const auto wire = attribute.as_tensor())
          if (auto ref = parse_tensor(*wire, model.folder())) add(*ref);
  }
  return out;
}

Result<bool> same_content(const fs::path& a, const fs::path& b) {
  std::error_code code;
  if (fs::equivalent(a, b, code)) return true;
  if (fs::file_size(a, code) != fs::file_size(b, code)) return false;
  std::ifstream first(a, std::ios::binary), second(b, std::ios::binary);
  std::string left(size_t{1} << 20, '\0'), right(left);
  while (first && second) {
    first.read(left.data(), static_cast<std::streamsize>(left.size()));
    second.read(right.data(), static_cast<std::streamsize>(right.size()));
    if (first.gcount() != second.gcount() ||
        std::memcmp(left.data(), right.data(), static_cast<size_t>(first.gcount())) != 0)
      return false;
  }
  return true;
}

// Copies into `pending`, which appears with the model or not at all; a link is made at once.
Result<void> bring_data_file(const TensorRef::External& data, const fs::path& folder,
                             bool reference, std::vector<AtomicFile>& pending) {
  const fs::path destination = folder / data.location;
  std::error_code code;
  if (fs::exists(destination, code)) {
    auto same = same_content(data.path, destination);
    if (!same) return same.error();
    if (*same) return {};
    return fail(
        "{} exists with other content and is left as it is; write the model into another folder",
        destination.string());
  }
  fs::create_directories(destination.parent_path(), code);
  if (reference) {
    fs::create_hard_link(data.path, destination, code);
    if (code)
      return fail("cannot link {} to {}: {}; leave out --reference-data to copy it",
                  destination.string(), data.path.string(), code.message());
    return {};
  }
  auto file = AtomicFile::create(destination);
  if (!file) return file.error();
  const uint64_t size = fs::file_size(data.path, code);
  if (code) return fail("cannot read {}: {}", data.path.string(), code.message());
  if (auto copied = file->copy_from(data.path, 0, size); !copied) return copied;
  pending.push_back(std::move(*file));
  return {};
}

}  // namespace

Result<void> save_model(const Model& model, const fs::path& path, const SaveOptions& options) {
  const WireRope rope = encode_model(model);
  if (rope.size_bytes() > kProtobufLimitBytes)
    return fail(
        "{}: the model has {} outside data files, more than the 2 GiB that ONNX allows in one "
        "file; keep its weights as external data",
        path.string(), rope.size_bytes());
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  std::vector<AtomicFile> pending;
  for (const TensorRef::External& data : external_files(model))
    if (auto brought = bring_data_file(data, path.parent_path(), options.reference_data, pending);
        !brought)
      return brought;
  for (const Bytes piece : rope.pieces())
    if (auto written = file->write(piece); !written) return written;
  for (AtomicFile& data : pending)
    if (auto committed = data.commit(); !committed) return committed;
  return file->commit();
}

Result<std::string> model_bytes(const Model& model) {
  if (external_files(model).empty()) return encode_model(model).flatten();
  const std::unique_ptr<Model> copy = model.clone();
  for (Graph* graph : copy->all_graphs())
    for (Value* value : graph->initializers()) {
      if (!value->initializer->is_external()) continue;
      auto tensor = copy->load(*value->initializer);
      if (!tensor) return fail("initializer '{}': {}", value->name, tensor.error().message);
      graph->set_initializer(*value, *tensor);
    }
  const WireRope rope = encode_model(*copy);
  if (rope.size_bytes() > kProtobufLimitBytes)
    return fail(
        "the model has {} bytes with its external data, more than an engine takes from memory (2 "
        "GiB)",
        rope.size_bytes());
  return rope.flatten();
}

}  // namespace acuate
