#include <unordered_map>

#include <onnx/defs/schema.h>
#include <onnx/defs/shape_inference.h>
#include <onnx/onnx_pb.h>

#include "base/text.h"
#include "onnx_io/authority.h"
#include "shape/engine.h"

namespace acuate {
namespace {

onnx::TypeProto to_proto(const SymbolicType& type) {
  onnx::TypeProto proto;
  switch (type.kind) {
    case ValueType::Kind::Tensor:
    case ValueType::Kind::SparseTensor: {
      auto fill = [&](auto* tensor) {
        tensor->set_elem_type(static_cast<int32_t>(type.element));
        if (!type.shape) return;
        auto* shape = tensor->mutable_shape();
        for (const Expr& dim : *type.shape) {
          auto* out = shape->add_dim();
          if (dim.is_number())
            out->set_dim_value(*dim.as_number());
          else if (!dim.is_unknown())
            out->set_dim_param(dim.text());
        }
      };
      if (type.kind == ValueType::Kind::Tensor)
        fill(proto.mutable_tensor_type());
      else
        fill(proto.mutable_sparse_tensor_type());
      break;
    }
    case ValueType::Kind::Sequence:
      if (type.item)
        *proto.mutable_sequence_type()->mutable_elem_type() = to_proto(*type.item);
      else if (!type.wire.empty())
        proto.ParseFromArray(type.wire.data(), static_cast<int>(type.wire.size()));
      break;
    case ValueType::Kind::Optional:
      if (type.item)
        *proto.mutable_optional_type()->mutable_elem_type() = to_proto(*type.item);
      else if (!type.wire.empty())
        proto.ParseFromArray(type.wire.data(), static_cast<int>(type.wire.size()));
      break;
    default:
      if (!type.wire.empty())
        proto.ParseFromArray(type.wire.data(), static_cast<int>(type.wire.size()));
      break;
  }
  return proto;
}

// A name in the type of a sequence's items stands for the size of each, which may differ.
SymbolicType of_items(SymbolicType item) {
  if (item.shape)
    for (Expr& dim : *item.shape)
      if (!dim.is_number()) dim = Expr::unknown();
  return item;
}

SymbolicType from_proto(Model& model, ExprPool& pool, const onnx::TypeProto& proto) {
  SymbolicType type;
  const auto fill = [&](ValueType::Kind kind, const auto& tensor) {
    type.kind = kind;
    type.element = static_cast<ElementType>(tensor.elem_type());
    if (!tensor.has_shape()) return;
    type.shape.emplace();
    for (const auto& dim : tensor.shape().dim()) {
      if (dim.has_dim_value() && dim.dim_value() >= 0)
        type.shape->emplace_back(dim.dim_value());
      else
        type.shape->push_back(dim.has_dim_param() ? pool.parse(dim.dim_param()) : Expr::unknown());
    }
  };
  switch (proto.value_case()) {
    case onnx::TypeProto::kTensorType:
      fill(ValueType::Kind::Tensor, proto.tensor_type());
      return type;
    case onnx::TypeProto::kSparseTensorType:
      fill(ValueType::Kind::SparseTensor, proto.sparse_tensor_type());
      return type;
    case onnx::TypeProto::kSequenceType:
      type = SymbolicType::sequence(
          of_items(from_proto(model, pool, proto.sequence_type().elem_type())));
      break;
    case onnx::TypeProto::kOptionalType:
      type = SymbolicType::optional(from_proto(model, pool, proto.optional_type().elem_type()));
      break;
    case onnx::TypeProto::kMapType:
      type.kind = ValueType::Kind::Map;
      break;
    default:
      return type;
  }
  type.wire = as_bytes(model.intern(proto.SerializeAsString()));
  return type;
}

class LibraryContext : public onnx::InferenceContext {
 public:
  LibraryContext(ShapeEngine& engine, RuleContext& rule)
      : engine_(engine),
        rule_(rule),
        proto_(to_node_proto(rule.node())),
        inputs_(rule.input_count()),
        outputs_(rule.output_count()) {
    for (size_t slot = 0; slot < inputs_.size(); ++slot)
      if (const SymbolicType* type = rule.type(slot)) inputs_[slot] = to_proto(*type);
    // Inside a function an attribute may stand for one of the call.
    for (auto& attribute : *proto_.mutable_attribute())
      if (!attribute.ref_attr_name().empty())
        if (const Attribute* given = rule.attribute(attribute.name())) {
          const std::string name = attribute.name();
          attribute.ParseFromArray(given->wire.data(), static_cast<int>(given->wire.size()));
          attribute.set_name(name);
        }
  }

  const onnx::AttributeProto* getAttribute(const std::string& name) const override {
    for (const auto& attribute : proto_.attribute())
      if (attribute.name() == name && attribute.ref_attr_name().empty()) return &attribute;
    return nullptr;
  }
  size_t getNumInputs() const override { return inputs_.size(); }
  const onnx::TypeProto* getInputType(size_t index) const override {
    return index < inputs_.size() && inputs_[index].value_case() != onnx::TypeProto::VALUE_NOT_SET
               ? &inputs_[index]
               : nullptr;
  }
  bool hasInput(size_t index) const override { return rule_.has_input(index); }
  const onnx::TensorProto* getInputData(size_t index) const override {
    const auto found = constants_.find(index);
    if (found != constants_.end()) return found->second.get();
    std::unique_ptr<onnx::TensorProto> proto;
    if (const auto tensor = rule_.constant(index)) {
      proto = std::make_unique<onnx::TensorProto>();
      proto->set_data_type(static_cast<int32_t>(tensor->type()));
      for (const int64_t dim : tensor->shape()) proto->add_dims(dim);
      proto->set_raw_data(tensor->bytes().data(), tensor->bytes().size());
    } else if (const auto numbers = rule_.numbers(index);
               numbers && rule_.element(index) == ElementType::Int64 && rule_.shape(index) &&
               rule_.shape(index)->size() <= 1) {
      proto = std::make_unique<onnx::TensorProto>();
      proto->set_data_type(onnx::TensorProto::INT64);
      if (rule_.shape(index)->size() == 1) proto->add_dims(static_cast<int64_t>(numbers->size()));
      for (const int64_t value : *numbers) proto->add_int64_data(value);
    }
    return constants_.emplace(index, std::move(proto)).first->second.get();
  }
  const onnx::SparseTensorProto* getInputSparseData(size_t) const override { return nullptr; }
  const onnx::TensorShapeProto* getSymbolicInput(size_t index) const override {
    const auto values = rule_.integers(index);
    if (!values) return nullptr;
    auto& shape = symbolic_[index];
    shape = std::make_unique<onnx::TensorShapeProto>();
    for (const Expr& value : *values) {
      auto* dim = shape->add_dim();
      if (value.is_number())
        dim->set_dim_value(*value.as_number());
      else
        dim->set_dim_param(value.text());
    }
    return shape.get();
  }
  size_t getNumOutputs() const override { return outputs_.size(); }
  onnx::TypeProto* getOutputType(size_t index) override { return &outputs_[index]; }
  bool hasOutput(size_t index) override { return rule_.has_output(index); }
  onnx::GraphInferencer* getGraphAttributeInferencer(const std::string& name) override {
    auto& inferencer = inferencers_[name];
    if (!inferencer) inferencer = std::make_unique<BodyInferencer>(*this, name);
    return inferencer.get();
  }
  std::string getDisplayName() const override { return rule_.node().address(); }
  std::vector<onnx::TypeProto>& outputs() { return outputs_; }

 private:
  class BodyInferencer : public onnx::GraphInferencer {
   public:
    BodyInferencer(LibraryContext& context, std::string attribute)
        : context_(context), attribute_(std::move(attribute)) {}
    std::vector<const onnx::TypeProto*> doInferencing(
        const std::vector<const onnx::TypeProto*>& input_types,
        const std::vector<const onnx::TensorProto*>&) override {
      std::vector<SymbolicType> inputs;
      for (const onnx::TypeProto* type : input_types)
        inputs.push_back(type ? from_proto(context_.engine_.model(), context_.engine_.pool(), *type)
                              : SymbolicType());
      const auto body = context_.rule_.infer_body(attribute_, inputs);
      types_.clear();
      if (body)
        for (const SymbolicType& type : body->outputs) types_.push_back(to_proto(type));
      std::vector<const onnx::TypeProto*> out;
      for (const onnx::TypeProto& type : types_)
        out.push_back(&type);  // never null: it follows them
      return out;
    }

   private:
    LibraryContext& context_;
    std::string attribute_;
    std::vector<onnx::TypeProto> types_;
  };

  ShapeEngine& engine_;
  RuleContext& rule_;
  onnx::NodeProto proto_;
  std::vector<onnx::TypeProto> inputs_, outputs_;
  mutable std::unordered_map<size_t, std::unique_ptr<onnx::TensorProto>> constants_;
  mutable std::unordered_map<size_t, std::unique_ptr<onnx::TensorShapeProto>> symbolic_;
  std::unordered_map<std::string, std::unique_ptr<BodyInferencer>> inferencers_;
};

const onnx::OpSchema* schema_of(const ShapeEngine& engine, const Node& node) {
  const int64_t version = engine.opset(node.domain());
  if (version <= 0 || version > 10'000) return nullptr;
  return onnx::OpSchemaRegistry::Schema(std::string(node.op_type()), static_cast<int>(version),
                                        std::string(node.domain()));
}

}  // namespace

bool infer_by_library(ShapeEngine& engine, RuleContext& rule) {
  const onnx::OpSchema* schema = schema_of(engine, rule.node());
  if (schema == nullptr || !schema->has_type_and_shape_inference_function()) return false;
  LibraryContext context(engine, rule);
  try {
    schema->GetTypeAndShapeInferenceFunction()(context);
  } catch (const std::exception& error) {
    // It also complains of inputs that nothing is known of; that is no contradiction.
    bool all_known = true;
    for (size_t slot = 0; slot < rule.input_count(); ++slot)
      all_known &= !rule.has_input(slot) || rule.type(slot) != nullptr;
    if (all_known) rule.refuse(to_valid_utf8(error.what()));
  }
  for (size_t slot = 0; slot < context.outputs().size(); ++slot)
    rule.set_type(slot, from_proto(engine.model(), engine.pool(), context.outputs()[slot]));
  return true;
}

}  // namespace acuate
