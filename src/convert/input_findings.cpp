#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/text.h"
#include "convert/data_findings.h"
#include "convert/float_model.h"
#include "diagnose/issues.h"
#include "edit/address.h"
#include "graph/constants.h"
#include "onnx_io/export.h"
#include "shape/infer.h"
#include "targets/fold.h"

namespace acuate {
namespace {

constexpr double kStdRatio = 3;     // of measured against stated deviations, either way
constexpr double kSureGain = 0.1;   // in the mean over the samples
constexpr double kSureShare = 0.8;  // of the samples
constexpr size_t kFewestSamples = 4;

// The first convolution behind an input and the batch normalization behind that.
struct Entry {
  const Value* input = nullptr;
  const Node* conv = nullptr;
  const Node* norm = nullptr;
};

// Through what only rearranges or scales an image.
std::optional<Entry> entry_of(const Value& input) {
  constexpr std::string_view kPassed[] = {
      "Identity", "Cast", "Transpose", "Sub", "Div", "Mul", "Add", "Pad", "BatchNormalization"};
  const Value* at = &input;
  for (int steps = 0; steps < 16; ++steps) {
    const Node* next = nullptr;
    for (const Use& use : at->uses()) {
      if (use.node->is_op("Conv") && use.slot == 0) {
        Entry entry{&input, use.node, nullptr};
        for (const Use& after : use.node->output()->uses())
          if (after.node->is_op("BatchNormalization") && after.slot == 0) entry.norm = after.node;
        return entry;
      }
      if (next == nullptr && use.node->domain().empty() &&
          std::find(std::begin(kPassed), std::end(kPassed), use.node->op_type()) !=
              std::end(kPassed))
        next = use.node;
    }
    if (next == nullptr || next->output() == nullptr) return std::nullopt;
    at = next->output();
  }
  return std::nullopt;
}

// Which axis has the three channels; nothing: it is no image in colours.
std::optional<size_t> channel_axis(const Shape& shape) {
  if (shape.size() != 4) return std::nullopt;
  return shape[1] == 3   ? std::optional<size_t>(1)
         : shape[3] == 3 ? std::optional<size_t>(3)
                         : std::nullopt;
}

Tensor with_channels_reversed(const Tensor& image, size_t axis) {
  Tensor out = Tensor::allocate(image.type(), image.shape());
  const auto from = image.values<float>();
  const auto to = out.mutable_values<float>();
  size_t inner = 1;
  for (size_t i = axis + 1; i < 4; ++i) inner *= static_cast<size_t>(image.shape()[i]);
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t channel = i / inner % 3;
    to[i - channel * inner + (2 - channel) * inner] = from[i];
  }
  return out;
}

// How sure an output is of itself, from 0 to 1: the largest probability where it is one row of
// classes (of logits after a Softmax), else the mean of the largest hundredth where all values are
// scores between 0 and 1; nothing for others.
std::optional<double> sureness(const Tensor& output) {
  if (output.type() != ElementType::Float || output.size() < 2) return std::nullopt;
  std::vector<float> values(output.values<float>().begin(), output.values<float>().end());
  if (std::any_of(values.begin(), values.end(), [](float x) { return !std::isfinite(x); }))
    return std::nullopt;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const bool are_scores = *low >= 0 && *high <= 1;
  if (output.shape().size() == 2 && output.shape()[0] == 1) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    if (are_scores && std::abs(sum - 1) < 1e-3) return *high;
    double total = 0;
    for (const float x : values) total += std::exp(static_cast<double>(x) - *high);
    return 1 / total;
  }
  if (!are_scores) return std::nullopt;
  const size_t count = std::max<size_t>(1, values.size() / 100);
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(count - 1), values.end(),
                   std::greater<>());
  return std::accumulate(values.begin(), values.begin() + static_cast<ptrdiff_t>(count), 0.0) /
         static_cast<double>(count);
}

// Mean over the outputs that tell.
std::optional<double> sureness(std::span<const Tensor> outputs) {
  double sum = 0;
  size_t count = 0;
  for (const Tensor& output : outputs)
    if (const auto sure = sureness(output)) {
      sum += *sure;
      ++count;
    }
  return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
}

// Sums over samples and positions, by channel of [N, C, …].
struct ChannelSums {
  std::vector<double> sum, squares;
  double count = 0;

  void add(const Tensor& tensor) {
    const auto channels = static_cast<size_t>(tensor.shape()[1]);
    sum.resize(channels);
    squares.resize(channels);
    const auto values = tensor.values<float>();
    size_t inner = 1;
    for (size_t i = 2; i < tensor.shape().size(); ++i)
      inner *= static_cast<size_t>(tensor.shape()[i]);
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t channel = i / inner % channels;
      sum[channel] += values[i];
      squares[channel] += static_cast<double>(values[i]) * values[i];
    }
    if (channels > 0) count += static_cast<double>(values.size() / channels);
  }
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

class Probe {
 public:
  Probe(const Model& fixed, const Target& engine, const SampleSet& samples,
        const EngineOptions& options)
      : fixed_(fixed), target_(engine), samples_(samples), options_(options) {}

  Result<std::vector<Finding>> run() {
    find_entry();
    if (!entry_) return std::vector<Finding>();
    if (auto loaded = load(); !loaded) return loaded.error();
    const size_t count = std::min(samples_.size(), kProbedSamples);
    for (size_t i = 0; i < count; ++i)
      if (auto read = read_sample(i); !read) return read.error();
    if (entry_->norm != nullptr) tell_normalisation();
    tell_channel_order();
    for (Finding& finding : findings_) finding.stage = "calibrate";
    return std::move(findings_);
  }

 private:
  void find_entry() {
    const auto inputs = fed_inputs(fixed_);
    for (size_t slot = 0; slot < inputs.size(); ++slot) {
      const auto shape = inputs[slot]->type.static_shape();
      if (!shape || inputs[slot]->type.element != ElementType::Float) continue;
      axis_ = channel_axis(*shape);
      entry_ = entry_of(*inputs[slot]);
      slot_ = slot;
      if (entry_) return;
    }
  }

  Result<void> load() {
    const auto probe = fixed_.clone();
    Value* made = probe->graph().find(entry_->conv->output()->name);
    ACUATE_CHECK(made != nullptr, "a copy lacks a value");
    for (const Value* output : fixed_.graph().outputs()) outputs_.emplace_back(output->name);
    if (entry_->norm != nullptr) {
      if (!made->is_output()) probe->graph().add_output(*made);
      probe->graph().set_type(*made, made->type);
      conv_output_ = std::string(made->name);
    }
    auto bytes = model_bytes(*probe);
    if (!bytes) return bytes.error();
    auto engine = target_.load(ModelSource::memory(as_bytes(*bytes)), options_);
    if (!engine) return fail("probing the inputs: {}", engine.error().message);
    engine_ = std::move(*engine);
    return {};
  }

  Result<void> read_sample(size_t index) {
    auto inputs = samples_.load(index);
    if (!inputs) return inputs.error();
    std::vector<std::string> wanted = outputs_;
    if (!conv_output_.empty()) wanted.push_back(conv_output_);
    auto outputs = engine_->run(*inputs, wanted);
    if (!outputs) return fail("probing sample {}: {}", index, outputs.error().message);
    if (!conv_output_.empty()) {
      sums_.add(outputs->back());
      outputs->pop_back();
    }
    const auto straight = sureness(*outputs);
    if (!axis_ || !straight) return {};
    (*inputs)[slot_] = with_channels_reversed((*inputs)[slot_], *axis_);
    auto reversed = engine_->run(*inputs, outputs_);
    if (!reversed) return fail("probing sample {}: {}", index, reversed.error().message);
    if (const auto other = sureness(*reversed)) sure_.emplace_back(*straight, *other);
    return {};
  }

  void tell_normalisation() {
    const auto load = [&](size_t slot) {
      const Value* value = entry_->norm->input(slot);
      return value != nullptr ? load_constant(fixed_, *value) : std::nullopt;
    };
    const auto mean = load(3), variance = load(4);
    if (!mean || !variance || mean->type() != ElementType::Float ||
        variance->type() != ElementType::Float || sums_.count == 0 ||
        mean->values<float>().size() != sums_.sum.size())
      return;
    std::vector<double> ratios, shifts, measured_std, stated_std;
    for (size_t c = 0; c < sums_.sum.size(); ++c) {
      const double at = sums_.sum[c] / sums_.count;
      const double stated = std::sqrt(std::max(0.0F, variance->values<float>()[c]));
      const double measured = std::sqrt(std::max(0.0, sums_.squares[c] / sums_.count - at * at));
      if (!(stated > 0)) continue;
      ratios.push_back(measured / stated);
      shifts.push_back(std::abs(at - mean->values<float>()[c]) / stated);
      measured_std.push_back(measured);
      stated_std.push_back(stated);
    }
    if (ratios.empty()) return;
    const double ratio = median(ratios), shift = median(shifts);
    if (ratio <= kStdRatio && ratio >= 1 / kStdRatio && shift <= kStdRatio) return;
    Finding finding = new_finding("normalisation");
    finding.nodes = {node_path(*entry_->conv)};
    finding.cause = fmt::format(
        "the data do not reach input '{}' as they did in training: its first convolution makes "
        "other statistics of them than the batch normalization behind it was trained with",
        to_valid_utf8(entry_->input->name));
    finding.evidence = fmt::format(
        "standard deviation {:.3g} on {} samples where training had {:.3g} (medians of {} "
        "channels; ratio {:.3g}), means off by {:.3g} standard deviations; the pre-processing is "
        "'{}'",
        median(measured_std), std::min(samples_.size(), kProbedSamples), median(stated_std),
        ratios.size(), ratio, shift, samples_.preprocess.name);
    findings_.push_back(std::move(finding));
  }

  void tell_channel_order() {
    if (sure_.size() < kFewestSamples) return;
    double straight = 0, reversed = 0;
    size_t better = 0;
    for (const auto& [as_given, other] : sure_) {
      straight += as_given;
      reversed += other;
      better += other > as_given;
    }
    const auto count = static_cast<double>(sure_.size());
    if ((reversed - straight) / count < kSureGain ||
        static_cast<double>(better) < kSureShare * count)
      return;
    Finding finding = new_finding("channel_order");
    finding.nodes = {to_valid_utf8(entry_->input->name)};
    finding.cause =
        "the network is surer of its results when the three channels of its input are reversed";
    finding.evidence = fmt::format(
        "on {} of {} samples; mean confidence {:.3f} as given, {:.3f} reversed. This suggests the "
        "wrong channel order and does not prove it",
        better, sure_.size(), straight / count, reversed / count);
    findings_.push_back(std::move(finding));
  }

  const Model& fixed_;
  const Target& target_;
  const SampleSet& samples_;
  const EngineOptions options_;
  std::optional<Entry> entry_;
  std::optional<size_t> axis_;
  size_t slot_ = 0;
  std::vector<std::string> outputs_;
  std::string conv_output_;
  std::unique_ptr<Engine> engine_;
  ChannelSums sums_;
  std::vector<std::pair<double, double>> sure_;  // as given, reversed
  std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> findings_of_inputs(const Model& fixed, const Target& engine,
                                                const SampleSet& samples,
                                                const EngineOptions& options) {
  return Probe(fixed, engine, samples, options).run();
}

Result<void> tell_data(const Model& original, const ConvertOptions& options, const Target& engine,
                       Samples samples, std::vector<Finding>& told) {
  told.insert(told.end(), samples.findings.begin(), samples.findings.end());
  // What an unsound model computes says nothing; the diagnosis tells what is wrong with it.
  if (!samples.calibration || !refuse_invalid(original)) return {};
  auto fixed = fix_for(original, options, engine, samples);
  if (!fixed) return fixed.error();
  set_inputs(samples, *fixed->model);
  infer_shapes(*fixed->model);
  auto probed =
      findings_of_inputs(*fixed->model, engine, *samples.calibration, {.threads = options.threads});
  if (!probed) return probed.error();
  std::move(probed->begin(), probed->end(), std::back_inserter(told));
  std::vector<std::string> edits;
  auto model = simplify_for(*fixed->model, options, engine, edits);
  if (!model) return model.error();
  infer_shapes(**model);
  const std::vector<std::string> tensors = float_activations(**model);
  if (tensors.empty()) return {};
  const SampleSet& set = *samples.calibration;
  auto calibration =
      calibrate(**model, engine, tensors, set.size(), [&](size_t i) { return set.load(i); },
                {.threads = options.threads,
                 .max_memory_bytes = options.max_memory_bytes,
                 .progress = options.progress});
  if (!calibration) return calibration.error();
  tell_calibration(original, **model, *calibration, told);
  return {};
}

}  // namespace acuate
