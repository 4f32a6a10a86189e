#include "onnx_io/authority.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/common/version.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include "base/text.h"
#include "onnx_io/onnx_fields.h"

namespace acuate {
namespace {

constexpr size_t kMaxTensorBytes = 1024;  // larger tensor attributes do not matter to a schema

void append_attribute(const Attribute& attribute, onnx::NodeProto& proto) {
  onnx::AttributeProto* out = proto.add_attribute();
  if (attribute.wire.size() > kMaxTensorBytes && attribute.type == AttributeType::Tensor) {
    out->set_name(std::string(attribute.name));
    out->set_type(onnx::AttributeProto::TENSOR);
    if (const auto wire = attribute.as_tensor())
      if (auto ref = parse_tensor(*wire, {}); ref) {
        out->mutable_t()->set_data_type(static_cast<int32_t>(ref->type));
        for (const int64_t dim : ref->shape) out->mutable_t()->add_dims(dim);
      }
    return;
  }
  if (!attribute.graphs.empty()) {
    out->set_name(std::string(attribute.name));
    out->set_type(static_cast<onnx::AttributeProto::AttributeType>(attribute.type));
    out->mutable_g();
    return;
  }
  if (!out->ParseFromArray(attribute.wire.data(), static_cast<int>(attribute.wire.size()))) {
    out->Clear();
    out->set_name(std::string(attribute.name));
  }
}

// What the model's own functions define, looked up once for all nodes: domain, name.
using FunctionNames = std::set<std::pair<std::string_view, std::string_view>>;
FunctionNames function_names(const Model& model) {
  FunctionNames names;
  for (const Function& function : model.functions()) names.emplace(function.domain, function.name);
  return names;
}

}  // namespace

const onnx::OpSchema* find_schema(const Model&, const Node& node) {
  const int64_t version = node.graph().opset_version(node.domain());
  if (version <= 0 || version > 10'000) return nullptr;
  return onnx::OpSchemaRegistry::Schema(std::string(node.op_type()), static_cast<int>(version),
                                        std::string(node.domain()));
}

std::optional<TypeVariables> type_variables(const Model& model, const Node& node,
                                            ElementType type) {
  const onnx::OpSchema* schema = find_schema(model, node);
  if (schema == nullptr) return std::nullopt;
  const std::string wanted = fmt::format("tensor({})", element_type_name(type));
  const auto variable = [&](const std::vector<onnx::OpSchema::FormalParameter>& parameters,
                            size_t slot) -> std::string {
    if (parameters.empty()) return {};
    const auto& parameter = parameters[std::min(slot, parameters.size() - 1)];
    const std::string& name = parameter.GetTypeStr();
    const auto& constraints = schema->typeConstraintMap();
    const auto found = constraints.find(name);
    if (found == constraints.end()) return {};
    for (const std::string* allowed : found->second.first)
      if (*allowed == wanted) return name;
    return {};
  };
  TypeVariables out;
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    out.inputs.push_back(node.input(slot) ? variable(schema->inputs(), slot) : "");
  for (size_t slot = 0; slot < node.outputs().size(); ++slot)
    out.outputs.push_back(node.output(slot) ? variable(schema->outputs(), slot) : "");
  return out;
}

onnx::NodeProto to_node_proto(const Node& node) {
  onnx::NodeProto proto;
  proto.set_name(std::string(node.name()));
  proto.set_op_type(std::string(node.op_type()));
  proto.set_domain(std::string(node.domain()));
  for (size_t slot = 0; slot < node.input_count(); ++slot)
    proto.add_input(node.input(slot) ? std::string(node.input(slot)->name) : "");
  for (const Value* output : node.outputs())
    proto.add_output(output ? std::string(output->name) : "");
  for (const Attribute& attribute : node.attributes()) append_attribute(attribute, proto);
  return proto;
}

onnx::TypeProto to_type_proto(const ValueType& type) {
  onnx::TypeProto proto;
  if (type.kind == ValueType::Kind::Tensor) {
    auto* tensor = proto.mutable_tensor_type();
    tensor->set_elem_type(static_cast<int32_t>(type.element));
    if (type.shape) {
      auto* shape = tensor->mutable_shape();
      for (const Dim& dim : *type.shape) {
        auto* out = shape->add_dim();
        if (dim.is_known())
          out->set_dim_value(dim.value);
        else if (!dim.name.empty())
          out->set_dim_param(std::string(dim.name));
      }
    }
  } else if (!type.wire.empty()) {
    if (!proto.ParseFromArray(type.wire.data(), static_cast<int>(type.wire.size()))) proto.Clear();
  }
  return proto;
}

namespace {

// ONNX Runtime's own domains are not in the library's registry; their engine judges them.
bool is_judged_elsewhere(std::string_view domain) {
  constexpr std::string_view kDomains[] = {"com.microsoft", "com.microsoft.nchwc",
                                           "com.microsoft.experimental", "com.ms.internal.nhwc"};
  return std::find(std::begin(kDomains), std::end(kDomains), domain) != std::end(kDomains);
}

std::optional<ModelIssue> check_node(const Model& model, const FunctionNames& functions,
                                     const Node& node) {
  const int64_t version = node.graph().opset_version(node.domain());
  const std::string op =
      fmt::format("{}{}{}", to_valid_utf8(node.domain()),
                  node.domain().empty() ? "" : "::", to_valid_utf8(node.op_type()));
  if (functions.count({node.domain(), node.op_type()}) > 0 || is_judged_elsewhere(node.domain()))
    return std::nullopt;
  if (version == 0 && model.ir_version() >= 3)
    return ModelIssue{
        "unknown_domain", node.address(), "",
        fmt::format("operator {} belongs to the domain '{}', which the model does not import", op,
                    to_valid_utf8(node.domain()))};
  const onnx::OpSchema* schema = find_schema(model, node);
  if (schema == nullptr) {
    const bool own_domain = node.domain().empty() || node.domain() == "ai.onnx.ml" ||
                            node.domain() == "ai.onnx.preview.training" ||
                            node.domain() == "ai.onnx.training";
    return ModelIssue{
        own_domain ? "unknown_operator" : "unknown_domain", node.address(), "",
        own_domain
            ? fmt::format("there is no operator {} in opset {}", op, version)
            : fmt::format("operator {} belongs to a domain that the onnx library does not know",
                          op)};
  }
  try {
    schema->Verify(to_node_proto(node));
  } catch (const std::exception& error) {
    return ModelIssue{"invalid_node", node.address(), "", to_valid_utf8(error.what())};
  }
  return std::nullopt;
}

}  // namespace

std::optional<ModelIssue> check_operator(const Model& model, const Node& node) {
  return check_node(model, function_names(model), node);
}

std::vector<ModelIssue> check_operators(const Model& model) {
  std::vector<ModelIssue> issues;
  const FunctionNames functions = function_names(model);
  for (const Graph* graph : model.all_graphs())
    for (const Node* node = graph->first(); node != nullptr; node = node->next())
      if (auto issue = check_node(model, functions, *node)) issues.push_back(*std::move(issue));
  return issues;
}

std::vector<std::string> operator_names(std::string_view domain, int64_t version) {
  std::vector<std::string> names;
  for (const onnx::OpSchema& schema : onnx::OpSchemaRegistry::get_all_schemas())
    if (schema.domain() == domain && schema.SinceVersion() <= version && !schema.Deprecated())
      names.push_back(schema.Name());
  return names;
}

std::string onnx_library_version() { return onnx::LAST_RELEASE_VERSION; }

int64_t newest_opset() {
  return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
}

}  // namespace acuate
