#include "quantize/calibrate.h"

#include <unordered_set>

#include "base/parallel.h"
#include "base/stop.h"
#include "base/text.h"
#include "onnx_io/export.h"

namespace acuate {
namespace {

// Tensors that are fetched from one run.
struct Group {
  std::vector<std::string> names;
  uint64_t size_bytes = 0;
};

class Calibrator {
 public:
  Calibrator(const Model& model, const Target& target, const CalibrationOptions& options)
      : model_(model), target_(target), options_(options) {}

  Result<Calibration> run(const std::vector<std::string>& tensors, size_t samples,
                          const SampleLoader& load) {
    if (samples == 0) return fail("calibration needs at least one sample");
    if (auto ready = prepare(tensors); !ready) return ready.error();
    calibration_.samples = samples;
    for (size_t sample = 0; sample < samples; ++sample) {
      if (stop_requested())
        return fail("interrupted after {} of {} calibration samples", sample, samples);
      auto inputs = load(sample);
      if (!inputs) return inputs.error();
      if (auto read = read_sample(sample, *inputs); !read) return read.error();
      if (options_.progress) options_.progress({"calibrate", sample + 1, samples, "samples"});
    }
    return std::move(calibration_);
  }

 private:
  Result<void> prepare(const std::vector<std::string>& tensors) {
    const std::unique_ptr<Model> probe = model_.clone();
    Graph& graph = probe->graph();
    for (const std::string& name : tensors) {
      Value* value = graph.find(name);
      if (value == nullptr)
        return fail("the model has no tensor '{}' to calibrate", to_valid_utf8(name));
      calibration_.histograms.try_emplace(name);
      if (value->is_input) {
        for (size_t i = 0; i < graph.inputs().size(); ++i)
          if (graph.inputs()[i] == value) inputs_.emplace_back(i, name);
        continue;
      }
      const auto shape = value->type.static_shape();
      const auto size = shape ? tensor_size_bytes(value->type.element, *shape) : std::nullopt;
      if (!size || value->type.element != ElementType::Float)
        return fail("tensor '{}' is {}; calibration needs float32 of static shape",
                    to_valid_utf8(name), value->type.text());
      if (groups_.empty() || groups_.back().size_bytes + *size > options_.max_memory_bytes)
        groups_.emplace_back();
      groups_.back().names.push_back(name);
      groups_.back().size_bytes += *size;
      if (!value->is_output()) graph.add_output(*value);
    }
    for (Value* output : graph.outputs()) graph.set_type(*output, output->type);
    auto bytes = model_bytes(*probe);
    if (!bytes) return bytes.error();
    auto engine = target_.load(
        ModelSource::memory(as_bytes(*bytes)),
        {.threads = options_.threads, .optimization = Optimization::Basic, .spinning = false});
    if (!engine) return fail("calibration: {}", engine.error().message);
    engine_ = std::move(*engine);
    return {};
  }

  Result<void> read_sample(size_t sample, const std::vector<Tensor>& inputs) {
    for (const auto& [slot, name] : inputs_) {
      add(name, inputs[slot], sample);
      note_non_finite(name, sample);
    }
    for (const Group& group : groups_) {
      auto outputs = engine_->run(inputs, group.names);
      if (!outputs) return fail("calibration sample {}: {}", sample, outputs.error().message);
      parallel_for(outputs->size(), options_.threads,
                   [&](size_t i) { add(group.names[i], (*outputs)[i], sample); });
      for (const std::string& name : group.names) note_non_finite(name, sample);
    }
    return {};
  }

  void add(const std::string& name, const Tensor& tensor, size_t sample) {
    Histogram& histogram = calibration_.histograms.find(name)->second;
    histogram.add(tensor.values<float>());
    histogram.end_sample(sample);
  }

  void note_non_finite(const std::string& name, size_t sample) {
    const Histogram& histogram = calibration_.histograms.find(name)->second;
    if (histogram.total() != histogram.finite_count() && non_finite_.insert(name).second)
      calibration_.non_finite.push_back({name, sample});
  }

  const Model& model_;
  const Target& target_;
  const CalibrationOptions& options_;
  Calibration calibration_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::pair<size_t, std::string>>
      inputs_;  // input slot and name of calibrated model inputs
  std::vector<Group> groups_;
  std::unordered_set<std::string> non_finite_;
};

}  // namespace

Result<Calibration> calibrate(const Model& model, const Target& target,
                              const std::vector<std::string>& tensors, size_t samples,
                              const SampleLoader& load, const CalibrationOptions& options) {
  return Calibrator(model, target, options).run(tensors, samples, load);
}

}  // namespace acuate
