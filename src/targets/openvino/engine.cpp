#include "targets/openvino/engine.h"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "onnx_io/import.h"
#include "targets/openvino/capability.h"

namespace acuate::openvino {
namespace {

// Of the ONNX model, for a profile.
struct NodeNames {
  std::unordered_set<std::string> nodes;
  std::unordered_map<std::string, std::string> by_tensor;  // who makes a tensor
};

NodeNames node_names_of(const Model& model) {
  NodeNames names;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    names.nodes.emplace(node->name());
    for (const Value* output : node->outputs())
      if (output != nullptr) names.by_tensor.emplace(output->name, node->name());
  }
  return names;
}

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine(std::unique_ptr<Network> network, std::vector<IoSpec> inputs,
                 std::vector<IoSpec> outputs, NodeNames names)
      : network_(std::move(network)), names_(std::move(names)) {
    inputs_ = std::move(inputs);
    outputs_ = std::move(outputs);
  }

  Result<Profile> profile() override {
    auto profile = network_->profile();
    if (!profile) return profile;
    for (KernelRecord& kernel : profile->kernels) kernel.origins = nodes_of(kernel);
    return profile;
  }

 protected:
  Result<std::vector<Tensor>> run_checked(std::span<const Tensor> inputs,
                                          std::span<const size_t> outputs) override {
    std::vector<TensorView> views;
    for (const Tensor& input : inputs)
      views.push_back({input.type(), &input.shape(), input.bytes().data()});
    std::vector<Tensor> all(outputs_.size());
    const auto allocate = [&](size_t output, const Port& port) -> void* {
      all[output] = Tensor::allocate(port.type, port.shape);
      return all[output].mutable_bytes().data();
    };
    if (auto ran = network_->run(views, allocate); !ran)
      return fail("OpenVINO could not run the model: {}", ran.error().message);
    std::vector<Tensor> results;
    for (const size_t output : outputs) results.push_back(all[output]);
    return results;
  }

 private:
  // OpenVINO calls a node by its name in the ONNX model or, where it gives an output of the model,
  // by that tensor's.
  std::vector<std::string> nodes_of(const KernelRecord& kernel) const {
    std::vector<std::string> candidates = kernel.origins, nodes;
    candidates.push_back(kernel.node);
    for (const std::string& name : candidates) {
      const auto made = names_.by_tensor.find(name);
      const std::string* node = names_.nodes.count(name) > 0     ? &name
                                : made != names_.by_tensor.end() ? &made->second
                                                                 : nullptr;
      if (node != nullptr && std::find(nodes.begin(), nodes.end(), *node) == nodes.end())
        nodes.push_back(*node);
    }
    return nodes;
  }

  std::unique_ptr<Network> network_;
  NodeNames names_;
};

// As the model declares it, which alone knows the names of dimensions; what it leaves open, as
// OpenVINO found it.
Result<IoSpec> spec_of(const Value& value, const Port& port, std::string_view kind) {
  IoSpec spec = io_spec(value);
  if (!port.is_read) return spec;
  if (port.type == ElementType::Undefined)
    return fail("{} '{}' is {}, a type that OpenVINO does not have", kind, spec.name, spec.text());
  spec.type = port.type;
  spec.is_tensor = true;
  if (!spec.has_shape) {
    spec.has_shape = port.has_shape;
    spec.shape = port.shape;
    spec.dim_names.assign(port.shape.size(), "");
  }
  for (size_t axis = 0; axis < spec.shape.size() && port.shape.size() == spec.shape.size(); ++axis)
    if (spec.shape[axis] < 0 && spec.dim_names[axis].empty()) spec.shape[axis] = port.shape[axis];
  return spec;
}

Result<std::vector<IoSpec>> specs_of(const std::vector<const Value*>& values,
                                     const std::vector<Port>& ports, std::string_view kind) {
  std::vector<IoSpec> specs;
  for (size_t i = 0; i < values.size(); ++i) {
    auto spec = spec_of(*values[i], ports[i], kind);
    if (!spec) return spec.error();
    specs.push_back(std::move(*spec));
  }
  return specs;
}

std::vector<std::string> names_of(const std::vector<const Value*>& values) {
  std::vector<std::string> names;
  for (const Value* value : values) names.emplace_back(value->name);
  return names;
}

// OpenVINO names operators where it has no conversion for them, but no node.
std::string refused_nodes(const Library& library, const Model& model) {
  constexpr size_t kMost = 3;
  std::vector<std::string> found;
  size_t count = 0;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    const auto reasons = why_not(library, *node, {});
    if (reasons.empty() || !reasons[0].blocks || ++count > kMost) continue;
    found.push_back(
        fmt::format("node '{}': {}", to_valid_utf8(node->address()), reasons[0].message));
  }
  if (count == 0) return {};
  return fmt::format(" ({}{})", join(found, "; "),
                     count > kMost ? fmt::format("; and {} more nodes", count - kMost) : "");
}

}  // namespace

Result<std::unique_ptr<Engine>> load_engine(const Library& library, const ModelSource& source,
                                            const EngineOptions& options) {
  auto model = source.path.empty()
                   ? import_model(source.bytes, nullptr, source.folder / "model.onnx")
                   : import_model(source.path);
  if (!model) return model.error();
  std::vector<const Value*> inputs, outputs;
  for (const Value* input : (*model)->graph().inputs())
    if (!input->initializer) inputs.push_back(input);
  for (const Value* output : (*model)->graph().outputs()) outputs.push_back(output);
  CompileRequest request{source, options, names_of(inputs), names_of(outputs)};
  if (request.options.threads <= 0)
    request.options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (const char* folder = std::getenv("ACUATE_ENGINE_CACHE");
      request.options.cache_folder.empty() && folder != nullptr)
    request.options.cache_folder = folder;
  auto network = library.module->compile(request);
  if (!network)
    return fail("OpenVINO {} cannot load {}: {}{}", library.version, source.text(),
                network.error().message, refused_nodes(library, **model));
  auto input_specs = specs_of(inputs, (*network)->inputs(), "input");
  if (!input_specs) return input_specs.error();
  auto output_specs = specs_of(outputs, (*network)->outputs(), "output");
  if (!output_specs) return output_specs.error();
  return std::unique_ptr<Engine>(std::make_unique<OpenVinoEngine>(
      std::move(*network), std::move(*input_specs), std::move(*output_specs),
      options.profile ? node_names_of(**model) : NodeNames()));
}

}  // namespace acuate::openvino
