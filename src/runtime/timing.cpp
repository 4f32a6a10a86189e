#include "runtime/timing.h"

#include <algorithm>
#include <cmath>

#include "base/stop.h"

namespace acuate {

double quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double position = fraction * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(position);
  const size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (values[high] - values[low]) * (position - static_cast<double>(low));
}

double Timing::median_ms() const { return quantile(wall_ms, 0.5); }
double Timing::p95_ms() const { return quantile(wall_ms, 0.95); }
double Timing::median_cpu_ms() const { return quantile(cpu_ms, 0.5); }

Result<std::vector<Timing>> time_interleaved(
    const std::vector<std::function<Result<void>()>>& contenders, int runs, int warmup,
    const Progress& progress) {
  std::vector<Timing> timings(contenders.size());
  for (int round = -warmup; round < runs; ++round) {
    for (size_t i = 0; i < contenders.size(); ++i) {
      if (stop_requested())
        return fail("interrupted after {} of {} timed runs", std::max(round, 0), runs);
      const double cpu_before = cpu_seconds();
      const Stopwatch watch;
      if (auto ran = contenders[i](); !ran) return ran.error();
      if (round < 0) continue;
      timings[i].wall_ms.push_back(watch.seconds() * 1e3);
      timings[i].cpu_ms.push_back((cpu_seconds() - cpu_before) * 1e3);
    }
    if (progress && round >= 0)
      progress({"time", static_cast<uint64_t>(round + 1), static_cast<uint64_t>(runs), "rounds"});
  }
  return timings;
}

}  // namespace acuate
