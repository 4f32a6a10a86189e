#include "targets/onnxruntime/kernels.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/text.h"
#include "graph/model.h"
#include "onnx_io/export.h"
#include "targets/onnxruntime/session.h"

namespace acuate {
namespace {

constexpr uint64_t kMostConstantBytes = 1024;  // larger ones are weights: fed, not stored
constexpr size_t kMostAttributeBytes = 4096;   // nodes with a larger one are not asked about
constexpr int64_t kFirstOpset = 7;             // before it the engine promises nothing

bool is_known(const Value& value) {
  if (value.initializer) return true;
  return value.type.kind == ValueType::Kind::Tensor ? value.type.element != ElementType::Undefined
                                                    : !value.type.wire.empty();
}

// All types are known, and nothing but the node itself is to be asked about.
bool can_be_asked(const Node& node) {
  if (node.is_op("Constant")) return false;
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    if (node.input(slot) != nullptr && !is_known(*node.input(slot))) return false;
  for (const Value* output : node.outputs())
    if (output != nullptr && !is_known(*output)) return false;
  for (const Attribute& attribute : node.attributes())
    if (!attribute.graphs.empty() || attribute.wire.size() > kMostAttributeBytes) return false;
  for (const Function& function : node.graph().model().functions())
    if (function.domain == node.domain() && function.name == node.op_type()) return false;
  return true;
}

void append_type(const Value* value, std::string& out) {
  if (value == nullptr) {
    out += "|-";
  } else if (value->initializer) {
    out += fmt::format("|c{}:{}", static_cast<int>(value->initializer->type),
                       value->initializer->shape.size());
  } else if (value->type.kind == ValueType::Kind::Tensor) {
    out += fmt::format("|{}:{}", static_cast<int>(value->type.element),
                       value->type.shape ? std::to_string(value->type.shape->size()) : "?");
  } else {
    out += "|";
    out.append(reinterpret_cast<const char*>(value->type.wire.data()), value->type.wire.size());
  }
}

// What chooses the kernel. Numbers of other kinds (pads, epsilon) do not.
std::string signature(const Node& node) {
  std::string out = fmt::format("{}|{}|{}", node.domain(), node.op_type(),
                                node.graph().opset_version(node.domain()));
  for (size_t slot = 0; slot < node.input_count(); ++slot) append_type(node.input(slot), out);
  out += "|>";
  for (const Value* output : node.outputs()) append_type(output, out);
  for (const Attribute& attribute : node.attributes())
    if (attribute.type == AttributeType::Int || attribute.type == AttributeType::String ||
        attribute.type == AttributeType::Strings)
      out.append("|").append(reinterpret_cast<const char*>(attribute.wire.data()),
                             attribute.wire.size());
  return out;
}

// The node alone, its operands fed; constants small enough to be sizes or flags are there.
std::unique_ptr<Model> model_of(const Node& node) {
  const Model& model = node.graph().model();
  auto alone = std::make_unique<Model>();
  alone->set_ir_version(model.ir_version());
  for (const OpsetImport& import : model.opset_imports())
    alone->set_opset(import.domain, import.version);
  Graph& graph = alone->graph();
  std::unordered_map<const Value*, Value*> copies;
  std::vector<Value*> inputs, outputs, fed;
  for (size_t slot = 0; slot < node.input_count(); ++slot) {
    const Value* original = node.input(slot);
    if (original == nullptr) {
      inputs.push_back(nullptr);
      continue;
    }
    Value*& copy = copies[original];
    if (copy == nullptr) {
      copy = graph.add_value(fmt::format("i{}", slot));
      const auto& constant = original->initializer;
      if (constant && constant->size_bytes() <= kMostConstantBytes && !constant->is_external()) {
        graph.set_initializer(*copy, *constant);
      } else {
        ValueType type = original->type;
        if (constant) {
          type.kind = ValueType::Kind::Tensor;
          type.element = constant->type;
          type.wire = {};
          type.shape.emplace();
          for (const int64_t dim : constant->shape) type.shape->push_back({dim, {}});
        }
        graph.set_type(*copy, type);
        fed.push_back(copy);
      }
    }
    inputs.push_back(copy);
  }
  for (const Value* original : node.outputs()) {
    outputs.push_back(nullptr);
    if (original == nullptr) continue;
    outputs.back() = graph.add_value(fmt::format("o{}", outputs.size()));
    ValueType type = original->type;
    if (type.kind == ValueType::Kind::Tensor) type.shape.reset(), type.wire = {};
    graph.set_type(*outputs.back(), type);
  }
  graph.set_inputs(fed);
  Node* copy = graph.add_node(node.op_type(), node.domain(), "node", inputs, outputs);
  for (const Attribute& attribute : node.attributes()) copy->set_attribute(attribute.wire);
  for (Value* output : outputs)
    if (output != nullptr) graph.add_output(*output);
  return alone;
}

std::string operand_types(const Node& node) {
  std::vector<std::string> types;
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    if (const Value* value = node.input(slot); value != nullptr)
      types.emplace_back(
          element_type_name(value->initializer ? value->initializer->type : value->type.element));
  return join(types, ", ");
}

// Nothing where the engine takes the node, or says what has another reason than the node.
std::optional<Reason> ask(const OnnxRuntime& runtime, const Node& node) {
  const auto bytes = model_bytes(*model_of(node));
  if (!bytes) return std::nullopt;
  const auto engine = load_onnxruntime_engine(
      runtime, ModelSource::memory(std::as_bytes(std::span(*bytes))),
      {.threads = 1, .optimization = Optimization::None, .spinning = false});
  if (engine) return std::nullopt;
  const std::string& message = engine.error().message;
  const int64_t opset = node.graph().opset_version(node.domain());
  const std::string operation = fmt::format("{} of opset {}", to_valid_utf8(node.op_type()), opset);
  Reason reason;
  if (message.find("Could not find an implementation") != message.npos) {
    const bool is_old = node.domain().empty() && opset < kFirstOpset;
    reason.id = is_old ? "unsupported_opset" : "unsupported_type";
    reason.message = fmt::format("ONNX Runtime has no kernel for {}{}", operation,
                                 is_old ? "" : " of these types");
    reason.evidence = fmt::format("{} of {}; asked of ONNX Runtime {}", node.op_type(),
                                  operand_types(node), runtime.version);
  } else if (message.find("Exception during initialization") != message.npos) {
    reason.id = "unsupported_attribute";
    reason.message = fmt::format("ONNX Runtime's kernel of {} refuses an attribute", operation);
    const size_t end = message.find('\n');
    const size_t begin = message.find("Exception during initialization");
    reason.evidence = message.substr(begin, end == message.npos ? end : end - begin);
  } else {
    return std::nullopt;
  }
  return reason;
}

}  // namespace

Result<std::vector<Refusal>> refusals_of_kernels(const OnnxRuntime& runtime, const Model& model) {
  static std::mutex mutex;
  static std::unordered_map<std::string, std::optional<Reason>> known;
  std::vector<Refusal> refusals;
  const std::lock_guard lock(mutex);
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    std::vector<const Node*> inside{node};
    while (!inside.empty()) {
      const Node* next = inside.back();
      inside.pop_back();
      for (const Attribute& attribute : next->attributes())
        for (const auto& body : attribute.graphs)
          for (const Node* child = body->first(); child != nullptr; child = child->next())
            inside.push_back(child);
      if (!can_be_asked(*next)) continue;
      const auto [entry, is_new] = known.try_emplace(signature(*next));
      if (is_new) entry->second = ask(runtime, *next);
      if (entry->second) refusals.push_back({node, *entry->second});
    }
  }
  return refusals;
}

}  // namespace acuate
