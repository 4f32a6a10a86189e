#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/model.h"
#include "numeric/scheme.h"
#include "quantize/calibrate.h"
#include "rewrite/graph_writer.h"
#include "targets/target.h"

namespace acuate {

// What the engine computes of a model's activations beside its results: a clone into which
// statistics are written as operators (rewrite/graph_writer.h), so that a few numbers leave the
// engine and not the activations. Weights are referred to. Memory: what one run of the engine
// takes, whatever the number of samples.
class Probe {
 public:
  explicit Probe(const Model& model);

  Graph& graph() { return model_->graph(); }
  // Where to write what reads this value of the graph, so that engines that go by the stored order
  // let go of it soon.
  Node* behind(std::string_view value);
  // Has a float32 value of the graph computed for each sample; returns its place in the results.
  size_t want(Value& value);

  // Calls `read` with what was wanted, in that order, sample by sample. The engine takes the graph
  // as it stands, so that what is rounded on purpose stays rounded.
  Result<void> run(const Target& target, size_t samples, const SampleLoader& load, int threads,
                   const std::function<void(std::span<const Tensor>)>& read);

 private:
  std::unique_ptr<Model> model_;
  std::vector<std::string> names_;
};

// x' of a per-tensor quantization, in float operators: any number of bits under any opset.
Value* write_fake_quantized(GraphWriter& writer, Value* x, const Quantization& quantization);

}  // namespace acuate
