#include "convert/samples.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "data/split.h"
#include "diagnose/rule.h"
#include "shape/dynamic.h"

namespace acuate {
namespace {

Finding assumed_finding(const Preprocess& preprocess) {
  Finding finding = new_finding("assumed_preprocess");
  finding.cause =
      "No pre-processing was declared, so one was assumed; with another one than in training every "
      "number here is wrong.";
  finding.evidence = "assumed: " + preprocess_to_json(preprocess).dump();
  finding.stage = "calibrate";
  return finding;
}

Finding overlap_finding(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Finding finding = new_finding("sample_overlap");
  finding.cause =
      "Samples that calibrate also judge, so the accuracy is better than it will be on new data.";
  finding.evidence = fmt::format("{} samples have the same content, the first is '{}' = '{}'",
                                 pairs.size(), pairs[0].first, pairs[0].second);
  finding.stage = "calibrate";
  return finding;
}

}  // namespace

std::vector<Value*> fed_inputs(const Model& model) {
  std::vector<Value*> out;
  for (Value* input : model.graph().inputs())
    if (!input->initializer) out.push_back(input);
  return out;
}

Result<Samples> open_samples(const ConvertOptions& options) {
  Samples samples;
  if (options.eval) {
    DecoderRegistry decoders;
    register_all_decoders(decoders);
    MetricRegistry metrics;
    register_all_metrics(metrics);
    auto spec = read_eval_spec(*options.eval, decoders, metrics);
    if (!spec) return spec.error();
    samples.spec = std::move(*spec);
  }
  Preprocess preprocess = assumed_preprocess();
  if (!options.preprocess.empty()) {
    auto read = read_preprocess(options.preprocess);
    if (!read) return read.error();
    preprocess = std::move(*read);
  } else if (samples.spec && samples.spec->preprocess) {
    preprocess = *samples.spec->preprocess;
  }
  bool images = false;
  if (options.data) {
    auto dataset = Dataset::open(*options.data);
    if (!dataset) return dataset.error();
    images = dataset->is_images();
    std::vector<size_t> chosen = choose_samples(
        dataset->size(), options.samples == 0 ? dataset->size() : options.samples, options.seed);
    SampleSet calibration{*dataset, chosen, preprocess, {}};
    if (!samples.spec) {
      const Split split = split_samples(chosen.size(), 4, options.seed);
      const auto pick = [&](const std::vector<size_t>& positions) {
        std::vector<size_t> out;
        for (const size_t position : positions) out.push_back(chosen[position]);
        return out;
      };
      calibration.indices = pick(split.calibration);
      if (!split.evaluation.empty())
        samples.evaluation = SampleSet{*dataset, pick(split.evaluation), preprocess, {}};
    }
    samples.calibration = std::move(calibration);
  }
  if (samples.spec) {
    auto dataset = Dataset::open(samples.spec->data);
    if (!dataset) return dataset.error();
    images |= dataset->is_images();
    std::vector<size_t> all = choose_samples(dataset->size(), dataset->size(), options.seed);
    samples.evaluation = SampleSet{
        std::move(*dataset), std::move(all), samples.spec->preprocess.value_or(preprocess), {}};
  }
  if (samples.spec && samples.spec->labels) {
    auto labels = Labels::open(*samples.spec->labels, samples.evaluation->dataset);
    if (!labels) return labels.error();
    samples.labels = std::move(*labels);
  }
  if (images && preprocess.assumed) samples.findings.push_back(assumed_finding(preprocess));
  if (samples.calibration && samples.evaluation) {
    auto pairs = find_overlap(samples.calibration->dataset, samples.calibration->indices,
                              samples.evaluation->dataset, samples.evaluation->indices);
    if (!pairs) return pairs.error();
    if (!pairs->empty()) samples.findings.push_back(overlap_finding(*pairs));
  }
  return samples;
}

void set_inputs(Samples& samples, const Model& model,
                const std::map<std::string, ShapeRange>& ranges) {
  std::vector<InputSpec> inputs;
  for (const Value* input : fed_inputs(model)) {
    InputSpec spec{std::string(input->name), input->type.element, {}};
    if (input->type.shape)
      for (const Dim& dim : *input->type.shape)
        spec.shape.push_back(dim.is_known() ? dim.value : -1);
    inputs.push_back(std::move(spec));
  }
  for (auto* set : {&samples.calibration, &samples.evaluation})
    if (*set) {
      (*set)->inputs = inputs;
      if (!(*set)->dataset.is_images()) continue;
      for (InputSpec& input : (*set)->inputs)
        if (const auto range = ranges.find(input.name); range != ranges.end())
          input.shape = range->second.opt;
    }
}

Result<std::map<std::string, ShapeProposal>> propose_input_shapes(const Model& model,
                                                                  const ConvertOptions& options,
                                                                  const Samples& samples) {
  std::map<std::string, ShapeProposal> proposals;
  const SampleSet* set = samples.calibration  ? &*samples.calibration
                         : samples.evaluation ? &*samples.evaluation
                                              : nullptr;
  // With a signature, the program calls the artifact as it was called: its open sizes stay open.
  if (set == nullptr || options.signature) return proposals;
  for (const Value* input : fed_inputs(model)) {
    const std::string name(input->name);
    if (!is_dynamic_input(*input) || !input->type.shape || options.fix.shapes.count(name) > 0 ||
        options.fix.ranges.count(name) > 0)
      continue;
    const std::vector<Dim>& dims = *input->type.shape;
    Shape wanted;
    std::vector<ShapeCandidate> candidates;
    if (set->dataset.is_images()) {
      if (dims.size() != 4) continue;
      auto sizes = set->dataset.image_sizes();
      if (!sizes) return sizes.error();
      candidates = propose_shapes(*sizes);
      if (candidates.empty()) continue;
      const ImageSize size = candidates[0].size;
      const int64_t channels =
          set->preprocess.channel_order == Preprocess::ChannelOrder::Gray ? 1 : 3;
      wanted = set->preprocess.layout == Preprocess::Layout::Nchw
                   ? Shape{1, channels, size.height, size.width}
                   : Shape{1, size.height, size.width, channels};
    } else {
      for (const auto& [array, tensor] : set->dataset.arrays()) {
        if (array != name && set->dataset.arrays().size() != 1) continue;
        const Shape& shape =
            tensor.shape();  // the first axis counts samples, of one batch or of whole inputs
        if (shape.size() == dims.size()) wanted = shape;
        if (shape.size() == dims.size() && !wanted.empty()) wanted[0] = 1;
        if (shape.size() == dims.size() + 1) wanted.assign(shape.begin() + 1, shape.end());
      }
      if (wanted.empty()) continue;
    }
    ShapeSpec spec(dims.size());
    for (size_t i = 0; i < dims.size(); ++i)
      if (!dims[i].is_known() && options.fix.dims.count(std::string(dims[i].name)) == 0)
        spec[i] = wanted[i];
    proposals.emplace(name, ShapeProposal{std::move(spec), std::move(candidates)});
  }
  return proposals;
}

}  // namespace acuate
