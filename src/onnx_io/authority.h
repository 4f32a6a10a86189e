#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/model.h"

namespace onnx {
class OpSchema;
class NodeProto;
class TypeProto;
}  // namespace onnx

namespace acuate {

// The onnx library's schema of an operator at the opset of the model or function that it stands in;
// null where it knows none.
const onnx::OpSchema* find_schema(const Model& model, const Node& node);

// A NodeProto of the node without tensors larger than `max_tensor_bytes` (their dims stay).
onnx::NodeProto to_node_proto(const Node& node);
onnx::TypeProto to_type_proto(const ValueType& type);

// What the onnx library's schemas say against the nodes: unknown operators and domains (unless the
// model defines them as functions), wrong numbers of inputs or outputs, missing or ill-typed
// attributes. Linear; loads no weight.
std::vector<ModelIssue> check_operators(const Model& model);

// The same for one node; nothing where the schema takes it or there is none to ask.
std::optional<ModelIssue> check_operator(const Model& model, const Node& node);
// Operators of the domain in that version, for suggestions.
std::vector<std::string> operator_names(std::string_view domain, int64_t version);

// The type variable that each input and output of the node follows by its schema ("T"), where that
// one may be `type`; empty for operands whose type is fixed or may not, and omitted ones.
struct TypeVariables {
  std::vector<std::string> inputs, outputs;
};
// Nothing where there is no schema.
std::optional<TypeVariables> type_variables(const Model& model, const Node& node, ElementType type);

// Version of the linked library, `1.23.2`.
std::string onnx_library_version();
// The highest opset of ai.onnx that the linked library knows.
int64_t newest_opset();

}  // namespace acuate
