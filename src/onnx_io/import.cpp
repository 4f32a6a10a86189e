#include "onnx_io/import.h"

#include <unordered_set>

#include "base/text.h"
#include "onnx_io/foreign_format.h"
#include "onnx_io/import_types.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace fs = std::filesystem;

namespace {

constexpr int kMaxBodyDepth =
    64;  // If/Loop/Scan inside one another; the wire itself could nest without end

}  // namespace

// One graph: names are defined first, then uses are linked, then bodies are imported, so that order
// never matters.
class GraphImporter {
 public:
  GraphImporter(Model& model, Graph& graph, int depth)
      : model_(model), graph_(graph), depth_(depth) {}

  Result<void> run(Bytes wire, uint32_t node_field_number = graph_field::kNode) {
    graph_.wire_ = wire;
    WireReader reader(wire);
    for (WireField field; reader.next(field);) {
      note_order(field.number);
      if (field.number == node_field_number) {
        if (auto read = read_node(field); !read) return read;
        continue;
      }
      if (auto read = read_graph_field(field); !read) return read;
    }
    if (reader.failed())
      return fail("graph '{}': malformed field at byte {}", to_valid_utf8(graph_.name_),
                  reader.position());
    return finish();
  }

  Result<void> run_function(Bytes wire, Function& function) {
    WireReader reader(wire);
    graph_.wire_ = wire;
    for (WireField field; reader.next(field);) {
      note_order(field.number);
      switch (field.number) {
        case function_field::kInput:
          graph_.inputs_.push_back(define(field.text()));
          graph_.inputs_.back()->is_input = true;
          continue;
        case function_field::kOutput:
          output_names_.push_back({field.text(), {}, {}});
          continue;
        case function_field::kNode:
          if (auto read = read_node(field); !read) return read;
          continue;
        case function_field::kValueInfo: {
          auto info = read_value_info(field);
          if (!info) return info.error();
          value_infos_.push_back(std::move(*info));
          continue;
        }
        case function_field::kName:
          function.name = field.text();
          break;
        case function_field::kDomain:
          function.domain = normal_domain(field.text());
          break;
        case function_field::kOverload:
          function.overload = field.text();
          break;
        case function_field::kOpsetImport: {
          auto import = parse_opset(field.payload);
          if (!import) return import.error();
          function.opset_imports.push_back(*import);
          break;
        }
        default:
          break;
      }
      graph_.other_fields_.emplace_back(field.number, field.whole);
    }
    if (reader.failed())
      return fail("function '{}': malformed field", to_valid_utf8(function.name));
    return finish();
  }

 private:
  struct PendingOutput {
    std::string_view name;
    Bytes whole;
    ValueType type;
  };
  struct PendingNode {
    Node* node;
    std::vector<std::string_view> inputs;
  };

  void note_order(uint32_t number) {
    if (seen_fields_.insert(number).second) graph_.field_order_.push_back(number);
  }

  Value* new_named_value(std::string_view name) {
    Value* value = model_.new_value();
    value->name = name;
    value->graph = &graph_;
    graph_.values_.push_back(value);
    graph_.enter_name(*value, std::string_view::npos);  // the first of a name is the one used
    return value;
  }

  // A value that is being defined; a second definition of the name becomes a value of its own that
  // nothing uses.
  Value* define(std::string_view name) {
    Value* value = graph_.find(name);
    return value != nullptr && !value->is_defined() ? value : new_named_value(name);
  }

  Result<PendingOutput> read_value_info(const WireField& field) {
    PendingOutput info{{}, field.whole, {}};
    WireReader reader(field.payload);
    for (WireField inner; reader.next(inner);) {
      if (inner.number == value_info_field::kName) info.name = inner.text();
      if (inner.number != value_info_field::kType) continue;
      auto type = parse_type(inner.payload);
      if (!type) return fail("type of '{}': {}", to_valid_utf8(info.name), type.error().message);
      info.type = *type;
    }
    if (reader.failed())
      return fail("malformed value information of '{}'", to_valid_utf8(info.name));
    return info;
  }

  Result<void> read_graph_field(const WireField& field) {
    switch (field.number) {
      case graph_field::kName:
        graph_.name_ = field.text();
        break;
      case graph_field::kInput: {
        auto info = read_value_info(field);
        if (!info) return info.error();
        Value* existing = graph_.find(info->name);
        Value* value = existing && existing->initializer && !existing->is_input
                           ? existing
                           : define(info->name);
        value->is_input = true;
        value->type = info->type;
        graph_.inputs_.push_back(value);
        graph_.declarations_.insert_or_assign(value, Graph::Declaration{value, info->whole, false});
        return {};
      }
      case graph_field::kOutput: {
        auto info = read_value_info(field);
        if (!info) return info.error();
        output_names_.push_back(std::move(*info));
        return {};
      }
      case graph_field::kValueInfo: {
        auto info = read_value_info(field);
        if (!info) return info.error();
        value_infos_.push_back(std::move(*info));
        return {};
      }
      case graph_field::kInitializer:
        return read_initializer(field);
      case graph_field::kSparseInitializer: {
        WireReader reader(field.payload);
        for (WireField inner; reader.next(inner);) {
          if (inner.number != 1) continue;
          WireReader values(inner.payload);
          for (WireField name; values.next(name);)
            if (name.number == tensor_field::kName)
              define(name.text())->is_sparse_initializer = true;
        }
        graph_.other_fields_.emplace_back(field.number, field.whole);
        return {};
      }
      default:
        graph_.other_fields_.emplace_back(field.number, field.whole);
        return {};
    }
    graph_.other_fields_.emplace_back(field.number, field.whole);
    return {};
  }

  Result<void> read_initializer(const WireField& field) {
    std::string_view name;
    WireReader reader(field.payload);
    for (WireField inner; reader.next(inner);)
      if (inner.number == tensor_field::kName) name = inner.text();
    auto ref = parse_tensor(field.payload, model_.folder());
    if (!ref) return fail("initializer '{}': {}", to_valid_utf8(name), ref.error().message);
    Value* existing = graph_.find(name);
    Value* value =
        existing && existing->is_input && !existing->initializer ? existing : define(name);
    if (value->type.kind == ValueType::Kind::Unknown) {
      value->type.kind = ValueType::Kind::Tensor;
      value->type.element = ref->type;
      value->type.shape.emplace();
      for (const int64_t dim : ref->shape) value->type.shape->push_back({dim, {}});
    }
    value->initializer = std::move(*ref);
    value->listed_initializer_ = true;
    graph_.initializers_.push_back(value);
    return {};
  }

  Result<void> read_node(const WireField& field) {
    Node* node = model_.new_node();
    node->graph_ = &graph_;
    node->wire_ = field.whole;
    PendingNode pending{node, {}};
    std::vector<std::string_view> outputs;
    WireReader reader(field.payload);
    for (WireField inner; reader.next(inner);) {
      switch (inner.number) {
        case node_field::kInput:
          pending.inputs.push_back(inner.text());
          break;
        case node_field::kOutput:
          outputs.push_back(inner.text());
          break;
        case node_field::kName:
          node->name_ = inner.text();
          break;
        case node_field::kOpType:
          node->op_type_ = inner.text();
          break;
        case node_field::kDomain:
          node->domain_ = normal_domain(inner.text());
          break;
        case node_field::kOverload:
          node->overload_ = inner.text();
          break;
        case node_field::kAttribute:
          if (auto read = read_attribute(inner.payload, *node); !read) return read;
          break;
        case node_field::kMetadata: {
          auto entry = parse_entry(inner.payload);
          if (!entry)
            return fail("node '{}': {}", to_valid_utf8(node->name_), entry.error().message);
          node->metadata_.push_back(*entry);
          break;
        }
        default:
          node->other_fields_.push_back(inner.whole);
          break;
      }
    }
    if (reader.failed())
      return fail("node '{}': malformed field at byte {}", to_valid_utf8(node->name_),
                  reader.position());
    graph_.link_node(*node, nullptr);
    for (const std::string_view name : outputs) {
      Value* value = name.empty() ? nullptr : define(name);
      if (value != nullptr) {
        value->producer = node;
        value->output_slot = static_cast<uint32_t>(node->outputs_.size());
      }
      node->outputs_.push_back(value);
    }
    pending_.push_back(std::move(pending));
    return {};
  }

  Result<void> read_attribute(Bytes wire, Node& node) {
    Attribute attribute;
    attribute.wire = wire;
    WireReader reader(wire);
    for (WireField field; reader.next(field);) {
      if (field.number == kAttributeName) attribute.name = field.text();
      if (field.number == kAttributeType)
        attribute.type = static_cast<AttributeType>(static_cast<int32_t>(field.varint));
      if (field.number == kAttributeRefName) attribute.ref_attr_name = field.text();
      if (field.number == kAttributeGraph || field.number == kAttributeGraphs)
        attribute.graphs.push_back(std::make_unique<Graph>(model_, &node));
      if (field.number == kAttributeTensor) {
        if (auto tensor = parse_tensor(field.payload, model_.folder()); !tensor)
          return fail("attribute '{}' of node '{}': {}", to_valid_utf8(attribute.name),
                      to_valid_utf8(node.name_), tensor.error().message);
      }
    }
    if (reader.failed())
      return fail("attribute '{}' of node '{}' is malformed", to_valid_utf8(attribute.name),
                  to_valid_utf8(node.name_));
    node.attributes_.push_back(std::move(attribute));
    return {};
  }

  Result<void> finish() {
    for (PendingNode& pending : pending_) {
      pending.node->inputs_.resize(pending.inputs.size());
      for (size_t slot = 0; slot < pending.inputs.size(); ++slot) {
        const std::string_view name = pending.inputs[slot];
        if (name.empty()) continue;
        Value* value = graph_.resolve(name);
        if (value == nullptr) value = new_named_value(name);
        pending.node->link_operand(slot, value);
      }
    }
    for (const PendingOutput& output : output_names_) finish_output(output);
    for (const PendingOutput& info : value_infos_) {
      Value* value = graph_.find(info.name);
      graph_.value_infos_.emplace_back(value, info.whole);
      if (value == nullptr) continue;
      if (value->type.kind == ValueType::Kind::Unknown) value->type = info.type;
      graph_.declarations_.try_emplace(value, Graph::Declaration{value, info.whole, false});
    }
    for (PendingNode& pending : pending_)
      if (auto imported = import_bodies(*pending.node); !imported) return imported;
    for (PendingNode& pending : pending_) pending.node->touched_ = false;
    graph_.touched_ = false;
    return {};
  }

  void finish_output(const PendingOutput& output) {
    Value* value = graph_.resolve(output.name);
    if (value == nullptr) value = new_named_value(output.name);
    if (value->graph == &graph_ && !output.whole.empty()) {
      if (value->type.kind == ValueType::Kind::Unknown) value->type = output.type;
      graph_.declarations_.try_emplace(value, Graph::Declaration{value, output.whole, false});
    }
    ++value->output_count;
    graph_.outputs_.push_back(value);
  }

  Result<void> import_bodies(Node& node) {
    for (Attribute& attribute : node.attributes_) {
      if (attribute.graphs.empty()) continue;
      if (depth_ >= kMaxBodyDepth)
        return fail("node '{}': control flow is nested more than {} deep", node.address(),
                    kMaxBodyDepth);
      size_t index = 0;
      WireReader reader(attribute.wire);
      for (WireField field; reader.next(field);) {
        if (field.number != kAttributeGraph && field.number != kAttributeGraphs) continue;
        GraphImporter importer(model_, *attribute.graphs[index++], depth_ + 1);
        if (auto imported = importer.run(field.payload); !imported)
          return fail("{} of node '{}': {}", to_valid_utf8(attribute.name), node.address(),
                      imported.error().message);
      }
    }
    return {};
  }

  Model& model_;
  Graph& graph_;
  int depth_;
  std::unordered_set<uint32_t> seen_fields_;
  std::vector<PendingNode> pending_;
  std::vector<PendingOutput> output_names_;
  std::vector<PendingOutput> value_infos_;
};

class ModelImporter {
 public:
  Result<std::unique_ptr<Model>> run(Bytes bytes, std::shared_ptr<const void> owner,
                                     const fs::path& path) {
    model_->keep(std::move(owner), bytes);
    model_->path_ = path;
    model_->wire_ = bytes;
    bool has_graph = false;
    WireReader reader(bytes);
    for (WireField field; reader.next(field);) {
      if (seen_fields_.insert(field.number).second) model_->field_order_.push_back(field.number);
      if (field.number == model_field::kGraph && field.type == WireType::Length) {
        if (has_graph) return fail("{}: has two graphs, an ONNX model has one", path.string());
        has_graph = true;
        GraphImporter importer(*model_, *model_->graph_, 0);
        if (auto imported = importer.run(field.payload); !imported)
          return fail("{}: {}", path.string(), imported.error().message);
        continue;
      }
      if (auto read = read_field(field); !read)
        return fail("{}: {}", path.string(), read.error().message);
    }
    if (auto judged = judge(reader, has_graph, bytes, path); !judged) return judged.error();
    model_->touched_ = false;
    return std::move(model_);
  }

 private:
  Result<void> read_field(const WireField& field) {
    switch (field.number) {
      case model_field::kIrVersion:
        model_->ir_version_ = field.int_value();
        return {};
      case model_field::kProducerName:
        model_->producer_name_ = field.text();
        break;
      case model_field::kProducerVersion:
        model_->producer_version_ = field.text();
        break;
      case model_field::kOpsetImport: {
        auto import = parse_opset(field.payload);
        if (!import) return import.error();
        model_->opset_imports_.push_back(*import);
        return {};
      }
      case model_field::kMetadata: {
        auto entry = parse_entry(field.payload);
        if (!entry) return entry.error();
        model_->metadata_.push_back(*entry);
        return {};
      }
      case model_field::kFunction: {
        Function& function = model_->functions_.emplace_back();
        function.wire = field.whole;
        function.body = std::make_unique<Graph>(*model_, nullptr, &function);
        GraphImporter importer(*model_, *function.body, 0);
        return importer.run_function(field.payload, function);
      }
      default:
        break;
    }
    model_->other_fields_.emplace_back(field.number, field.whole);
    return {};
  }

  // Whether what was read is an ONNX model at all; a cut-off file is told apart from another
  // format.
  Result<void> judge(const WireReader& reader, bool has_graph, Bytes bytes,
                     const fs::path& path) const {
    if (!reader.failed() && has_graph) return {};
    if (bytes.empty()) return fail("{} is empty; expected an ONNX model", path.string());
    if (const auto foreign = describe_foreign_format(bytes, path.filename().string()))
      return fail("{} is not ONNX but {}", path.string(), *foreign);
    const bool looks_like_onnx = model_->ir_version_ > 0 && model_->ir_version_ < 100;
    if (reader.failed() && looks_like_onnx)
      return fail(
          "{} is cut off or damaged: the field at byte {} runs past the end of the file ({} "
          "bytes); copy or export it again",
          path.string(), reader.position(), bytes.size());
    return fail("{} is not an ONNX model: no graph found in its {} bytes", path.string(),
                bytes.size());
  }

  std::unique_ptr<Model> model_ = std::make_unique<Model>();
  std::unordered_set<uint32_t> seen_fields_;
};

Result<std::unique_ptr<Model>> import_model(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return fail("{} is a folder; expected an ONNX file{}", path.string(),
                fs::exists(path / "saved_model.pb", code)
                    ? ": a TensorFlow SavedModel is converted with `python -m tf2onnx.convert "
                      "--saved-model FOLDER --output model.onnx`"
                    : "");
  auto file = MappedFile::open(path);
  if (!file) return file.error();
  return import_model((*file)->bytes(), *file, path);
}

Result<std::unique_ptr<Model>> import_model(Bytes bytes, std::shared_ptr<const void> owner,
                                            const fs::path& path) {
  return ModelImporter().run(bytes, std::move(owner), path);
}

}  // namespace acuate
