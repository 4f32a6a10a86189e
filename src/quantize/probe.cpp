#include "quantize/probe.h"

#include <algorithm>

#include "base/stop.h"
#include "onnx_io/export.h"

namespace acuate {

Probe::Probe(const Model& model) : model_(model.clone()) {}

Node* Probe::behind(std::string_view value) {
  const Node* producer = graph().find(value)->producer;
  return producer == nullptr ? graph().first() : producer->next();
}

size_t Probe::want(Value& value) {
  if (value.type.kind != ValueType::Kind::Tensor || value.type.element == ElementType::Undefined) {
    ValueType type;
    type.kind = ValueType::Kind::Tensor;
    type.element = ElementType::Float;
    graph().set_type(value, type);
  }
  if (!value.is_output()) graph().add_output(value);
  names_.emplace_back(value.name);
  return names_.size() - 1;
}

Result<void> Probe::run(const Target& target, size_t samples, const SampleLoader& load, int threads,
                        const std::function<void(std::span<const Tensor>)>& read) {
  auto bytes = model_bytes(*model_);
  if (!bytes) return bytes.error();
  auto engine =
      target.load(ModelSource::memory(as_bytes(*bytes)),
                  {.threads = threads, .optimization = Optimization::None, .spinning = false});
  if (!engine) return fail("measuring activations: {}", engine.error().message);
  for (size_t sample = 0; sample < samples; ++sample) {
    if (stop_requested()) return fail("interrupted after {} of {} samples", sample, samples);
    auto inputs = load(sample);
    if (!inputs) return inputs.error();
    auto results = (*engine)->run(*inputs, names_);
    if (!results) return fail("sample {}: {}", sample, results.error().message);
    read(*results);
  }
  return {};
}

Value* write_fake_quantized(GraphWriter& writer, Value* x, const Quantization& quantization) {
  if (quantization.is_float()) {
    const auto cast = [&](Value* from, ElementType to) {
      return writer.add("Cast", {from}, {{"to", static_cast<int64_t>(to)}});
    };
    return cast(cast(x, quantization.element_type()), ElementType::Float);
  }
  const AffineGrid grid = quantization.grid();
  Value* steps = writer.add("Round", {writer.add("Div", {x, writer.number(grid.scale)})});
  return writer.add("Mul", {writer.clip(steps, static_cast<double>(grid.lowest),
                                        static_cast<double>(grid.highest)),
                            writer.number(grid.scale)});
}

}  // namespace acuate
