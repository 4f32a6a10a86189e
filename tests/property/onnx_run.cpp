#include "property/onnx_run.h"

#include <set>

#include "targets/target.h"

namespace acuate::property {

onnx::TensorProto to_proto(const Tensor& tensor, const std::string& name) {
  onnx::TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(static_cast<int32_t>(tensor.type()));
  for (const int64_t dim : tensor.shape()) proto.add_dims(dim);
  proto.set_raw_data(tensor.bytes().data(), tensor.bytes().size());
  return proto;
}

void set_tensor_type(onnx::TypeProto& type, ElementType element) {
  type.mutable_tensor_type()->set_elem_type(static_cast<int32_t>(element));
}

void set_static_type(onnx::TypeProto& type, const Tensor& tensor) {
  set_tensor_type(type, tensor.type());
  auto* shape = type.mutable_tensor_type()->mutable_shape();
  for (const int64_t dim : tensor.shape()) shape->add_dim()->set_dim_value(dim);
}

Result<Values> run_model(std::string_view model_bytes, const Values& inputs) {
  auto engine = targets()
                    .lookup("onnxruntime")
                    ->load(ModelSource::memory(as_bytes(model_bytes)),
                           {.threads = 1, .optimization = Optimization::None});
  if (!engine) return engine.error();
  std::vector<Tensor> fed;
  for (const IoSpec& spec : (*engine)->inputs()) {
    const auto found = inputs.find(spec.name);
    if (found == inputs.end()) return fail("no value for input '{}'", spec.name);
    fed.push_back(found->second);
  }
  for (const IoSpec& spec : (*engine)->outputs())
    if (!spec.is_tensor) return fail("output '{}' is no tensor", spec.name);
  auto results = (*engine)->run(fed);
  if (!results) return results.error();
  Values out;
  for (size_t i = 0; i < results->size(); ++i)
    out.emplace((*engine)->outputs()[i].name, std::move((*results)[i]));
  return out;
}

Result<Values> run_model(const onnx::ModelProto& model, const Values& inputs) {
  return run_model(model.SerializeAsString(), inputs);
}

void collect_outer_names(const onnx::GraphProto& body, std::vector<std::string>& names) {
  std::set<std::string> own;
  for (const auto& input : body.input()) own.insert(input.name());
  for (const auto& initializer : body.initializer()) own.insert(initializer.name());
  for (const auto& node : body.node()) {
    std::vector<std::string> read(node.input().begin(), node.input().end());
    for (const auto& attribute : node.attribute())
      if (attribute.has_g()) collect_outer_names(attribute.g(), read);
    for (const std::string& name : read)
      if (!name.empty() && own.count(name) == 0) names.push_back(name);
    own.insert(node.output().begin(), node.output().end());
  }
}

}  // namespace acuate::property
