// Each range method on the histograms of 300 tensors: normal, after a ReLU, shifted, with heavy
// tails; 1 M values each.
#include <algorithm>
#include <cmath>
#include <random>

#include <benchmark/benchmark.h>

#include "quantize/range.h"

namespace acuate {
namespace {

constexpr size_t kTensors = 300;

const std::vector<Histogram>& histograms() {
  static const std::vector<Histogram> made = [] {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> base(size_t{1} << 20);
    for (float& value : base) value = normal(random);
    std::vector<Histogram> all(kTensors);
    std::vector<float> data(base.size());
    for (size_t i = 0; i < kTensors; ++i) {
      const float size = std::exp(normal(random));
      std::transform(base.begin(), base.end(), data.begin(), [&](float value) {
        if (i % 4 == 1) value = std::max(value, 0.0f);
        if (i % 4 == 2) value += 1.5f;
        if (i % 4 == 3) value = value * value * value;
        return size * value;
      });
      for (size_t sample = 0; sample < 32; ++sample) {
        all[i].add(std::span(data).subspan(sample << 15, size_t{1} << 15));
        all[i].end_sample(sample);
      }
    }
    return all;
  }();
  return made;
}

void range(benchmark::State& state, const std::string& method, const Scheme& scheme) {
  const RangeChoice choice = *parse_range_method(method);
  const auto& all = histograms();
  for (auto _ : state)
    for (const Histogram& histogram : all)
      benchmark::DoNotOptimize(choice.range(histogram, scheme));
}

}  // namespace
}  // namespace acuate

int main(int argc, char** argv) {
  for (const auto& method : acuate::range_methods().all())
    for (const char* scheme : {"s8", "u8"})
      benchmark::RegisterBenchmark(("ranges/" + method.id + "/" + scheme).c_str(),
                                   [&method, scheme](benchmark::State& state) {
                                     acuate::range(state, method.id,
                                                   *acuate::schemes().lookup(scheme));
                                   })
          ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
