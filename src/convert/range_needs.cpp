#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "convert/data_findings.h"
#include "diagnose/rule.h"

namespace acuate {
namespace {

// Of a method's tensors: some are tiny in any network, and their ranges do no harm.
constexpr double kShortShare = 0.25;

// A tensor that a method ranged.
struct Ranged {
  size_t needed_samples = 0;
  std::string tensor;
  uint64_t values = 0;
};

// The set is enough for all but a few of them.
const Ranged& deciding(std::vector<Ranged>& ranged) {
  const double few = std::ceil(kShortShare * static_cast<double>(ranged.size()));
  const auto place = ranged.end() - static_cast<std::ptrdiff_t>(few);
  std::nth_element(ranged.begin(), place, ranged.end(), [](const Ranged& a, const Ranged& b) {
    return std::tie(a.needed_samples, a.tensor) < std::tie(b.needed_samples, b.tensor);
  });
  return *place;
}

}  // namespace

void tell_range_needs(const Quantized& quantized, std::vector<Finding>& told) {
  const Calibration& calibration = quantized.calibration;
  std::map<std::string, std::pair<RangeNeeds, std::vector<Ranged>>> methods;
  for (const TensorEncoding& encoding : quantized.encodings.tensors) {
    const auto found = calibration.histograms.find(encoding.tensor);
    if (found == calibration.histograms.end() || encoding.range_method.empty()) continue;
    const auto method = parse_range_method(encoding.range_method);
    const uint64_t values = found->second.finite_count();
    if (!method || values == 0) continue;
    auto& [needs, ranged] = methods[method->text];
    needs = method->needs;
    const uint64_t samples = (needs.values * calibration.samples + values - 1) / values;
    ranged.push_back({std::max<size_t>(needs.samples, samples), encoding.tensor, values});
  }
  for (auto& [method, entry] : methods) {
    auto& [needs, ranged] = entry;
    const Ranged& last = deciding(ranged);
    if (calibration.samples >= last.needed_samples) continue;
    Finding finding = new_finding("calibration_too_small");
    finding.stage = "calibrate";
    finding.cause = fmt::format("the calibration set is too small for the range method {}", method);
    finding.evidence =
        fmt::format("{} sample{}, and {} needs {}: {}", calibration.samples,
                    calibration.samples == 1 ? "" : "s", method, last.needed_samples, needs.why);
    if (needs.values > 1) {
      const auto few = std::count_if(ranged.begin(), ranged.end(), [&](const Ranged& each) {
        return each.values < needs.values;
      });
      finding.evidence +=
          fmt::format("; {} of {} tensors have fewer than {} values, as '{}' with {}", few,
                      ranged.size(), needs.values, to_valid_utf8(last.tensor), last.values);
    }
    told.push_back(std::move(finding));
  }
}

}  // namespace acuate
