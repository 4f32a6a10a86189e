#pragma once

#include <memory>

#include "convert/requirement.h"
#include "convert/samples.h"
#include "evaluate/evaluation.h"
#include "quantize/quantize.h"

namespace acuate {

// What is measured on the evaluation samples: the metrics and the decoder of the evaluation spec,
// and SQNR and cosine in any case. Refers to the samples.
struct Judging {
  MetricRegistry metrics;
  DecoderRegistry decoders;
  Evaluation evaluation;  // refers to the registries
  EvaluationSamples samples;
};
std::unique_ptr<Judging> judging_of(const Samples& samples, const ConvertOptions& options);

// Judges quantized models by the requirements, on the evaluation samples, which there must be,
// beside `model`: the float graph. What it says of the samples is decoded once and stays in memory
// up to the options' max_memory_bytes; beyond, it is run again. Metrics that nothing measures are
// an Error of the first judgement. The verdict's values are those of the required metrics.
Result<HybridJudge> requirement_judge(const Model& model, const Target& target,
                                      const Samples& samples, const ConvertOptions& options,
                                      std::vector<Requirement> requirements);

}  // namespace acuate
