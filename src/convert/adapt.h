#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convert/options.h"
#include "data/preprocess.h"
#include "diagnose/finding.h"
#include "runtime/adapter.h"

namespace acuate {

// The adapter that `--adapter pad[:FILL]` or `--adapter INPUT=pad[:FILL]` asks for, for a network
// of these inputs and outputs, with `--mask-input` and `--output-kind`; nothing where it is not
// asked for. The fill is the given one, else the declared padding of the pre-processing
// (`declared`, may be null), else 0. Errors: no or several inputs of four fixed dimensions, an
// input of the image's size that is not said to be a mask, names, kinds and axes that do not fit.
Result<std::optional<PadAdapter>> adapter_for(const ConvertOptions& options,
                                              std::span<const IoSpec> inputs,
                                              std::span<const IoSpec> outputs,
                                              const Preprocess* declared);

// What an output seems to mean, by tests with scaled and shifted images.
struct KindProposal {
  std::string output;
  std::optional<OutputKind> kind;  // nothing: `reason`
  std::string reason;
};

// The model, which takes the adapter's fixed size, answers one real sample at full size, at half
// size in two places, and mirrored; how its best-scored row moves tells what its numbers are. A map
// that moves with the image is a mask. Nothing is proposed where no test speaks clearly. Runs the
// model four times for each sample, until all outputs are told.
Result<std::vector<KindProposal>> propose_output_kinds(
    const PadAdapter& adapter, std::span<const IoSpec> inputs, std::span<const IoSpec> outputs,
    const std::vector<std::string>& names,
    const std::function<Result<std::vector<Tensor>>(std::span<const Tensor>)>& run,
    const std::function<Result<std::vector<Tensor>>(size_t)>& load, size_t samples);

// Outputs without a declared kind.
std::vector<std::string> undeclared_outputs(const PadAdapter& adapter,
                                            std::span<const IoSpec> outputs);
// `output_kind_unknown`: names them, with what was proposed as the flag to paste.
Finding unknown_kinds_finding(const std::vector<std::string>& names,
                              const std::vector<KindProposal>& proposals);

}  // namespace acuate
