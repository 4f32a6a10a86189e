// Imports a model some times and saves it once after an edit, for bench/import_bench.py, which runs
// it in a process of its own so that the peak of resident memory means something.
//   import_once MODEL REPEATS [OUTPUT]
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "onnx_io/export.h"
#include "onnx_io/import.h"

int main(int argc, char** argv) {
  using namespace acuate;
  if (argc < 3) {
    fmt::print(stderr, "import_once MODEL REPEATS [OUTPUT]; run by bench/import_bench.py\n");
    return 2;
  }
  nlohmann::json json = {{"wall_s", nlohmann::json::array()}, {"cpu_s", nlohmann::json::array()}};
  std::unique_ptr<Model> model;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    model.reset();
    const double cpu = cpu_seconds();
    const Stopwatch watch;
    auto imported = import_model(argv[1]);
    json["wall_s"].push_back(watch.seconds());
    json["cpu_s"].push_back(cpu_seconds() - cpu);
    if (!imported) {
      fmt::print(stderr, "{}\n", imported.error().message);
      return 2;
    }
    model = std::move(*imported);
  }
  json["peak_rss_bytes"] = peak_rss_bytes();
  if (argc > 3) {
    model->graph().first()->set_name("edited");
    const double cpu = cpu_seconds();
    const Stopwatch watch;
    if (auto saved = save_model(*model, argv[3]); !saved) {
      fmt::print(stderr, "{}\n", saved.error().message);
      return 2;
    }
    json["save_wall_s"] = watch.seconds();
    json["save_cpu_s"] = cpu_seconds() - cpu;
    json["save_peak_rss_bytes"] = peak_rss_bytes();
  }
  fmt::print("{}\n", json.dump());
  return 0;
}
