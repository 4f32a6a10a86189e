#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/preprocess.h"
#include "evaluate/decoder.h"
#include "evaluate/labels.h"
#include "evaluate/metric.h"

namespace acuate {

// `--eval SPEC`: what is measured, on what; docs/evaluate.md has one for each kind of network.
// Paths are relative to this file.
//
//     data: pages                      # DATA
//     preprocess: ppocr-det            # a preset, a file, or its keys right here; or the caller's
//     decoder: db-text                 # or {id: db-text, threshold: 0.3}
//     metrics: [sqnr, text-box-f1]
//     labels: labels.csv               # only where a metric reads labels; see LabelSource
struct EvalSpec {
  std::filesystem::path data;
  std::optional<Preprocess> preprocess;
  std::string decoder;             // empty: none
  DecoderOptions decoder_options;  // complete
  std::vector<std::string> metrics;
  std::optional<LabelSource> labels;
};

// Strict: unknown keys, ids and parameters, missing files, a metric without the decoder that it
// needs are Errors that say `FILE:LINE`.
Result<EvalSpec> read_eval_spec(const std::filesystem::path& path, const DecoderRegistry& decoders,
                                const MetricRegistry& metrics);
Result<EvalSpec> parse_eval_spec(std::string_view text, const std::filesystem::path& source,
                                 const DecoderRegistry& decoders, const MetricRegistry& metrics);

}  // namespace acuate
