#include "shape/infer.h"

#include <unordered_map>

#include <fmt/format.h>
#include <onnx/defs/schema.h>
#include <onnx/defs/shape_inference.h>
#include <onnx/onnx_pb.h>

#include "base/text.h"
#include "onnx_io/authority.h"

namespace acuate {
namespace {

constexpr int64_t kMaxConstantElements =
    4096;  // larger constants never are shapes, axes, sizes or scales

struct State {
  Model& model;
  InferenceResult result;
  std::unordered_map<const Value*, onnx::TypeProto> types;
  std::unordered_map<const Value*, onnx::TensorProto> constants;
  std::unordered_map<const Value*, onnx::TensorShapeProto> data;  // propagated shape data

  const onnx::TypeProto* type_of(const Value* value) const {
    const auto found = types.find(value);
    return found == types.end() || found->second.value_case() == onnx::TypeProto::VALUE_NOT_SET
               ? nullptr
               : &found->second;
  }

  void note_constant(const Value* value, const TensorRef& ref) {
    if (ref.size() > kMaxConstantElements) return;
    auto tensor = model.load(ref);
    if (!tensor) return;
    onnx::TensorProto& proto = constants[value];
    proto.set_data_type(static_cast<int32_t>(ref.type));
    for (const int64_t dim : ref.shape) proto.add_dims(dim);
    proto.set_raw_data(tensor->bytes().data(), tensor->bytes().size());
    if (ref.shape.size() > 1 || (ref.type != ElementType::Int64 && ref.type != ElementType::Int32))
      return;
    onnx::TensorShapeProto& values = data[value];
    for (int64_t i = 0; i < ref.size(); ++i)
      values.add_dim()->set_dim_value(ref.type == ElementType::Int64
                                          ? tensor->values<int64_t>()[static_cast<size_t>(i)]
                                          : tensor->values<int32_t>()[static_cast<size_t>(i)]);
  }
};

void infer_graph(State& state, Graph& graph);

// Infers a body when the operator that holds it asks, with the types that it passes to the body's
// inputs.
class BodyInferencer : public onnx::GraphInferencer {
 public:
  BodyInferencer(State& state, Graph& body) : state_(state), body_(body) {}
  std::vector<const onnx::TypeProto*> doInferencing(
      const std::vector<const onnx::TypeProto*>& input_types,
      const std::vector<const onnx::TensorProto*>&) override {
    for (size_t i = 0; i < body_.inputs().size() && i < input_types.size(); ++i)
      if (input_types[i] != nullptr) state_.types[body_.inputs()[i]] = *input_types[i];
    infer_graph(state_, body_);
    std::vector<const onnx::TypeProto*> out;
    for (const Value* output : body_.outputs()) out.push_back(state_.type_of(output));
    return out;
  }

 private:
  State& state_;
  Graph& body_;
};

class NodeContext : public onnx::InferenceContext, public onnx::DataPropagationContext {
 public:
  NodeContext(State& state, Node& node)
      : state_(state), node_(node), proto_(to_node_proto(node)), outputs_(node.outputs().size()) {}

  const onnx::AttributeProto* getAttribute(const std::string& name) const override {
    for (const auto& attribute : proto_.attribute())
      if (attribute.name() == name) return &attribute;
    return nullptr;
  }
  size_t getNumInputs() const override { return node_.input_count(); }
  const onnx::TypeProto* getInputType(size_t index) const override {
    const Value* value = node_.input(index);
    return value ? state_.type_of(value) : nullptr;
  }
  bool hasInput(size_t index) const override { return node_.input(index) != nullptr; }
  const onnx::TensorProto* getInputData(size_t index) const override {
    const auto found = state_.constants.find(node_.input(index));
    return found == state_.constants.end() ? nullptr : &found->second;
  }
  const onnx::SparseTensorProto* getInputSparseData(size_t) const override { return nullptr; }
  const onnx::TensorShapeProto* getSymbolicInput(size_t index) const override {
    const auto found = state_.data.find(node_.input(index));
    return found == state_.data.end() ? nullptr : &found->second;
  }
  size_t getNumOutputs() const override { return node_.outputs().size(); }
  onnx::TypeProto* getOutputType(size_t index) override { return &outputs_[index]; }
  const onnx::TypeProto* getOutputType(size_t index) const override { return &outputs_[index]; }
  bool hasOutput(size_t index) override { return node_.output(index) != nullptr; }
  onnx::GraphInferencer* getGraphAttributeInferencer(const std::string& name) override {
    const Attribute* attribute = node_.attribute(name);
    if (attribute == nullptr || attribute->graphs.empty()) return nullptr;
    auto& inferencer = inferencers_[name];
    if (!inferencer) inferencer = std::make_unique<BodyInferencer>(state_, *attribute->graphs[0]);
    return inferencer.get();
  }
  std::string getDisplayName() const override { return node_.address(); }

  const onnx::TensorShapeProto* getInputData(size_t index) override {
    return getSymbolicInput(index);
  }
  void addOutputData(size_t index, onnx::TensorShapeProto&& values) override {
    if (const Value* output = node_.output(index)) state_.data[output] = std::move(values);
  }

  std::vector<onnx::TypeProto>& outputs() { return outputs_; }

 private:
  State& state_;
  Node& node_;
  onnx::NodeProto proto_;
  std::vector<onnx::TypeProto> outputs_;
  std::unordered_map<std::string, std::unique_ptr<BodyInferencer>> inferencers_;
};

void infer_constant(State& state, const Node& node) {
  const Attribute* value = node.attribute("value");
  const Value* output = node.output();
  if (value == nullptr || output == nullptr) return;
  if (const auto wire = value->as_tensor())
    if (auto ref = parse_tensor(*wire, state.model.folder())) state.note_constant(output, *ref);
}

void infer_node(State& state, Node& node) {
  const onnx::OpSchema* schema = find_schema(state.model, node);
  NodeContext context(state, node);
  if (schema != nullptr) {
    try {
      schema->GetTypeAndShapeInferenceFunction()(context);
    } catch (const std::exception& error) {
      state.result.issues.push_back(
          {"type_mismatch", node.address(), "", to_valid_utf8(error.what())});
    }
  }
  for (size_t slot = 0; slot < node.outputs().size(); ++slot) {
    const Value* output = node.output(slot);
    if (output == nullptr) continue;
    onnx::TypeProto& inferred = context.outputs()[slot];
    const bool has_shape = inferred.value_case() != onnx::TypeProto::VALUE_NOT_SET &&
                           (!inferred.has_tensor_type() || inferred.tensor_type().has_shape());
    if (has_shape) {
      state.types[output] = std::move(inferred);
      continue;
    }
    // Nothing inferred: what the model declares is all there is.
    onnx::TypeProto declared = to_type_proto(output->type);
    if (inferred.has_tensor_type()) {
      if (!declared.has_tensor_type()) declared = inferred;
      declared.mutable_tensor_type()->set_elem_type(inferred.tensor_type().elem_type());
    }
    if (!declared.has_tensor_type() || !declared.tensor_type().has_shape())
      state.result.unknown.push_back(output);
    state.types[output] = std::move(declared);
  }
  if (node.is_op("Constant")) infer_constant(state, node);
  if (schema != nullptr && schema->has_data_propagation_function()) {
    try {
      schema->GetDataPropagationFunction()(context);
    } catch (const std::exception&) {
      // No data for this node: inference goes on without it.
    }
  }
}

ValueType from_proto(Model& model, const onnx::TypeProto& proto, const ValueType& previous) {
  if (!proto.has_tensor_type()) {
    if (previous.kind != ValueType::Kind::Unknown && previous.kind != ValueType::Kind::Tensor)
      return previous;
    ValueType type;
    switch (proto.value_case()) {
      case onnx::TypeProto::kSequenceType:
        type.kind = ValueType::Kind::Sequence;
        break;
      case onnx::TypeProto::kMapType:
        type.kind = ValueType::Kind::Map;
        break;
      case onnx::TypeProto::kOptionalType:
        type.kind = ValueType::Kind::Optional;
        break;
      case onnx::TypeProto::kSparseTensorType:
        type.kind = ValueType::Kind::SparseTensor;
        break;
      default:
        return previous;
    }
    type.wire = as_bytes(model.intern(proto.SerializeAsString()));
    return type;
  }
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = static_cast<ElementType>(proto.tensor_type().elem_type());
  if (!proto.tensor_type().has_shape()) return type;
  type.shape.emplace();
  for (const auto& dim : proto.tensor_type().shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() >= 0)
      type.shape->push_back({dim.dim_value(), {}});
    else
      type.shape->push_back(
          {-1, dim.has_dim_param() ? model.intern(dim.dim_param()) : std::string_view()});
  }
  return type;
}

bool same_type(const ValueType& a, const ValueType& b) {
  return a.kind == b.kind && a.element == b.element && a.shape == b.shape;
}

// Declared and inferred contradict each other: another element type, rank or known dimension.
bool contradicts(const ValueType& declared, const ValueType& inferred) {
  if (declared.kind != ValueType::Kind::Tensor || inferred.kind != ValueType::Kind::Tensor)
    return false;
  if (declared.element != ElementType::Undefined && declared.element != inferred.element)
    return true;
  if (!declared.shape || !inferred.shape) return false;
  if (declared.shape->size() != inferred.shape->size()) return true;
  for (size_t i = 0; i < declared.shape->size(); ++i) {
    const Dim &a = (*declared.shape)[i], &b = (*inferred.shape)[i];
    if (a.is_known() && b.is_known() && a.value != b.value) return true;
  }
  return false;
}

// A named dimension that inference lost is still what the model says.
void keep_names(const ValueType& declared, ValueType& inferred) {
  if (!declared.shape || !inferred.shape || declared.shape->size() != inferred.shape->size())
    return;
  for (size_t i = 0; i < declared.shape->size(); ++i)
    if (!(*inferred.shape)[i].is_known() && (*inferred.shape)[i].name.empty())
      (*inferred.shape)[i] = (*declared.shape)[i];
}

void infer_graph(State& state, Graph& graph) {
  for (const Value* value : graph.initializers()) {
    if (!value->is_input) state.note_constant(value, *value->initializer);
    state.types.try_emplace(value, to_type_proto(value->type));
  }
  for (const Value* input : graph.inputs())
    state.types.try_emplace(input, to_type_proto(input->type));
  for (Node* node = graph.first(); node != nullptr; node = node->next()) infer_node(state, *node);
}

}  // namespace

InferenceResult infer_shapes(Model& model) {
  State state{model, {}, {}, {}, {}};
  infer_graph(state, model.graph());
  for (Graph* graph : model.all_graphs())
    for (Value* value : graph->values()) {
      if (value->producer == nullptr && !(value->is_input && graph->owner() != nullptr)) continue;
      const onnx::TypeProto* proto = state.type_of(value);
      if (proto == nullptr) continue;
      ValueType inferred = from_proto(model, *proto, value->type);
      if (contradicts(value->type, inferred))
        state.result.issues.push_back(
            {"type_mismatch", value->producer ? value->producer->address() : "",
             to_valid_utf8(value->name),
             fmt::format("'{}' is declared {} but its producer makes {}",
                         to_valid_utf8(value->name), value->type.text(), inferred.text())});
      else
        keep_names(value->type, inferred);
      if (same_type(value->type, inferred)) continue;
      if (value->is_output() && graph == &model.graph())
        graph->set_type(*value, std::move(inferred));
      else
        graph->set_inferred_type(*value, std::move(inferred));
    }
  return std::move(state.result);
}

}  // namespace acuate
