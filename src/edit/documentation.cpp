#include "edit/documentation.h"

namespace acuate {
namespace {

// doc_string of ModelProto, NodeProto, GraphProto and FunctionProto (onnx.proto3).
enum : uint32_t { kOfModel = 6, kOfNode = 6, kOfGraph = 10, kOfFunction = 8 };

// The text of a field that is given whole; nothing where it has another number.
std::string_view text_of(Bytes whole, uint32_t number) {
  WireReader reader(whole);
  WireField field;
  return reader.next(field) && field.number == number ? field.text() : std::string_view();
}

}  // namespace

std::string_view documentation(const Model& model) { return model.text_field(kOfModel); }

std::string_view documentation(const Graph& graph) {
  const uint32_t number = graph.function() != nullptr ? kOfFunction : kOfGraph;
  for (const auto& [other, whole] : graph.other_fields())
    if (other == number) return text_of(whole, number);
  return {};
}

std::string_view documentation(const Node& node) {
  for (const Bytes whole : node.other_fields())
    if (const std::string_view text = text_of(whole, kOfNode); !text.empty()) return text;
  return {};
}

void set_documentation(Model& model, std::string_view text) {
  model.set_text_field(kOfModel, text);
}

void set_documentation(Node& node, std::string_view text) {
  std::vector<Bytes> fields = node.other_fields();
  std::erase_if(fields, [](Bytes whole) {
    WireReader reader(whole);
    WireField field;
    return reader.next(field) && field.number == kOfNode;
  });
  WireRope rope;
  rope.text_field(kOfNode, text);
  if (!text.empty()) fields.push_back(node.graph().model().own(rope));
  node.set_other_fields(std::move(fields));
}

}  // namespace acuate
