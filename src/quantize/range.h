#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/registry.h"
#include "base/result.h"
#include "numeric/histogram.h"
#include "numeric/scheme.h"

namespace acuate {

// The reals that the integers of a tensor are to cover; what lies outside is clipped. Holds zero.
struct Range {
  double min = 0;
  double max = 0;
  bool operator==(const Range&) const = default;
};

// From the distribution of a tensor to the range for one scheme. A histogram without finite values
// gives [0, 0].
using RangeFunction = std::function<Range(const Histogram&, const Scheme&)>;

// What a method has to see before its rule says anything: with less, it is another one in disguise.
struct RangeNeeds {
  size_t samples = 1;
  uint64_t values = 1;   // of one tensor, over all samples
  std::string why = {};  // what goes wrong with fewer, as a clause
};

// A range method: one file of ranges/ each.
struct RangeMethod {
  std::string id;
  std::string doc;
  // Checks what stands behind the colon of `percentile:99.9` (empty where there is none) and binds
  // it.
  std::function<Result<RangeFunction>(std::string_view argument)> prepare;
  // By the same argument, which `prepare` has accepted. Empty: it takes any data.
  std::function<RangeNeeds(std::string_view argument)> needs = {};
  // Whether its ranges are where a search goes on that runs the network (output_ranges.h).
  bool refined_at_outputs = false;
};

using RangeMethodRegistry = Registry<RangeMethod>;
void register_all_ranges(RangeMethodRegistry& registry);
// All of them, made once.
const RangeMethodRegistry& range_methods();

// What `--range` says, checked once and applied to many tensors.
struct RangeChoice {
  std::string text;  // `percentile:99.9`, as it goes into encodings and report
  RangeFunction range;
  RangeNeeds needs = {};
  bool refined_at_outputs = false;
};
// `minmax`, `mse`, `percentile`, `percentile:99.9`.
Result<RangeChoice> parse_range_method(std::string_view text);

// Makes the range hold zero and, for a symmetric scheme, equal to both sides.
Range usable_range(Range range, const Scheme& scheme);

// For methods without an option: an argument is an error.
std::function<Result<RangeFunction>(std::string_view)> without_argument(std::string_view id,
                                                                        RangeFunction function);

}  // namespace acuate
