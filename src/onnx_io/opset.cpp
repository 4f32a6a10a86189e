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

}  // namespace

Result<std::unique_ptr<Model>> convert_opset(const Model& model, int64_t version) {
  const int64_t present = model.opset_version();
  if (present == version) return model.clone();
  if (!model.functions().empty())
    return fail("opset {} to {}: the onnx library converts no model with local functions", present,
                version);
  auto bytes = model_bytes(model);
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
