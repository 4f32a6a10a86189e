#include "convert/judging.h"

#include <algorithm>
#include <optional>

#include "base/stop.h"
#include "onnx_io/export.h"

namespace acuate {
namespace {

Result<std::unique_ptr<Engine>> load_engine(const Model& model, const Target& target, int threads) {
  auto bytes = model_bytes(model);
  if (!bytes) return bytes.error();
  return target.load(ModelSource::memory(as_bytes(*bytes)),
                     {.threads = threads, .spinning = false});
}

uint64_t size_of(const Reference& reference) {
  uint64_t bytes = 0;
  for (const Tensor& output : reference.outputs)
    bytes += tensor_size_bytes(output.type(), output.shape()).value_or(0);
  return bytes;
}

class RequirementJudge {
 public:
  RequirementJudge(const Target& target, const Samples& samples, const ConvertOptions& options,
                   std::vector<Requirement> requirements)
      : target_(target),
        options_(options),
        requirements_(std::move(requirements)),
        judging_(judging_of(samples, options)) {
    judging_->evaluation.context.resamples = 0;
  }

  Result<void> open(const Model& model) {
    auto engine = load_engine(model, target_, options_.threads);
    if (!engine) return fail("judging: {}", engine.error().message);
    reference_ = std::move(*engine);
    for (const IoSpec& output : reference_->outputs()) names_.push_back(output.name);
    judging_->evaluation.context.output_names = names_;
    references_.resize(judging_->samples.count);
    return {};
  }

  Result<HybridVerdict> judge(const Quantized& candidate) {
    auto engine = load_engine(*candidate.model, target_, options_.threads);
    if (!engine) return fail("judging: {}", engine.error().message);
    Candidate judged(judging_->evaluation);
    for (size_t i = 0; i < references_.size(); ++i) {
      if (stop_requested())
        return fail("interrupted after {} of {} evaluation samples", i, references_.size());
      auto inputs = judging_->samples.load(i);
      if (!inputs) return inputs.error();
      auto outputs = (*engine)->run(*inputs, names_);
      if (!outputs) return fail("judging sample {}: {}", i, outputs.error().message);
      std::optional<Reference> fresh;
      if (!references_[i]) {
        auto made = reference_for(i, *inputs);
        if (!made) return made.error();
        if (kept_bytes_ + size_of(*made) <= options_.max_memory_bytes) {
          kept_bytes_ += size_of(*made);
          references_[i] = std::move(*made);
        } else {
          fresh = std::move(*made);
        }
      }
      if (auto added = judged.add(fresh ? *fresh : *references_[i], *outputs); !added)
        return added.error();
      if (options_.progress) options_.progress({"judge", i + 1, references_.size(), "samples"});
    }
    return verdict(judged.finish());
  }

 private:
  Result<Reference> reference_for(size_t i, const std::vector<Tensor>& inputs) const {
    auto outputs = reference_->run(inputs, names_);
    if (!outputs) return fail("float model, sample {}: {}", i, outputs.error().message);
    std::optional<Truth> truth;
    if (judging_->samples.truth) {
      auto labelled = judging_->samples.truth(i, image_input_size(inputs));
      if (!labelled) return labelled.error();
      truth = std::move(*labelled);
    }
    return make_reference(judging_->evaluation, judging_->samples.name(i), inputs,
                          std::move(*outputs), std::move(truth));
  }

  Result<HybridVerdict> verdict(const std::vector<MetricValue>& values) const {
    HybridVerdict verdict;
    verdict.is_enough = unmet(requirements_, values).empty();
    for (const Requirement& requirement : requirements_) {
      bool is_measured = false;
      for (const MetricValue& value : values) {
        if (!is_of_metric(value, requirement.metric)) continue;
        is_measured = true;
        const std::string name = value.output.empty() || names_.size() == 1
                                     ? value.name
                                     : value.name + " " + value.output;
        const bool is_told = std::any_of(verdict.values.begin(), verdict.values.end(),
                                         [&](const auto& told) { return told.first == name; });
        if (value.converted && !is_told) verdict.values.emplace_back(name, *value.converted);
      }
      if (!is_measured)
        return fail("--max-drop {}: the metric is not measured; name it in the --eval file",
                    requirement.text);
    }
    return verdict;
  }

  const Target& target_;
  const ConvertOptions& options_;
  std::vector<Requirement> requirements_;
  std::unique_ptr<Judging> judging_;
  std::unique_ptr<Engine> reference_;
  std::vector<std::string> names_;
  std::vector<std::optional<Reference>> references_;
  uint64_t kept_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Judging> judging_of(const Samples& samples, const ConvertOptions& options) {
  auto judging = std::make_unique<Judging>();
  Evaluation& evaluation = judging->evaluation;
  register_all_metrics(judging->metrics);
  register_all_decoders(judging->decoders);
  evaluation.progress = options.progress;
  evaluation.context.seed = options.seed;
  if (const auto& spec = samples.spec) {
    for (const std::string& id : spec->metrics)
      evaluation.metrics.push_back(judging->metrics.lookup(id));
    if (!spec->decoder.empty())
      evaluation.context.decoder = judging->decoders.lookup(spec->decoder);
    evaluation.context.decoder_options = spec->decoder_options;
  }
  for (const char* id : {"sqnr", "cosine"})
    if (const Metric* metric = judging->metrics.lookup(id);
        std::find(evaluation.metrics.begin(), evaluation.metrics.end(), metric) ==
        evaluation.metrics.end())
      evaluation.metrics.push_back(metric);
  const SampleSet* set = &*samples.evaluation;
  judging->samples = {set->size(), [set](size_t i) { return set->load(i); },
                      [set](size_t i) { return set->name(i); }};
  if (samples.labels)
    judging->samples.truth = [set, labels = &*samples.labels](size_t i, ImageSize network) {
      return labels->truth(set->indices[i], set->preprocess, network);
    };
  return judging;
}

Result<HybridJudge> requirement_judge(const Model& model, const Target& target,
                                      const Samples& samples, const ConvertOptions& options,
                                      std::vector<Requirement> requirements) {
  auto judge =
      std::make_shared<RequirementJudge>(target, samples, options, std::move(requirements));
  if (auto opened = judge->open(model); !opened) return opened.error();
  return HybridJudge([judge](const Quantized& candidate) { return judge->judge(candidate); });
}

}  // namespace acuate
