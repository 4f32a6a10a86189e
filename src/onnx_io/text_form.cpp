#include "onnx_io/text_form.h"

#include <algorithm>

#include <onnx/defs/parser.h>
#include <onnx/defs/printer.h>
#include <onnx/onnx_pb.h>

#include "onnx_io/export.h"
#include "onnx_io/import.h"

namespace acuate {

namespace {

constexpr size_t kMaxDepth = 256;  // the parser recurses

size_t nesting(std::string_view text) {
  size_t depth = 0, deepest = 0;
  for (const char c : text) {
    if (c == '(' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ')' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

}  // namespace

Result<std::unique_ptr<Model>> parse_text_model(std::string_view text) {
  if (nesting(text) > kMaxDepth) return fail("ONNX text: nested more than {} deep", kMaxDepth);
  onnx::ModelProto proto;
  const std::string terminated(text);  // the parser keeps the pointer
  onnx::OnnxParser parser(terminated.c_str());
  try {
    if (const auto status = parser.Parse(proto); !status.IsOK())
      return fail("ONNX text: {}", status.ErrorMessage());
  } catch (const std::exception& error) {
    return fail("ONNX text: {}", error.what());
  }
  auto bytes = std::make_shared<std::string>(proto.SerializeAsString());
  return import_model(as_bytes(*bytes), bytes, {});
}

std::string to_text(const Model& model) {
  onnx::ModelProto proto;
  const std::string bytes = encode_model(model).flatten();
  if (!proto.ParseFromString(bytes))
    return "<not printable: the onnx library cannot parse the model>";
  return onnx::ProtoToString(proto);
}

}  // namespace acuate
