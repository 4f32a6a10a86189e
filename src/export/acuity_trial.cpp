#include "export/acuity_trial.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "data/dataset.h"
#include "targets/simulated_engine.h"
#include "targets/vsi_npu/toolchain.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t kMostSamples = 8;   // of the data
constexpr size_t kDrawnSamples = 2;  // where there are none

// One output by two ways, over all samples.
class Agreement {
 public:
  // `step`: between neighbouring integers of the output.
  void add(const Tensor& reference, const Tensor& other, double step) {
    const auto a = reference.values<float>(), b = other.values<float>();
    for (size_t i = 0; i < a.size(); ++i) {
      const double x = a[i], error = x - static_cast<double>(b[i]);
      signal_ += x * x;
      noise_ += error * error;
      const double steps = std::abs(error) / step;
      largest_ = std::max(largest_, steps);
      if (steps < 0.5) ++equal_;
    }
    count_ += a.size();
  }
  double noise() const { return noise_; }
  // `to 29.3 dB (63.40 % of the integers are the same, the others differ by at most 3)`
  std::string text() const {
    if (equal_ == count_) return "to the last integer";
    return fmt::format(
        "to {:.1f} dB ({:.2f} % of the integers are the same, the others differ by at most {:.0f})",
        sqnr_db(), 100.0 * static_cast<double>(equal_) / static_cast<double>(count_), largest_);
  }
  double sqnr_db() const { return 10 * std::log10(signal_ / noise_); }
  Json json() const {
    const double share =
        static_cast<double>(equal_) / static_cast<double>(std::max<size_t>(1, count_));
    const double db = sqnr_db();
    return {{"sqnr_db", std::isfinite(db) ? Json(db) : Json()},
            {"same_integers", share},
            {"most_steps", largest_}};
  }

 private:
  double signal_ = 0, noise_ = 0, largest_ = 0;
  size_t equal_ = 0, count_ = 0;
};

class Trial {
 public:
  Trial(const AcuityTrial& trial, const fs::path& folder) : trial_(trial), folder_(folder) {
    const Graph& graph = trial.handover.model.graph();
    for (const Value* input : graph.inputs())
      if (!input->is_constant()) inputs_.push_back(io_spec(*input));
    for (const Value* output : graph.outputs()) outputs_.push_back(io_spec(*output));
  }

  Result<void> run() {
    auto product = toolchain_.product();
    if (!product) {
      say("acuitylite was not called: " + product.error().message);
      return {};
    }
    product_ = *product;
    json_["product"] = product_;
    auto taken = toolchain_.take(fs::absolute(folder_), names_of(inputs_), names_of(outputs_));
    if (!taken) {
      // What it says of operators that it does not know.
      const bool knows_none = taken.error().message.find("'NoneType' object") != std::string::npos;
      say(fmt::format("{} does not import this network{}: {}", product_,
                      knows_none ? " (as a rule for an operator that it does not know)" : "",
                      taken.error().message));
      json_["error"] = taken.error().message;
      return write();
    }
    tell(*taken);
    auto samples = samples_of_trial();
    if (!samples) return samples.error();
    for (const std::string_view form : AcuityToolchain::kForms) export_as(form);
    if (auto compared = compare(*samples); !compared) return compared;
    return write();
  }

 private:
  void say(std::string text) const {
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (trial_.note) trial_.note(text);
  }

  // `a, b, c and 9 more`
  static std::string some_of(const std::vector<std::string>& names) {
    constexpr size_t kShown = 3;
    if (names.size() <= kShown + 1) return join(names, ", ");
    return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kShown, ", "),
                       names.size() - kShown);
  }

  static std::vector<std::string> names_of(const std::vector<IoSpec>& specs) {
    std::vector<std::string> names;
    for (const IoSpec& spec : specs) names.push_back(spec.name);
    return names;
  }

  void tell(const AcuityToolchain::Taken& taken) {
    json_["layers"] = taken.layers;
    json_["ranges_left_out"] = taken.left_out;
    json_["layers_in_float"] = taken.in_float;
    std::string text = fmt::format("{} imports {} layers", product_, taken.layers);
    if (!taken.left_out.empty())
      text += fmt::format("; of {} tensors it has none, their ranges are left out: {}",
                          taken.left_out.size(), some_of(taken.left_out));
    text += taken.in_float.empty() ? "; every layer has a range"
                                   : fmt::format("; {} stay float, for lack of a range: {}",
                                                 taken.in_float.size(), some_of(taken.in_float));
    say(text);
  }

  Result<std::vector<std::vector<Tensor>>> samples_of_trial() const {
    std::vector<std::vector<Tensor>> samples;
    if (trial_.data.empty()) {
      for (size_t i = 0; i < kDrawnSamples; ++i) samples.push_back(drawn_sample(i));
      return samples;
    }
    auto dataset = Dataset::open(trial_.data);
    if (!dataset) return dataset.error();
    std::vector<InputSpec> inputs;
    for (const IoSpec& input : inputs_) inputs.push_back({input.name, input.type, input.shape});
    const Preprocess* preprocess = trial_.handover.preprocess;
    for (size_t i = 0; i < std::min(kMostSamples, dataset->size()); ++i) {
      auto sample = dataset->load(i, inputs, preprocess != nullptr ? *preprocess : Preprocess());
      if (!sample) return sample.error();
      samples.push_back(std::move(*sample));
    }
    return samples;
  }

  std::vector<Tensor> drawn_sample(size_t index) const {
    std::mt19937_64 random(index);
    std::vector<Tensor> sample;
    for (const IoSpec& input : inputs_) {
      Tensor tensor = Tensor::allocate(ElementType::Float, input.shape);
      const TensorEncoding* encoding = trial_.handover.encodings.find(input.name);
      const double low = encoding != nullptr ? encoding->range_min : 0;
      const double high = encoding != nullptr ? encoding->range_max : 1;
      for (float& value : tensor.mutable_values<float>())
        value = static_cast<float>(low + (high - low) * std::ldexp(random() >> 11, -53));
      sample.push_back(std::move(tensor));
    }
    return sample;
  }

  void export_as(std::string_view form) {
    auto files = toolchain_.export_as(form);
    if (files) {
      say(fmt::format("{}: {} files in {}/", product_, files->size(), form));
      json_["exports"][std::string(form)] = {{"files", *files}};
      return;
    }
    say(fmt::format("{} does not export {}: {}", product_, form, files.error().message));
    json_["exports"][std::string(form)] = {{"error", files.error().message}};
    std::error_code code;
    fs::remove_all(folder_ / form, code);
  }

  struct Ways {
    Agreement acuity, integers;                // with our simulation
    Agreement acuity_to_float, ours_to_float;  // with the float network
  };

  Result<void> compare(const std::vector<std::vector<Tensor>>& samples) {
    auto ours = load_simulated(ModelSource::file(trial_.quantized), {});
    if (!ours) return ours.error();
    auto reference =
        targets().lookup("onnxruntime")->load(ModelSource::file(folder_ / "model.onnx"));
    if (!reference) return reference.error();
    std::vector<Ways> ways(outputs_.size());
    bool has_integers = json_["exports"]["tflite"].contains("files");
    for (const std::vector<Tensor>& sample : samples) {
      auto simulated = (*ours)->run(sample);
      if (!simulated) return simulated.error();
      auto real = (*reference)->run(sample);
      if (!real) return real.error();
      auto acuity = toolchain_.infer(sample);
      if (!acuity) {
        say(fmt::format("{} does not compute the network: {}", product_, acuity.error().message));
        json_["comparison"] = {{"error", acuity.error().message}};
        return {};
      }
      auto integers = has_integers ? toolchain_.infer_integers(sample)
                                   : Result<std::vector<Tensor>>(std::vector<Tensor>());
      if (!integers) {
        say("TensorFlow Lite does not compute the exported file: " + integers.error().message);
        json_["exports"]["tflite"]["not_computed"] = integers.error().message;
        has_integers = false;
      }
      for (size_t i = 0; i < outputs_.size(); ++i) {
        if (auto fits = check_sizes(i, (*simulated)[i], (*acuity)[i]); !fits) return fits;
        const double step = step_of(outputs_[i].name);
        ways[i].acuity.add((*simulated)[i], (*acuity)[i], step);
        ways[i].acuity_to_float.add((*real)[i], (*acuity)[i], step);
        ways[i].ours_to_float.add((*real)[i], (*simulated)[i], step);
        if (has_integers) ways[i].integers.add((*simulated)[i], (*integers)[i], step);
      }
    }
    for (size_t i = 0; i < outputs_.size(); ++i) tell(outputs_[i].name, ways[i], has_integers);
    json_["samples"] = samples.size();
    return {};
  }

  static Result<void> check_sizes(size_t place, const Tensor& ours, const Tensor& theirs) {
    if (ours.type() != ElementType::Float || ours.size() != theirs.size())
      return fail("output {}: {} {} here, {} elements from acuitylite", place,
                  element_type_name(ours.type()), format_shape(ours.shape()), theirs.size());
    return {};
  }

  double step_of(const std::string& output) const {
    const TensorEncoding* encoding = trial_.handover.encodings.find(output);
    return encoding != nullptr && encoding->quantization.scale.size() == 1
               ? static_cast<double>(encoding->quantization.scale[0])
               : std::numeric_limits<double>::min();
  }

  void tell(const std::string& output, const Ways& ways, bool has_integers) {
    Json entry = {{"output", output},
                  {"acuitylite_to_simulation", ways.acuity.json()},
                  {"acuitylite_to_float", ways.acuity_to_float.json()},
                  {"simulation_to_float", ways.ours_to_float.json()}};
    std::string text = fmt::format(
        "Output {}: quantized in {} it agrees with the simulation {}; with the float network that "
        "is {:.1f} dB, the simulation {:.1f} dB",
        output, product_, ways.acuity.text(), ways.acuity_to_float.sqnr_db(),
        ways.ours_to_float.sqnr_db());
    if (has_integers) {
      entry["tflite_to_simulation"] = ways.integers.json();
      text += "; TensorFlow Lite's integers of the exported file agree with the simulation " +
              ways.integers.text();
    }
    // Two roundings of one network are no further apart than both from the float network.
    const double noise = ways.acuity_to_float.noise() + ways.ours_to_float.noise();
    entry["explained_by_rounding"] = ways.acuity.noise() <= 2 * noise;
    if (ways.acuity.noise() > 2 * noise)
      text += ". That is more than rounding explains: do not trust the exported files";
    say(text);
    json_["outputs"].push_back(std::move(entry));
  }

  Result<void> write() const {
    return write_text_file(folder_ / "acuitylite.json",
                           json_.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  const AcuityTrial& trial_;
  const fs::path& folder_;
  std::vector<IoSpec> inputs_, outputs_;
  AcuityToolchain toolchain_;
  std::string product_;
  Json json_;
};

}  // namespace

Result<void> try_acuity_handover(const AcuityTrial& trial, const fs::path& folder) {
  return Trial(trial, folder).run();
}

}  // namespace acuate
