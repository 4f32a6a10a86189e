#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "convert/division.h"
#include "convert/options.h"
#include "convert/samples.h"
#include "quantize/quantize.h"
#include "targets/target.h"

namespace acuate {

// The stages between an imported model and its quantized form, for `convert` and `quantize` alike.
// Each takes what it needs of the options and changes nothing that it is given as const.

struct FixedModel {
  std::unique_ptr<Model> model;
  std::vector<std::string> edits;  // edit commands that make it of the original
  FixOptions options;              // as given, with what was proposed
  // Shapes that were proposed from the data, by input.
  std::map<std::string, ShapeProposal> proposals;
  std::map<std::string, ShapeRange> ranges;  // of inputs that stay dynamic
};
// With the shapes that the options give or the samples propose. Errors: as fix(), and for int8
// whatever stays dynamic.
Result<FixedModel> fix_for(const Model& original, const ConvertOptions& options,
                           const Target& target, const Samples& samples);

// The edit command of what simplify_for() does for this target.
std::string simplify_line(const ConvertOptions& options, const Target& target);

// A simplified copy, in which tensors to cut at are still there; the edit commands for it go to
// `edits`.
Result<std::unique_ptr<Model>> simplify_for(const Model& fixed, const ConvertOptions& options,
                                            const Target& target, std::vector<std::string>& edits);

// A model whose refused operators were replaced by ones that the target has.
struct LegalModel {
  std::unique_ptr<Model> model;  // null: nothing was replaced
  std::vector<std::string> edits;
  std::map<std::string, std::string> bounds;  // of the legalizers that round
  std::string note;  // for people: why nothing was, where something could be
};
// With `exact`, only where nothing rounds.
Result<LegalModel> legalize_for(const Model& model, const ConvertOptions& options,
                                const Target& target);

// Every node gets a name of its own, by which its labels hold and the engine's profile is read
// back.
void name_nodes(Model& model);

// Brings the simplified model to the opset and the node names that quantization needs: the float
// graph that the encodings belong to.
Result<void> prepare_quantization(std::unique_ptr<Model>& model);

// Measures on the calibration samples and quantizes what is not `on_host`, by node name; with
// `measured`, reads no samples; by the encodings that the options name, where they do. A hybrid is
// judged on the evaluation samples, where there are any.
// `original` is the user's model, for telling which node makes values that are not finite, which is
// an error. Sizes that are open in `model` are measured at those of the first sample, and open in
// the quantized form; the float model beside it keeps those of the sample.
Result<Quantized> quantize_for(const Model& original, const Model& model,
                               const ConvertOptions& options, const Target& target,
                               const std::set<std::string, std::less<>>& on_host,
                               const Samples& samples, const Calibration* measured = nullptr);

// A model with 16-bit floats in it.
struct LoweredModel {
  std::unique_ptr<Model> model;  // null: none were asked for
  std::vector<Finding> findings;
  std::vector<std::string> notes;
};
// Lowers a copy of `model`, which is `measured` or its quantized form, where the division puts it
// on the target: to what the precision says, or to float16 where the configuration wants that of a
// module. `samples`, which may be null, are run through `measured` for the ranges of float16.
// Errors: none of the nodes that were asked for can be lowered, with the first reason.
Result<LoweredModel> lower_for(const Model& original, const Model& measured, const Model& model,
                               const ConvertOptions& options, const Target& target,
                               const Division& division, const SampleSet* samples);

}  // namespace acuate
