#include "runtime/module/acuate.h"

#include "data/npy.h"
#include "runtime/artifact.h"

namespace acuate::runtime {
namespace {

template <class T>
T take(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

std::vector<Port> ports_of(const std::vector<IoSpec>& specs) {
  std::vector<Port> ports;
  for (const IoSpec& spec : specs)
    ports.push_back({spec.name, std::string(element_type_name(spec.type)), spec.shape});
  return ports;
}

ElementType type_called(std::string_view name) {
  const auto type = parse_element_type(name);
  if (!type || element_bits(*type) == 0)
    throw std::runtime_error(
        fmt::format("'{}' is no type of a tensor; expected one such as float32", name));
  return *type;
}

// What it takes of memory; a shape that no tensor has is refused.
size_t size_bytes_of(ElementType type, const Shape& shape) {
  const auto size = tensor_size_bytes(type, shape);
  if (!size)
    throw std::runtime_error(fmt::format("no tensor has the shape {}", format_shape(shape)));
  return *size;
}

}  // namespace

struct Tensor::State {
  acuate::Tensor tensor;
  std::string type = std::string(element_type_name(tensor.type()));
};

Tensor::Tensor(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Tensor Tensor::zeros(std::string_view type, std::vector<int64_t> shape) {
  const ElementType element = type_called(type);
  (void)size_bytes_of(element, shape);
  return Tensor(
      std::make_shared<State>(State{acuate::Tensor::allocate(element, std::move(shape))}));
}

Tensor Tensor::view(std::string_view type, std::vector<int64_t> shape, const void* values) {
  const ElementType element = type_called(type);
  const std::span bytes(static_cast<const std::byte*>(values), size_bytes_of(element, shape));
  return Tensor(std::make_shared<State>(
      State{acuate::Tensor::view(element, std::move(shape), bytes, nullptr)}));
}

Tensor Tensor::read_npy(const std::string& file) {
  return Tensor(std::make_shared<State>(State{take(acuate::read_npy(file))}));
}

void Tensor::write_npy(const std::string& file) const {
  if (auto written = acuate::write_npy(file, state_->tensor); !written)
    throw std::runtime_error(written.error().message);
}

const std::string& Tensor::type() const { return state_->type; }
const std::vector<int64_t>& Tensor::shape() const { return state_->tensor.shape(); }
std::span<const std::byte> Tensor::bytes() const { return state_->tensor.bytes(); }
size_t Tensor::width() const {
  return static_cast<size_t>(element_bits(state_->tensor.type())) / 8;
}

struct Model::State {
  Artifact artifact;
  std::vector<Port> inputs = ports_of(artifact.inputs()), outputs = ports_of(artifact.outputs());
};

Model::Model(const std::string& folder, int threads)
    : state_(std::make_unique<State>(State{take(Artifact::open(folder, {.threads = threads}))})) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const std::vector<Port>& Model::inputs() const { return state_->inputs; }
const std::vector<Port>& Model::outputs() const { return state_->outputs; }

Tensor Model::read_image(const std::string& file) const {
  return Tensor(
      std::make_shared<Tensor::State>(Tensor::State{take(state_->artifact.read_image(file))}));
}

std::vector<Tensor> Model::run(std::span<const Tensor> inputs) {
  std::vector<acuate::Tensor> given;
  for (const Tensor& input : inputs) given.push_back(input.state_->tensor);
  std::vector<Tensor> results;
  for (acuate::Tensor& output : take(state_->artifact.run(given)))
    results.push_back(Tensor(std::make_shared<Tensor::State>(Tensor::State{std::move(output)})));
  return results;
}

}  // namespace acuate::runtime
