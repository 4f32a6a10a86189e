#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"
#include "quantize/range.h"

namespace acuate {

namespace {

constexpr int kDefaultBits = 12;
// What stands for nothing where the clipped values meet an empty last bin: a common choice.
constexpr double kAlmostNothing = 1e-4;

// |x| in equal bins from 0 to the largest, as prefix sums: mass, occupied bins, Σ mass · log(mass).
struct LinearBins {
  std::vector<double> mass, occupied, information;

  LinearBins(const Histogram& histogram, size_t count, double largest)
      : mass(count + 1), occupied(count + 1), information(count + 1) {
    std::vector<double> bins(count);
    const double per_unit = static_cast<double>(count) / largest;
    for (const HistogramBin& bin : histogram.magnitude_bins()) {
      const double low = bin.low * per_unit;
      const double high = std::max(bin.high * per_unit, low);
      const auto first = std::min(count - 1, static_cast<size_t>(low));
      const auto last = std::min(count - 1, static_cast<size_t>(high));
      for (size_t i = first; i <= last; ++i) {
        const double part = first == last ? 1
                                          : (std::min(high, static_cast<double>(i + 1)) -
                                             std::max(low, static_cast<double>(i))) /
                                                (high - low);
        bins[i] += part * static_cast<double>(bin.count);
      }
    }
    for (size_t i = 0; i < count; ++i) {
      mass[i + 1] = mass[i] + bins[i];
      occupied[i + 1] = occupied[i] + (bins[i] > 0 ? 1 : 0);
      information[i + 1] = information[i] + (bins[i] > 0 ? bins[i] * std::log(bins[i]) : 0);
    }
  }

  // Of the first `kept` bins, the rest added to the last of them, from what `levels` levels leave.
  double divergence(size_t kept, size_t levels) const {
    const double total = mass.back();
    const double inside = mass[kept];
    const double last = mass[kept] - mass[kept - 1];
    if (inside <= 0) return std::numeric_limits<double>::infinity();
    double cost = 0;
    double last_mean = 0;
    for (size_t level = 0; level < levels; ++level) {
      const size_t from = level * kept / levels;
      const size_t to = (level + 1) * kept / levels;
      const double in_level = mass[to] - mass[from];
      if (in_level <= 0) continue;
      last_mean = in_level / (occupied[to] - occupied[from]);
      cost += information[to] - information[from] - in_level * std::log(last_mean);
    }
    // What is clipped stands in the last bin of the reference alone.
    const double grown = last + total - inside;
    if (last <= 0) last_mean = kAlmostNothing;
    if (grown > 0) cost += grown * std::log(grown / last_mean);
    if (last > 0) cost -= last * std::log(last / last_mean);
    return cost / total + std::log(inside / total);
  }
};

Range acuity_kl(const Histogram& histogram, const Scheme& scheme, int bits) {
  const auto extremes = histogram.range();
  if (!extremes) return {};
  const Range whole = usable_range({extremes->min, extremes->max}, scheme);
  const double largest = std::max(-whole.min, whole.max);
  if (largest == 0) return whole;
  const size_t count = size_t{1} << bits;
  const LinearBins bins(histogram, count, largest);
  const size_t levels = std::min(count, size_t{1} << (scheme.bits - 1));
  size_t best = count;
  double least = std::numeric_limits<double>::infinity();
  const size_t stride = std::max<size_t>(1, count / 256);
  for (size_t kept = count; kept >= levels; kept -= stride) {
    const double cost = bins.divergence(kept, levels);
    if (cost < least) {
      least = cost;
      best = kept;
    }
  }
  const double bound = largest * static_cast<double>(best) / static_cast<double>(count);
  return {std::max(whole.min, -bound), std::min(whole.max, bound)};
}

Result<RangeFunction> prepare(std::string_view argument) {
  const auto bits = argument.empty() ? kDefaultBits : parse_double(argument);
  if (!bits || !(*bits == 10 || *bits == 11 || *bits == 12))
    return fail(
        "range method 'acuity-kl': the option is '{}', expected 10, 11 or 12 for 2^10, 2^11 or "
        "2^12 bins, as in acuity-kl:11",
        argument);
  return RangeFunction(
      [bits = static_cast<int>(*bits)](const Histogram& histogram, const Scheme& scheme) {
        return acuity_kl(histogram, scheme, bits);
      });
}

RangeNeeds needs(std::string_view argument) {
  const auto bits = argument.empty() ? kDefaultBits : *parse_double(argument);
  return {1, uint64_t{1} << static_cast<int>(bits),
          fmt::format("fewer values than its 2^{:g} bins leave most of them empty", bits)};
}

}  // namespace

// For comparison with the Acuity Toolkit, whose manual names the method kl_divergence and its
// number of bins (--divergence-first-quantize-bits 11 or 12) and no more: here it is the published
// procedure (Migacz, 8-bit inference with TensorRT, GTC 2017) on |x| with that many equal bins,
// both bounds cut at the same magnitude. What the toolkit does beside that is not known here.
void register_quantize_acuity_kl(RangeMethodRegistry& registry) {
  registry.add({
      .id = "acuity_kl",
      .doc = "Kullback-Leibler divergence over 2^12 (or acuity-kl:11) equal bins of |x|, as the "
             "Acuity Toolkit documents it",
      .prepare = prepare,
      .needs = needs,
  });
}

}  // namespace acuate
