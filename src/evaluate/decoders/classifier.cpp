#include <algorithm>

#include "evaluate/decoder.h"
#include "evaluate/values.h"

namespace acuate {
namespace {

Result<Decoded> decode(const RawOutputs& raw, const DecoderOptions& options) {
  const auto index = static_cast<size_t>(options.at("output"));
  if (index >= raw.outputs.size())
    return fail("classifier: output {} is asked for, the network has {}", index,
                raw.outputs.size());
  const Tensor& output = raw.outputs[index];
  // One axis holds the classes, all others have one entry.
  const auto longest = std::max_element(output.shape().begin(), output.shape().end());
  if (output.shape().empty() || output.size() < 2 || *longest != output.size())
    return fail("classifier: expected scores 1xCLASSES, found {}", format_shape(output.shape()));
  auto scores = to_doubles(output, "classifier");
  if (!scores) return scores.error();
  Decoded decoded;
  decoded.class_scores = std::move(*scores);
  return decoded;
}

}  // namespace

void register_evaluate_classifier(DecoderRegistry& registry) {
  registry.add({.id = "classifier",
                .summary = "scores or logits of the classes",
                .produces = "class_scores",
                .parameters = {{"output", "which output, counted from 0", 0, 0, 1000}},
                .decode = decode});
}

}  // namespace acuate
