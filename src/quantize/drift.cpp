#include "quantize/drift.h"

#include <algorithm>
#include <cmath>

#include "base/stop.h"
#include "onnx_io/export.h"
#include "shape/infer.h"

namespace acuate {
namespace {

// What readers of the tensor see in the quantized model: what its own pair gives.
std::string behind_pair(const Graph& graph, const std::string& tensor) {
  const Value* value = graph.find(tensor);
  if (value == nullptr) return {};
  for (const Use& use : value->uses())
    if (use.node->op_type() == "QuantizeLinear")
      for (const Use& read : use.node->output()->uses())
        if (read.node->op_type() == "DequantizeLinear")
          return std::string(read.node->output()->name);
  return tensor;  // an output, which kept its name behind the pair
}

// How far tensors of two models are from each other, over the same samples.
class Drift {
 public:
  Drift(const Model& reference, const Model& other, const Target& target,
        const CalibrationOptions& options)
      : reference_(reference), other_(other), target_(target), options_(options) {}

  // By tensor; those that are equal are left out.
  Result<std::unordered_map<std::string, double>> run(const std::vector<std::string>& tensors,
                                                      size_t samples, const SampleLoader& load) {
    std::vector<std::string> names, others;
    uint64_t size_bytes = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      const Value& value = *reference_.graph().find(tensors[i]);
      const std::string other = behind_pair(other_.graph(), tensors[i]);
      const auto shape = value.type.static_shape();
      const auto size = shape ? tensor_size_bytes(value.type.element, *shape) : std::nullopt;
      if (value.is_input || other.empty() || !size) continue;
      const uint64_t both_bytes = 2 * *size;
      if (!names.empty() && size_bytes + both_bytes > options_.max_memory_bytes) {
        if (auto read = measure(names, others, samples, load); !read) return read.error();
        names.clear();
        others.clear();
        size_bytes = 0;
      }
      names.push_back(tensors[i]);
      others.push_back(other);
      size_bytes += both_bytes;
    }
    if (!names.empty())
      if (auto read = measure(names, others, samples, load); !read) return read.error();
    return std::move(sqnr_db_);
  }

 private:
  Result<std::unique_ptr<Engine>> engine(const Model& model,
                                         const std::vector<std::string>& names) const {
    const auto probe = model.clone();
    Graph& graph = probe->graph();
    infer_shapes(*probe);
    for (const std::string& name : names)
      if (Value* value = graph.find(name); !value->is_output()) graph.add_output(*value);
    for (Value* output : graph.outputs()) graph.set_type(*output, output->type);
    auto bytes = model_bytes(*probe);
    if (!bytes) return bytes.error();
    return target_.load(
        ModelSource::memory(as_bytes(*bytes)),
        {.threads = options_.threads, .optimization = Optimization::Basic, .spinning = false});
  }

  Result<void> measure(const std::vector<std::string>& names,
                       const std::vector<std::string>& others, size_t samples,
                       const SampleLoader& load) {
    auto reference = engine(reference_, names), other = engine(other_, others);
    if (!reference) return fail("errors through the depth: {}", reference.error().message);
    if (!other) return fail("errors through the depth: {}", other.error().message);
    std::vector<double> signal(names.size(), 0), noise(names.size(), 0);
    for (size_t sample = 0; sample < samples; ++sample) {
      if (stop_requested()) return fail("interrupted while errors through the depth were measured");
      auto inputs = load(sample);
      if (!inputs) return inputs.error();
      auto x = (*reference)->run(*inputs, names);
      if (!x) return x.error();
      auto y = (*other)->run(*inputs, others);
      if (!y) return y.error();
      for (size_t i = 0; i < names.size(); ++i) {
        const auto was = (*x)[i].values<float>(), is = (*y)[i].values<float>();
        for (size_t k = 0; k < std::min(was.size(), is.size()); ++k) {
          const double value = was[k], error = value - is[k];
          signal[i] += value * value;
          noise[i] += error * error;
        }
      }
    }
    for (size_t i = 0; i < names.size(); ++i)
      if (signal[i] > 0 && noise[i] > 0) sqnr_db_[names[i]] = 10 * std::log10(signal[i] / noise[i]);
    return {};
  }

  const Model& reference_;
  const Model& other_;
  const Target& target_;
  const CalibrationOptions& options_;
  std::unordered_map<std::string, double> sqnr_db_;
};

}  // namespace

Result<std::unordered_map<std::string, double>> measure_drift(
    const Quantized& quantized, const Target& target, const std::vector<std::string>& activations,
    size_t samples, const SampleLoader& load, const CalibrationOptions& options) {
  return Drift(*quantized.float_model, *quantized.model, target, options)
      .run(activations, samples, load);
}

}  // namespace acuate
