#pragma once

#include <optional>
#include <vector>

#include "convert/options.h"
#include "data/dataset.h"
#include "data/propose_shape.h"
#include "diagnose/finding.h"
#include "evaluate/eval_spec.h"
#include "targets/target.h"

namespace acuate {

// Samples for one purpose, as tensors for the model's inputs.
struct SampleSet {
  Dataset dataset;
  std::vector<size_t> indices;
  Preprocess preprocess;
  std::vector<InputSpec> inputs;

  size_t size() const { return indices.size(); }
  Result<std::vector<Tensor>> load(size_t i) const {
    return dataset.load(indices[i], inputs, preprocess);
  }
  std::string name(size_t i) const { return dataset.sample_name(indices[i]); }
};

// The data of one conversion: what calibrates and what judges never overlap. With an evaluation
// spec its data judge; else every fourth sample of `data` does.
struct Samples {
  std::optional<SampleSet> calibration;
  std::optional<SampleSet> evaluation;
  std::optional<EvalSpec> spec;
  std::optional<Labels> labels;   // of the evaluation's dataset, where the spec names them
  std::vector<Finding> findings;  // assumed_preprocess, sample_overlap
};

// Opens, splits and checks for overlap; the tensors' shapes are set later, by set_inputs().
Result<Samples> open_samples(const ConvertOptions& options);
// Images get the usual size where an input stays dynamic in a range.
void set_inputs(Samples& samples, const Model& model,
                const std::map<std::string, ShapeRange>& ranges = {});

// The model's inputs that callers feed: those that no initializer gives.
std::vector<Value*> fed_inputs(const Model& model);

// A shape for a dynamic input, made of the samples.
struct ShapeProposal {
  ShapeSpec shape;
  // Of images: the sizes that there were to choose from, the first of which was taken. Empty for
  // arrays.
  std::vector<ShapeCandidate> candidates;
};

// Shapes for the dynamic inputs that the options leave open, from the images' sizes or the arrays;
// batch 1. Empty where there is nothing to propose or nothing dynamic.
Result<std::map<std::string, ShapeProposal>> propose_input_shapes(const Model& model,
                                                                  const ConvertOptions& options,
                                                                  const Samples& samples);

}  // namespace acuate
