#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace acuate {

// A vendor's toolchain that is Python-only, as a process of its own: docs/workers.md describes the
// protocol, worker_host.py is its other end. Calls of several threads wait for each other.
class Worker {
 public:
  struct Program {
    std::string id;           // `tensorrt`, for messages
    std::string source;       // Python: defines WORKER, a class with METHODS and hello()
    std::string interpreter;  // path of the Python that has the toolchain
  };
  // What a call gives and takes beside JSON: {"$blob": i} stands for the i-th in either direction.
  using Blobs = std::vector<std::string_view>;
  struct Answer {
    nlohmann::json result;
    std::vector<std::shared_ptr<const std::string>> blobs;
  };

  explicit Worker(Program program);
  ~Worker();  // ends the process
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Starts the process where it does not run. It is started anew once where it dies during a call.
  // Errors: no interpreter, another protocol, the worker's own message, death (with the signal or
  // status and its last words), the deadline, an interruption; after the last two the process is
  // ended.
  Result<Answer> call(std::string_view method, const nlohmann::json& arguments,
                      const Blobs& blobs = {},
                      std::chrono::seconds deadline = std::chrono::seconds(600));
  // Whether the last call ended with the process: for callers to whom that is an answer.
  bool died() const;

 private:
  class Process;
  Result<void> start();
  Result<Answer> exchange(std::string_view method, const nlohmann::json& arguments,
                          const Blobs& blobs, std::chrono::seconds deadline, bool& died);

  struct State;
  std::unique_ptr<State> state_;
};

// The Python of a worker: `variable` (ACUATE_<TARGET>_PYTHON), else that of the environment beside
// this program, else `python3` of the PATH; empty where there is none. It is not asked whether it
// has the toolchain.
std::string find_worker_python(const std::string& variable);

}  // namespace acuate
