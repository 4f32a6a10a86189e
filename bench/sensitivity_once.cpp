// Measures what quantization does to the outputs of a model, for bench/sensitivity_bench.py, which
// holds it against tensors quantized one at a time. Prints JSON: grids, damages, times.
//   sensitivity_once MODEL DATA RANGE [PROBES]
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "data/dataset.h"
#include "onnx_io/import.h"
#include "quantize/quantize.h"
#include "quantize/sensitivity.h"
#include "shape/inference.h"

namespace acuate {
namespace {

struct Times {
  double calibration_s = 0, sensitivity_s = 0;
};

Result<nlohmann::json> measure(const std::filesystem::path& path, const std::filesystem::path& data,
                               const std::string& range_text, size_t probes) {
  auto model = import_model(path);
  if (!model) return model.error();
  { const ShapeInference types(**model); }
  auto samples = Dataset::open(data);
  if (!samples) return samples.error();
  std::vector<InputSpec> inputs;
  for (const Value* input : (*model)->graph().inputs())
    inputs.push_back({std::string(input->name), input->type.element,
                      input->type.static_shape().value_or(Shape{})});
  const SampleLoader load = [&](size_t index) { return samples->load(index, inputs, {}); };
  const Target& target = *targets().lookup("onnxruntime");
  auto plan = target.backend->plan_quantization(**model, {});
  if (!plan) return plan.error();
  std::vector<std::string> names;
  for (const PlannedActivation& planned : plan->activations)
    names.emplace_back(planned.value->name);
  Times times;
  double start = cpu_seconds();
  auto calibration = calibrate(**model, target, names, samples->size(), load);
  times.calibration_s = cpu_seconds() - start;
  if (!calibration) return calibration.error();
  auto range = parse_range_method(range_text);
  if (!range) return range.error();
  auto encodings = choose_encodings(**model, *plan, *calibration, *range);
  if (!encodings) return encodings.error();
  std::vector<SensitivityCandidate> candidates;
  for (const TensorEncoding& encoding : encodings->tensors)
    candidates.push_back({encoding.tensor, {encoding.quantization}});
  SensitivityOptions options;
  if (probes > 0) options.probes = probes;
  start = cpu_seconds();
  auto sensitivity =
      measure_sensitivity(**model, target, candidates, samples->size(), load, options);
  times.sensitivity_s = cpu_seconds() - start;
  if (!sensitivity) return sensitivity.error();
  nlohmann::json tensors = nlohmann::json::array();
  for (size_t i = 0; i < candidates.size(); ++i) {
    const TensorDamage& tensor = sensitivity->tensors[i];
    const Quantization& grid = candidates[i].grids[0];
    tensors.push_back({{"tensor", tensor.tensor},
                       {"scale", grid.scale},
                       {"zero_point", grid.zero_point},
                       {"lowest", grid.lowest()},
                       {"highest", grid.highest()},
                       {"axis", grid.per_channel_axis},
                       {"damage", tensor.grids[0].sum()},
                       {"noise_power", tensor.grids[0].noise_power},
                       {"gain", tensor.gain},
                       {"not_reached", tensor.not_reached}});
  }
  return nlohmann::json{{"samples", samples->size()},
                        {"runs", sensitivity->runs},
                        {"calibration_cpu_s", times.calibration_s},
                        {"sensitivity_cpu_s", times.sensitivity_s},
                        {"peak_rss_bytes", peak_rss_bytes()},
                        {"tensors", std::move(tensors)}};
}

}  // namespace
}  // namespace acuate

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "sensitivity_once MODEL DATA RANGE [PROBES]; run by sensitivity_bench.py\n");
    return 2;
  }
  auto json =
      acuate::measure(argv[1], argv[2], argv[3], argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0);
  if (!json) {
    fmt::print(stderr, "{}\n", json.error().message);
    return 2;
  }
  fmt::print("{}\n", json->dump());
  return 0;
}
