#include "targets/openvino/capability.h"

#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "graph/constants.h"
#include "graph/splice.h"
#include "onnx_io/export.h"

namespace acuate::openvino {
namespace {

// Constants up to here may be shapes, axes or permutations, which a conversion looks at.
constexpr int64_t kSmallConstant = 256;
constexpr size_t kMostAnswers = 20'000;

// What OpenVINO said of models of one node, by their bytes; nothing: it takes them.
class Answers {
 public:
  std::optional<std::string> of(const Module& module, const std::string& bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = known_.find(bytes); known != known_.end()) return known->second;
    }
    const auto checked = module.check(as_bytes(bytes));
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostAnswers) known_.clear();
    std::optional<std::string> answer;
    if (!checked) answer = checked.error().message;
    return known_.emplace(bytes, answer).first->second;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::optional<std::string>> known_;
};

Answers& answers() {
  static auto* made = new Answers();
  return *made;
}

// What the node and its bodies read of the graphs around them, in order, each once.
std::vector<const Value*> values_read(const Node& node) {
  std::vector<const Value*> read;
  std::unordered_set<const Value*> seen;
  std::unordered_set<const Graph*> inside;
  std::vector<const Node*> open = {&node};
  const auto note = [&](const Value* value) {
    if (value != nullptr && inside.count(value->graph) == 0 && seen.insert(value).second)
      read.push_back(value);
  };
  while (!open.empty()) {
    const Node* current = open.back();
    open.pop_back();
    for (size_t slot = 0; slot < current->input_count(); ++slot) note(current->input(slot));
    for (const Attribute& attribute : current->attributes())
      for (const auto& body : attribute.graphs) {
        inside.insert(body.get());
        for (const Node* inner = body->first(); inner != nullptr; inner = inner->next())
          open.push_back(inner);
        for (const Value* output : body->outputs()) note(output);
      }
  }
  return read;
}

struct Probe {
  std::string bytes;
  bool types_are_known = true;
};

Result<Probe> probe_of(const Node& node, const NodeContext& context) {
  const Model& theirs = node.graph().model();
  const auto type_of = [&](const Value& value) {
    if (context.type_of)
      if (auto type = context.type_of(value)) return *type;
    return value.type;
  };
  Probe probe;
  Model model;
  model.keep_storage_of(theirs);
  model.set_ir_version(theirs.ir_version());
  if (const Function* function = node.graph().function())
    for (const OpsetImport& import : function->opset_imports)
      model.set_opset(import.domain, import.version);
  else
    for (const OpsetImport& import : theirs.opset_imports())
      model.set_opset(import.domain, import.version);
  Graph& graph = model.graph();
  // Names that do not depend on the model, so that equal nodes give equal bytes.
  Splice splice;
  std::vector<Value*> inputs, outputs;
  const auto declare = [&](Value& copy, const Value& value) {
    ValueType type = type_of(value);
    type.wire = {};
    if (type.element == ElementType::Undefined) {
      probe.types_are_known = false;
      type.kind = ValueType::Kind::Tensor;
      type.element = ElementType::Float;
    }
    if (type.shape)
      for (Dim& dim : *type.shape) dim.name = {};
    graph.set_type(copy, std::move(type));
  };
  for (const Value* value : values_read(node)) {
    Value* copy = graph.add_value(fmt::format("i{}", splice.values.size()));
    splice.values.emplace(value, copy);
    if (is_constant(*value))
      if (const auto tensor = load_constant(theirs, *value);
          tensor && tensor->size() <= kSmallConstant) {
        graph.set_initializer(*copy, *tensor);
        continue;
      }
    if (value->initializer) {
      ValueType type{ValueType::Kind::Tensor, value->initializer->type, std::vector<Dim>(), {}};
      for (const int64_t size : value->initializer->shape) type.shape->push_back({size, {}});
      graph.set_type(*copy, std::move(type));
    } else {
      declare(*copy, *value);
    }
    inputs.push_back(copy);
  }
  graph.set_inputs(inputs);
  for (const Value* value : node.outputs()) {
    if (value == nullptr) continue;
    Value* copy = graph.add_value(fmt::format("o{}", outputs.size()));
    splice.values.emplace(value, copy);
    outputs.push_back(copy);
  }
  const Node* const nodes[] = {&node};
  if (auto copied = splice_nodes(nodes, {}, graph, splice); !copied) return copied.error();
  graph.first()->set_name("n");
  graph.set_outputs(outputs);
  FunctionCopier(theirs, model).bring_for(node);
  auto bytes = model_bytes(model);
  if (!bytes) return bytes.error();
  probe.bytes = std::move(*bytes);
  return probe;
}

bool is_other_than_tensor(const Value* value) {
  if (value == nullptr) return false;
  const ValueType::Kind kind = value->type.kind;
  return kind != ValueType::Kind::Tensor && kind != ValueType::Kind::Unknown;
}

// Operators whose results, or operands, are always sequences or optionals.
bool handles_sequences(const Node& node) {
  const std::string_view op = node.op_type();
  return node.domain().empty() && (op.starts_with("Sequence") || op.starts_with("Optional") ||
                                   op == "SplitToSequence" || op == "ConcatFromSequence");
}

}  // namespace

std::vector<Reason> why_not(const Library& library, const Node& node, const NodeContext& context) {
  bool other = handles_sequences(node);
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    other |= is_other_than_tensor(node.input(slot));
  for (const Value* output : node.outputs()) other |= is_other_than_tensor(output);
  if (other)
    return {{.id = "non_numeric_value",
             .message = "OpenVINO's CPU plug-in passes tensors alone between nodes, no sequences, "
                        "maps or optionals",
             .evidence = fmt::format("operator {}", to_valid_utf8(node.op_type()))}};
  const std::string version = fmt::format("OpenVINO {}", library.version);
  const auto probe = probe_of(node, context);
  if (!probe)
    return {{.id = "unknown_support",
             .message = fmt::format("whether OpenVINO takes this {} could not be asked",
                                    to_valid_utf8(node.op_type())),
             .evidence = probe.error().message}};
  const auto refusal = answers().of(*library.module, probe->bytes);
  if (!refusal) return {};
  if (refusal->find("no conversion for") != std::string::npos ||
      refusal->find("CPU plug-in has no") != std::string::npos)
    return {{.id = "unsupported_operator",
             .message = fmt::format("OpenVINO does not have the operator {}{}",
                                    node.domain().empty() ? "" : std::string(node.domain()) + ".",
                                    to_valid_utf8(node.op_type())),
             .evidence = fmt::format("{}: {}", version, *refusal)}};
  // The types were guessed: what it says of them is no answer.
  if (!probe->types_are_known) return {};
  return {
      {.id = "unsupported_attribute",
       .message = fmt::format("OpenVINO does not convert this {}", to_valid_utf8(node.op_type())),
       .evidence = fmt::format("{}: {}", version, *refusal)}};
}

}  // namespace acuate::openvino
