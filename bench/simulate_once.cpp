// Seconds that the simulation of a quantized model takes: `simulate_once MODEL [RUNS [THREADS]]`.
// Prints the best of RUNS, wall clock and CPU, and the milliseconds of each kind of step.
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <map>

#include <fmt/format.h>

#include "targets/simulated_engine.h"
#include "targets/target.h"

namespace acuate {
namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Result<void> measure(const char* model, int runs, int threads) {
  auto engine = load_simulated(ModelSource::file(model), {.threads = threads, .profile = true});
  if (!engine) return engine.error();
  std::vector<Tensor> inputs;
  for (const IoSpec& spec : (*engine)->inputs()) {
    Tensor input = Tensor::allocate(spec.type, spec.shape);
    if (spec.type == ElementType::Float)
      for (float& x : input.mutable_values<float>())
        x = static_cast<float>(std::rand() % 1000) * 0.001F;
    inputs.push_back(std::move(input));
  }
  double wall = 1e9, cpu = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto started = std::chrono::steady_clock::now();
    const double before = cpu_seconds();
    if (auto outputs = (*engine)->run(inputs); !outputs) return outputs.error();
    cpu = std::min(cpu, cpu_seconds() - before);
    wall = std::min(
        wall, std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
  auto profile = (*engine)->profile();
  if (!profile) return profile.error();
  std::map<std::string, double> by_kind;
  for (const KernelRecord& kernel : profile->kernels) by_kind[kernel.op_type] += kernel.time_us;
  fmt::print("{}: {:.1f} ms, CPU {:.1f} ms\n", model, 1e3 * wall, 1e3 * cpu);
  for (const auto& [kind, us] : by_kind) fmt::print("  {:20} {:8.2f} ms\n", kind, us / 1e3 / runs);
  return {};
}

}  // namespace
}  // namespace acuate

int main(int count, char** arguments) {
  if (count < 2) return 2;
  const auto done = acuate::measure(arguments[1], count > 2 ? std::atoi(arguments[2]) : 5,
                                    count > 3 ? std::atoi(arguments[3]) : 0);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 2;
}
