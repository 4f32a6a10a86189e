#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <onnxruntime_c_api.h>

#include "base/result.h"
#include "targets/target.h"

namespace acuate {

// The C interface of the ONNX Runtime library that was found, and the one environment of this
// process.
struct OnnxRuntime {
  const OrtApi* api = nullptr;
  OrtEnv* env = nullptr;
  OrtMemoryInfo* cpu_memory = nullptr;
  OrtAllocator* allocator = nullptr;
  std::string file;
  std::string version;
};

// Looked for and opened once per process, at the first call; the outcome, good or bad, is kept.
Result<const OnnxRuntime*> onnxruntime_library();

// Refuses what is known not to serve: anything before 1.31.1, and 1.29.0 above all.
Result<void> check_onnxruntime_version(std::string_view version);

// What the engine logged under `log_id` since the last call, at most the last eight lines; it never
// prints.
std::vector<std::string> take_onnxruntime_warnings(std::string_view log_id);

// Takes ownership of `status`; null is success. The message is followed by what was logged under
// `log_id`.
Result<void> check_status(const OnnxRuntime& runtime, OrtStatus* status,
                          std::string_view log_id = "");

}  // namespace acuate
