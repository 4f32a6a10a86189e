#pragma once

#include <string_view>

#include "convert/options.h"
#include "convert/samples.h"
#include "quantize/quantize.h"
#include "targets/target.h"

namespace acuate {

// `--hybrid-budget`: `15%` of the work, or `1.5ms`, `800us` of predicted time, in microseconds.
Result<HybridBudget> parse_hybrid_budget(std::string_view text);

// What the options say of hybrids: scheme, limits, what they are judged by. A layer's work is its
// time as the target's table of `--costs` predicts it, else its multiply-accumulates, which
// `options.note` is told. Requirements are judged on the evaluation samples (judging.h); without
// any, `sqnr=XdB` on what calibrates, and any other is an error. `quantize` refers to all of them
// but `model`.
Result<void> set_hybrid(const Model& model, const ConvertOptions& options, const Target& target,
                        const Samples& samples, QuantizeOptions& quantize);

}  // namespace acuate
