// Histogram::add() on 16 M values, in values per second: all of it (counts, extremes, exact sums),
// its parts, and the portable kernels.
#include <algorithm>
#include <bit>
#include <random>

#include <benchmark/benchmark.h>

#include "numeric/grid_noise.h"
#include "numeric/histogram.h"
#include "numeric/histogram_kernel.h"
#include "numeric/scheme.h"

namespace acuate {
namespace {

constexpr size_t kValues = size_t{16} << 20;

const std::vector<float>& data(bool relu) {
  static const std::vector<float> normal = [] {
    std::mt19937 random(1);
    std::normal_distribution<float> distribution;
    std::vector<float> values(kValues);
    for (float& value : values) value = distribution(random);
    return values;
  }();
  static const std::vector<float> positive = [] {
    std::vector<float> values = normal;
    for (float& value : values) value = std::max(value, 0.0f);
    return values;
  }();
  return relu ? positive : normal;
}

void report(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kValues));
  state.SetLabel(state.range(0) != 0 ? "relu" : "normal");
}

void add(benchmark::State& state) {
  const auto& values = data(state.range(0) != 0);
  const auto piece = static_cast<size_t>(state.range(1));
  for (auto _ : state) {
    Histogram histogram;
    for (size_t start = 0; start < kValues; start += piece)
      histogram.add(std::span(values).subspan(start, std::min(piece, kValues - start)));
    benchmark::DoNotOptimize(histogram.sum());
  }
  report(state);
}
BENCHMARK(add)
    ->ArgsProduct({{0, 1}, {1 << 24, 1 << 16, 1 << 12, 1 << 8}})
    ->Unit(benchmark::kMillisecond);

template <class Body>
void each_block(benchmark::State& state, const Body& body) {
  const auto& values = data(state.range(0) != 0);
  for (auto _ : state) {
    for (size_t start = 0; start < kValues; start += kHistogramBlock) body(values.data() + start);
  }
  report(state);
}

void counts_alone(benchmark::State& state) {
  alignas(64) static CountTables tables;
  each_block(state, [](const float* block) { count_block(block, kHistogramBlock, {}, tables); });
}
BENCHMARK(counts_alone)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void scan_and_sum(benchmark::State& state, const HistogramKernels& kernels) {
  const SumWindow window = sum_window(std::bit_cast<uint32_t>(8.0f));
  each_block(state, [&](const float* block) {
    benchmark::DoNotOptimize(kernels.scan(block, kHistogramBlock));
    benchmark::DoNotOptimize(kernels.sum(block, kHistogramBlock, window));
  });
}

void grid_noise(benchmark::State& state) {
  Histogram histogram;
  histogram.add(data(false));
  const GridNoiseModel model(histogram);
  const AffineGrid grid = schemes().lookup("s8")->from_range(-4, 4).grid();
  for (auto _ : state) benchmark::DoNotOptimize(model.noise(grid));
}
BENCHMARK(grid_noise)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace acuate

int main(int argc, char** argv) {
  for (const auto& kernels : acuate::histogram_kernels())
    benchmark::RegisterBenchmark(
        ("scan_and_sum/" + std::string(kernels.name)).c_str(),
        [&kernels](benchmark::State& state) { acuate::scan_and_sum(state, kernels); })
        ->Arg(0)
        ->Arg(1)
        ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
