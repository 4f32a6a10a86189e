#include "onnx_io/opset.h"

#include <onnx/onnx_pb.h>
#include <onnx/version_converter/convert.h>

#include "base/text.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"

namespace acuate {
namespace {

constexpr int64_t kMinIrVersion =
    7;  // the one of opset 13, from which per-channel quantization is standard

// Adapters read the values of small constants (axes, pads, scales); of larger ones only the shape.
constexpr uint64_t kReadBytes = uint64_t{1} << 16;

bool is_weight(const Value& value) { return value.initializer->size_bytes() > kReadBytes; }

// The model with an input in place of each weight of the main graph, for a converter that copies
// what it is given.
std::unique_ptr<Model> without_weights(const Model& model) {
  std::unique_ptr<Model> shadow = model.clone();
  Graph& graph = shadow->graph();
  std::vector<Value*> inputs = graph.inputs();
  for (Value* value : graph.initializers()) {
    if (!is_weight(*value)) continue;
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = value->initializer->type;
    type.shape.emplace();
    for (const int64_t dim : value->initializer->shape) type.shape->push_back({dim, {}});
    graph.remove_initializer(*value);
    if (!value->is_input) inputs.push_back(value);
    graph.set_type(*value, std::move(type));
  }
  if (inputs.size() > graph.inputs().size()) graph.set_inputs(std::move(inputs));
  return shadow;
}

// Refers to them where they lie.
void put_weights_back(const Model& model, Model& converted) {
  converted.keep_storage_of(model);
  Graph& graph = converted.graph();
  for (const Value* value : model.graph().initializers()) {
    Value* twin = is_weight(*value) ? graph.find(value->name) : nullptr;
    if (twin != nullptr && twin->producer == nullptr)
      graph.set_initializer(*twin, *value->initializer);
  }
  std::vector<Value*> inputs = graph.inputs();
  std::erase_if(inputs, [&](const Value* input) {
    const Value* before = model.graph().find(input->name);
    return before != nullptr && before->initializer && !before->is_input;
  });
  if (inputs.size() < graph.inputs().size()) graph.set_inputs(std::move(inputs));
}

}  // namespace

Result<std::unique_ptr<Model>> convert_opset(const Model& model, int64_t version) {
  const int64_t present = model.opset_version();
  if (present == version) return model.clone();
  if (!model.functions().empty())
    return fail("opset {} to {}: the onnx library converts no model with local functions", present,
                version);
  auto bytes = model_bytes(*without_weights(model));
  if (!bytes) return bytes.error();
  onnx::ModelProto proto;
  if (!proto.ParseFromString(*bytes))
    return fail("opset {} to {}: the onnx library cannot parse the model", present, version);
  onnx::ModelProto converted;
  try {
    converted = onnx::version_conversion::ConvertVersion(proto, static_cast<int>(version));
  } catch (const std::exception& error) {
    return fail("opset {} to {}: {}", present, version, to_valid_utf8(error.what()));
  }
  if (converted.ir_version() < kMinIrVersion) converted.set_ir_version(kMinIrVersion);
  for (const auto& import : proto.opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") continue;
    bool kept = false;
    for (const auto& other : converted.opset_import()) kept |= other.domain() == import.domain();
    if (!kept) *converted.add_opset_import() = import;
  }
  auto owner = std::make_shared<std::string>(converted.SerializeAsString());
  auto result = import_model(as_bytes(*owner), owner, model.path());
  if (!result) return result.error();
  put_weights_back(model, **result);
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    const Value* output = node->output();
    const Value* same = output ? (*result)->graph().find(output->name) : nullptr;
    if (same == nullptr || same->producer == nullptr) continue;
    for (const auto& [key, value] : node->metadata()) same->producer->set_metadata(key, value);
  }
  for (const auto& [key, value] : model.metadata()) (*result)->set_metadata(key, value);
  return result;
}

}  // namespace acuate
