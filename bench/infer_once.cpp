// Infers the shapes of a model some times, for bench/shape_bench.py, which runs it in a process of
// its own so that the peak of resident memory means something. Import is not counted.
//   infer_once MODEL REPEATS
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "onnx_io/import.h"
#include "shape/infer.h"

namespace {

// Results of nodes, in bodies too: all, and those of which every dimension is a number or a name.
std::pair<size_t, size_t> count_known(const acuate::Model& model) {
  size_t all = 0, known = 0;
  for (const acuate::Graph* graph : model.all_graphs())
    for (const acuate::Node* node = graph->first(); node != nullptr; node = node->next())
      for (const acuate::Value* value : node->outputs()) {
        if (value == nullptr) continue;
        ++all;
        bool complete = value->type.shape.has_value();
        if (complete)
          for (const acuate::Dim& dim : *value->type.shape)
            complete = complete && (dim.is_known() || !dim.name.empty());
        known += complete ? 1 : 0;
      }
  return {all, known};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace acuate;
  if (argc != 3) {
    fmt::print(stderr, "infer_once MODEL REPEATS; run by bench/shape_bench.py\n");
    return 2;
  }
  nlohmann::json json = {{"wall_s", nlohmann::json::array()}, {"cpu_s", nlohmann::json::array()}};
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    auto model = import_model(argv[1]);
    if (!model) {
      fmt::print(stderr, "{}\n", model.error().message);
      return 2;
    }
    const double cpu = cpu_seconds();
    const Stopwatch watch;
    infer_shapes(**model);
    json["wall_s"].push_back(watch.seconds());
    json["cpu_s"].push_back(cpu_seconds() - cpu);
    const auto [all, known] = count_known(**model);
    json["results"] = all;
    json["known"] = known;
  }
  json["peak_rss_bytes"] = peak_rss_bytes();
  fmt::print("{}\n", json.dump());
  return 0;
}
