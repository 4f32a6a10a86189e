#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/tensor.h"
#include "graph/value.h"

namespace acuate {

// An input or output of a loaded model.
struct IoSpec {
  std::string name;
  ElementType type = ElementType::Undefined;
  std::vector<int64_t> shape;          // -1: dynamic
  std::vector<std::string> dim_names;  // as long as `shape`; empty where the dimension has no name
  bool has_shape = true;               // false: any rank is accepted
  bool is_tensor = true;  // false: a sequence, map or optional, which no engine here feeds

  std::string text() const;  // `float32[n, 3, ?, 640]`
};

// As the graph declares it.
IoSpec io_spec(const Value& value);

enum class Optimization {
  All,    // what the engine does by default, layout changes included
  Basic,  // constant folding and redundant nodes only
  None,   // the graph as it stands: where fake quantization is meant, or values are compared
};

// What a float32 network is computed in.
enum class Arithmetic { Float32, Bfloat16 };

struct EngineOptions {
  int threads = 0;                              // 0: as many as this process may use
  Arithmetic arithmetic = Arithmetic::Float32;  // another one: of engines whose target offers it
  Optimization optimization = Optimization::All;
  bool profile = false;
  bool spinning = true;  // false: waiting threads sleep; for machines shared with other work
  // Working memory in common with all engines that say so: of many that run one after the other
  // only the largest counts, and none is given back before the process ends. Of ONNX Runtime.
  bool shared_arena = false;
  std::filesystem::path cache_folder =
      {};  // of compiled models; empty, or engines without one: none
};

// What to load: a file, or bytes that stay alive during load().
struct ModelSource {
  std::filesystem::path path;
  std::span<const std::byte> bytes;
  std::filesystem::path folder;  // where the external data of `bytes` lies

  static ModelSource file(std::filesystem::path path) { return {std::move(path), {}, {}}; }
  static ModelSource memory(std::span<const std::byte> bytes, std::filesystem::path folder = {}) {
    return {{}, bytes, std::move(folder)};
  }
  std::string text() const;  // for messages
};

// The time that one node took, as the engine executed it.
struct KernelRecord {
  std::string node;  // the engine's own name, which its optimizer may have changed
  // Nodes of the model whose work it does, where the engine lists them.
  std::vector<std::string> origins = {};
  std::string op_type;   // the executed kernel type: `QLinearConv`, `FusedConv`
  std::string provider;  // `CPUExecutionProvider`
  double time_us = 0;    // sum over the calls
  int64_t calls = 0;
};

struct Profile {
  std::vector<KernelRecord> kernels;  // in order of first execution
  int64_t runs = 0;
  double time_us = 0;      // sum over the runs, wall clock
  bool truncated = false;  // the engine's own limit on events was reached: the sums are too low
};

// A loaded model. Different engines are independent; run() of one engine may be called from several
// threads at once.
class Engine {
 public:
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const std::vector<IoSpec>& inputs() const { return inputs_; }
  const std::vector<IoSpec>& outputs() const { return outputs_; }

  // `inputs` in the order of inputs(); the results in the order of `output_names`, or of outputs()
  // when it is empty. Inputs are read in place. Wrong inputs are refused before the engine sees
  // them, with name, found and expected.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs,
                                  std::span<const std::string> output_names = {});
  // The same by name.
  Result<std::vector<Tensor>> run(const std::map<std::string, Tensor>& inputs,
                                  std::span<const std::string> output_names = {});

  // Ends profiling and returns what was recorded since load(). Needs EngineOptions::profile; once
  // per engine.
  virtual Result<Profile> profile() = 0;

 protected:
  Engine() = default;
  // `inputs` are checked; `outputs` are indices into outputs_.
  virtual Result<std::vector<Tensor>> run_checked(std::span<const Tensor> inputs,
                                                  std::span<const size_t> outputs) = 0;

  std::vector<IoSpec> inputs_;
  std::vector<IoSpec> outputs_;
};

// Whether the tensors fit the inputs of a model: count, element type, rank, every fixed dimension.
Result<void> check_inputs(std::span<const IoSpec> specs, std::span<const Tensor> inputs);

}  // namespace acuate
