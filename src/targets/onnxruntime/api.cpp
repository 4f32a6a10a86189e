#include "targets/onnxruntime/api.h"

#include <deque>
#include <mutex>

#include <dlfcn.h>

#include "base/text.h"
#include "targets/library_search.h"

namespace acuate {
namespace {

constexpr std::string_view kMinimumVersion = "1.31.1";
constexpr std::string_view kHowToGet =
    "install it with `pip install onnxruntime` into the environment beside acuate, or set "
    "ACUATE_ONNXRUNTIME_HOME";

struct LogLine {
  std::string log_id;
  std::string message;
};

std::mutex log_mutex;
std::deque<LogLine> log_lines;  // guarded by log_mutex
constexpr size_t kMaxLogLines = 256;

void ORT_API_CALL keep_log_line(void*, OrtLoggingLevel, const char*, const char* log_id,
                                const char*, const char* message) {
  const std::lock_guard lock(log_mutex);
  log_lines.push_back({log_id == nullptr ? "" : log_id, message == nullptr ? "" : message});
  if (log_lines.size() > kMaxLogLines) log_lines.pop_front();
}

// Error text of a status, which is released.
std::string take_message(const OrtApi* api, OrtStatus* status) {
  std::string message = api->GetErrorMessage(status);
  api->ReleaseStatus(status);
  return message;
}

// For the sessions that ask for it; it takes no memory before.
OrtStatus* create_shared_arena(const OrtApi* api, const OnnxRuntime& runtime) {
  OrtMemoryInfo* memory = nullptr;
  OrtStatus* status = api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory);
  if (status != nullptr) return status;
  // As much as is asked for at a time, not the next power of two.
  const char* const keys[] = {"arena_extend_strategy"};
  const size_t values[] = {1};
  OrtArenaCfg* config = nullptr;
  status = api->CreateArenaCfgV2(keys, values, 1, &config);
  if (status == nullptr) status = api->CreateAndRegisterAllocator(runtime.env, memory, config);
  if (config != nullptr) api->ReleaseArenaCfg(config);
  api->ReleaseMemoryInfo(memory);
  return status;
}

Result<OnnxRuntime> open_library(const std::string& file) {
  // The library is never closed again: sessions and tensors of it may live as long as the process.
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return fail("ONNX Runtime at {} cannot be opened: {}", file, dlerror());
  using GetApiBase = const OrtApiBase*(ORT_API_CALL*)();
  const auto get_base = reinterpret_cast<GetApiBase>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr)
    return fail("{} is not ONNX Runtime: it has no function OrtGetApiBase", file);
  OnnxRuntime runtime;
  runtime.file = file;
  runtime.version = get_base()->GetVersionString();
  if (auto served = check_onnxruntime_version(runtime.version); !served)
    return fail("{}: {}", file, served.error().message);
  runtime.api = get_base()->GetApi(ORT_API_VERSION);
  if (runtime.api == nullptr)
    return fail("{} ({}) does not offer API version {}", file, runtime.version, ORT_API_VERSION);
  const OrtApi* api = runtime.api;
  OrtStatus* status = api->CreateEnvWithCustomLogger(
      keep_log_line, nullptr, ORT_LOGGING_LEVEL_WARNING, "acuate", &runtime.env);
  if (status == nullptr) status = api->DisableTelemetryEvents(runtime.env);
  if (status == nullptr)
    status = api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &runtime.cpu_memory);
  if (status == nullptr) status = api->GetAllocatorWithDefaultOptions(&runtime.allocator);
  if (status == nullptr) status = create_shared_arena(api, runtime);
  if (status != nullptr)
    return fail("ONNX Runtime at {} does not start: {}", file, take_message(api, status));
  return runtime;
}

Result<OnnxRuntime> find_and_open() {
  const FoundLibrary found = find_library({.home_variable = "ACUATE_ONNXRUNTIME_HOME",
                                           .stem = "libonnxruntime.so.",
                                           .home_folders = {"", "lib", "capi", "onnxruntime/capi"},
                                           .package_folders = {"onnxruntime/capi"}});
  if (!found.path.empty()) return open_library(found.path.string());
  if (!found.home.empty())
    return fail(
        "ACUATE_ONNXRUNTIME_HOME is '{}', but no libonnxruntime.so.1.* lies there; looked into {}",
        found.home, join(found.searched, ", "));
  // Whatever the system's linker knows, such as a folder of LD_LIBRARY_PATH.
  if (dlopen("libonnxruntime.so.1", RTLD_NOW | RTLD_LOCAL) != nullptr)
    return open_library("libonnxruntime.so.1");
  return fail("ONNX Runtime was not found (libonnxruntime.so.1.*; looked into {}); {}",
              join(found.searched, ", "), kHowToGet);
}

}  // namespace

Result<const OnnxRuntime*> onnxruntime_library() {
  // Leaked on purpose: engines may be destroyed after the statics of this file.
  static const auto* outcome = new Result<OnnxRuntime>(find_and_open());
  if (!*outcome) return outcome->error();
  return &**outcome;
}

Result<void> check_onnxruntime_version(std::string_view version) {
  if (version == "1.29.0")
    return fail(
        "ONNX Runtime 1.29.0 is not used: its float16 Gemm is thousands of times too slow; version "
        "{} or later "
        "is needed; {}",
        kMinimumVersion, kHowToGet);
  if (compare_versions(version, kMinimumVersion) < 0)
    return fail("ONNX Runtime {} is too old: version {} or later is needed; {}", version,
                kMinimumVersion, kHowToGet);
  return {};
}

std::vector<std::string> take_onnxruntime_warnings(std::string_view log_id) {
  constexpr size_t kMaxTaken = 8;
  const std::lock_guard lock(log_mutex);
  std::vector<std::string> taken;
  std::erase_if(log_lines, [&](const LogLine& line) {
    if (line.log_id != log_id) return false;
    taken.push_back(line.message);
    return true;
  });
  if (taken.size() > kMaxTaken) taken.erase(taken.begin(), taken.end() - kMaxTaken);
  return taken;
}

Result<void> check_status(const OnnxRuntime& runtime, OrtStatus* status, std::string_view log_id) {
  if (status == nullptr) return {};
  std::string message = to_valid_utf8(take_message(runtime.api, status));
  if (!log_id.empty())
    for (const std::string& line : take_onnxruntime_warnings(log_id))
      if (message.find(line) == message.npos && line.find(message) == line.npos)
        message += "\n  it logged: " + to_valid_utf8(line);
  return Error{std::move(message)};
}

}  // namespace acuate
