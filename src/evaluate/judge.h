#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "evaluate/metric.h"

namespace acuate {

// Metrics over samples in two halves: what the float model says of a sample is decoded once, into a
// Reference; any number of candidates are then judged against the same references. A search over
// many quantized variants keeps the references of its samples and runs, for each variant,
//
//   std::vector<Reference> references;        // once: the float model's outputs, decoded
//   references.push_back(*make_reference(evaluation, name, inputs, outputs, std::nullopt));
//   …
//   evaluation.context.resamples = 0;         // no intervals while searching
//   Candidate candidate(evaluation);
//   for (const Reference& reference : references) candidate.add(reference, run(variant, …));
//   const std::vector<MetricValue> values = candidate.finish();

// What is measured. The output names of the context are in the order of the outputs given.
struct Evaluation {
  std::vector<const Metric*> metrics = {};
  MetricContext context = {};
  Progress progress = {};
};

// One sample as the float model answers it. Tensors are shared, not copied.
struct Reference {
  std::string sample;
  ImageSize input;              // of the network's image input; 0x0 where there is none
  std::vector<Tensor> outputs;  // empty: no float model
  Decoded decoded;              // where there is a decoder and a float model
  std::optional<Truth> truth;   // where there are labels
};

// `inputs` are the network's, for the size of its image; `outputs` the float model's, or nothing
// where candidates are judged by labels alone. An Error of the decoder names the sample.
Result<Reference> make_reference(const Evaluation& evaluation, std::string sample,
                                 std::span<const Tensor> inputs, std::vector<Tensor> outputs,
                                 std::optional<Truth> truth);

// One pass of one candidate over the references, in any order; the order is that of the samples in
// the bootstrap. Holds sums or detections, no tensors. Candidates do not share state, so several
// can be judged at once.
class Candidate {
 public:
  // Keeps a reference to the metrics' units and to the decoder.
  explicit Candidate(const Evaluation& evaluation);
  Result<void> add(const Reference& reference, std::span<const Tensor> outputs);
  // The values of all metrics, in their order.
  std::vector<MetricValue> finish() const;

 private:
  MetricContext context_;
  std::vector<std::unique_ptr<MetricAccumulator>> accumulators_;
};

// Height and width of the first input of four dimensions, NCHW where its second has 1, 3 or 4
// channels, else NHWC; 0x0 where there is none.
ImageSize image_input_size(std::span<const Tensor> inputs);

}  // namespace acuate
