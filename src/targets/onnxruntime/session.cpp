#include "targets/onnxruntime/session.h"

#include <atomic>

#include <onnxruntime_session_options_config_keys.h>
#include <sched.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "targets/onnxruntime/profile.h"

namespace acuate {
namespace {

// Frees an object of the C interface by the function that belongs to it.
template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

// Numbers of ONNX after 23 in the order of ONNX Runtime's, which continues with 24.
constexpr ElementType kLaterTypes[] = {ElementType::Uint2, ElementType::Int2,
                                       ElementType::Float8E8M0};
constexpr int kFirstLaterType = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT2;

int available_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// A session with what must go with it; output tensors share it, so that their memory outlives the
// engine.
struct Session {
  const OnnxRuntime& runtime;
  OrtSession* handle = nullptr;
  std::string log_id;

  explicit Session(const OnnxRuntime& onnxruntime) : runtime(onnxruntime) {
    static std::atomic<uint64_t> count = 0;
    log_id = fmt::format("acuate-{}", ++count);
  }
  Session(const Session&) = delete;
  ~Session() {
    if (handle != nullptr) runtime.api->ReleaseSession(handle);
    take_onnxruntime_warnings(log_id);
  }
  Result<void> check(OrtStatus* status) const { return check_status(runtime, status, log_id); }
};

struct OutputValue {
  std::shared_ptr<Session> session;
  OrtValue* value = nullptr;
  OutputValue(std::shared_ptr<Session> s, OrtValue* v) : session(std::move(s)), value(v) {}
  OutputValue(const OutputValue&) = delete;
  ~OutputValue() {
    if (value != nullptr) session->runtime.api->ReleaseValue(value);
  }
};

GraphOptimizationLevel level_of(Optimization optimization) {
  switch (optimization) {
    case Optimization::All:
      return ORT_ENABLE_ALL;
    case Optimization::Basic:
      return ORT_ENABLE_BASIC;
    case Optimization::None:
      break;
  }
  return ORT_DISABLE_ALL;
}

bool has_vnni() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") != 0 || __builtin_cpu_supports("avxvnni") != 0;
#else
  return true;  // the mode is one of x64 kernels
#endif
}

Result<void> configure(const Session& session, OrtSessionOptions* to, const EngineOptions& options,
                       const std::string& folder, const std::string& profile_prefix) {
  const OrtApi& api = *session.runtime.api;
  const int threads = options.threads > 0 ? options.threads : available_cpus();
  const auto entry = [&](const char* key, const char* value) {
    return session.check(api.AddSessionConfigEntry(to, key, value));
  };
  if (auto r = session.check(api.SetIntraOpNumThreads(to, threads)); !r) return r;
  if (auto r = session.check(api.SetSessionExecutionMode(to, ORT_SEQUENTIAL)); !r) return r;
  if (auto r =
          session.check(api.SetSessionGraphOptimizationLevel(to, level_of(options.optimization)));
      !r)
    return r;
  if (auto r = session.check(api.SetSessionLogId(to, session.log_id.c_str())); !r) return r;
  if (auto r = session.check(api.SetSessionLogSeverityLevel(to, ORT_LOGGING_LEVEL_WARNING)); !r)
    return r;
  // Without VNNI, u8 × s8 products saturate in 16 bits; this takes the exact u8 × u8 kernels. With
  // it they are exact, and the mode would cost a third of the speed.
  if (!has_vnni())
    if (auto r = entry(kOrtSessionOptionsAvx2PrecisionMode, "1"); !r) return r;
  if (options.shared_arena)
    if (auto r = entry(kOrtSessionOptionsConfigUseEnvAllocators, "1"); !r) return r;
  if (!options.spinning)
    if (auto r = entry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0"); !r) return r;
  if (!folder.empty())
    if (auto r = entry(kOrtSessionOptionsModelExternalInitializersFileFolderPath, folder.c_str());
        !r)
      return r;
  if (!profile_prefix.empty())
    return session.check(api.EnableProfiling(to, profile_prefix.c_str()));
  return {};
}

Result<IoSpec> read_spec(const Session& session, OrtTypeInfo* owned_info, char* owned_name) {
  const OrtApi& api = *session.runtime.api;
  const Owned<OrtTypeInfo> info(owned_info, api.ReleaseTypeInfo);
  IoSpec spec;
  spec.name = owned_name;
  session.runtime.allocator->Free(session.runtime.allocator, owned_name);
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  if (auto r = session.check(api.GetOnnxTypeFromTypeInfo(info.get(), &kind)); !r) return r.error();
  spec.is_tensor = kind == ONNX_TYPE_TENSOR;
  if (!spec.is_tensor) return spec;
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // belongs to info
  if (auto r = session.check(api.CastTypeInfoToTensorInfo(info.get(), &tensor)); !r)
    return r.error();
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  if (auto r = session.check(api.GetTensorElementType(tensor, &type)); !r) return r.error();
  spec.type = from_ort_type(type);
  spec.has_shape = api.TensorTypeAndShape_HasShape(tensor);
  if (!spec.has_shape) return spec;
  size_t rank = 0;
  if (auto r = session.check(api.GetDimensionsCount(tensor, &rank)); !r) return r.error();
  spec.shape.resize(rank);
  std::vector<const char*> names(rank, nullptr);
  if (auto r = session.check(api.GetDimensions(tensor, spec.shape.data(), rank)); !r)
    return r.error();
  if (auto r = session.check(api.GetSymbolicDimensions(tensor, names.data(), rank)); !r)
    return r.error();
  for (const char* name : names) spec.dim_names.emplace_back(name == nullptr ? "" : name);
  return spec;
}

Result<std::vector<IoSpec>> read_specs(const Session& session, bool inputs) {
  const OrtApi& api = *session.runtime.api;
  OrtAllocator* allocator = session.runtime.allocator;
  size_t count = 0;
  OrtStatus* counted = inputs ? api.SessionGetInputCount(session.handle, &count)
                              : api.SessionGetOutputCount(session.handle, &count);
  if (auto r = session.check(counted); !r) return r.error();
  std::vector<IoSpec> specs;
  for (size_t i = 0; i < count; ++i) {
    OrtTypeInfo* info = nullptr;
    char* name = nullptr;
    OrtStatus* typed = inputs ? api.SessionGetInputTypeInfo(session.handle, i, &info)
                              : api.SessionGetOutputTypeInfo(session.handle, i, &info);
    if (auto r = session.check(typed); !r) return r.error();
    OrtStatus* named = inputs ? api.SessionGetInputName(session.handle, i, allocator, &name)
                              : api.SessionGetOutputName(session.handle, i, allocator, &name);
    if (auto r = session.check(named); !r) {
      api.ReleaseTypeInfo(info);
      return r.error();
    }
    auto spec = read_spec(session, info, name);
    if (!spec) return spec.error();
    specs.push_back(std::move(*spec));
  }
  return specs;
}

class OnnxRuntimeEngine final : public Engine {
 public:
  OnnxRuntimeEngine(std::shared_ptr<Session> session, std::optional<ProfileFolder> profile_folder,
                    std::vector<IoSpec> inputs, std::vector<IoSpec> outputs)
      : profile_folder_(std::move(profile_folder)), session_(std::move(session)) {
    inputs_ = std::move(inputs);
    outputs_ = std::move(outputs);
  }
  ~OnnxRuntimeEngine() override {
    // A session that is still profiling would write its file when the last output lets go of it,
    // after the folder.
    if (profile_folder_) (void)end_profiling();
  }

  Result<Profile> profile() override {
    if (!profile_folder_)
      return fail(
          "this engine records no profile: it was loaded without profiling, or its profile was "
          "taken");
    auto file = end_profiling();
    auto text = file ? read_text_file(*file, uint64_t{8} << 30) : Result<std::string>(file.error());
    profile_folder_.reset();
    if (!text) return text.error();
    return parse_onnxruntime_profile(*text);
  }

 protected:
  Result<std::vector<Tensor>> run_checked(std::span<const Tensor> inputs,
                                          std::span<const size_t> outputs) override;

 private:
  Result<std::string> end_profiling() {
    char* name = nullptr;
    OrtAllocator* allocator = session_->runtime.allocator;
    if (auto r = session_->check(
            session_->runtime.api->SessionEndProfiling(session_->handle, allocator, &name));
        !r)
      return r.error();
    std::string file = name;
    allocator->Free(allocator, name);
    return file;
  }
  Result<Tensor> to_tensor(std::shared_ptr<OutputValue> output, const std::string& name) const;

  std::optional<ProfileFolder> profile_folder_;
  std::shared_ptr<Session> session_;
};

Result<std::vector<Tensor>> OnnxRuntimeEngine::run_checked(std::span<const Tensor> inputs,
                                                           std::span<const size_t> outputs) {
  const OrtApi& api = *session_->runtime.api;
  std::vector<Owned<OrtValue>> owned_values;
  std::vector<const char*> input_names, output_names;
  std::vector<const OrtValue*> values;
  static std::byte
      no_bytes{};  // an empty tensor may have no address, which ONNX Runtime does not take
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::span<const std::byte> bytes = inputs[i].bytes();
    // Inputs are only read; the interface has one type for both directions.
    void* data = const_cast<std::byte*>(bytes.empty() ? &no_bytes : bytes.data());
    OrtValue* value = nullptr;
    if (auto r = session_->check(api.CreateTensorWithDataAsOrtValue(
            session_->runtime.cpu_memory, data, bytes.size(), inputs[i].shape().data(),
            inputs[i].shape().size(), to_ort_type(inputs[i].type()), &value));
        !r)
      return fail("input '{}': {}", inputs_[i].name, r.error().message);
    owned_values.emplace_back(value, api.ReleaseValue);
    values.push_back(value);
    input_names.push_back(inputs_[i].name.c_str());
  }
  for (size_t index : outputs) output_names.push_back(outputs_[index].name.c_str());
  std::vector<OrtValue*> results(outputs.size(), nullptr);
  OrtStatus* status =
      api.Run(session_->handle, nullptr, input_names.data(), values.data(), values.size(),
              output_names.data(), output_names.size(), results.data());
  std::vector<std::shared_ptr<OutputValue>> kept;
  for (OrtValue* result : results) kept.push_back(std::make_shared<OutputValue>(session_, result));
  if (auto r = session_->check(status); !r)
    return fail("ONNX Runtime could not run the model: {}", r.error().message);
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < kept.size(); ++i) {
    auto tensor = to_tensor(kept[i], outputs_[outputs[i]].name);
    if (!tensor) return tensor.error();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

Result<Tensor> OnnxRuntimeEngine::to_tensor(std::shared_ptr<OutputValue> output,
                                            const std::string& name) const {
  const OrtApi& api = *session_->runtime.api;
  OrtValue* value = output->value;
  if (value == nullptr) return fail("output '{}' was not computed", name);
  OrtTensorTypeAndShapeInfo* raw_info = nullptr;
  if (auto r = session_->check(api.GetTensorTypeAndShape(value, &raw_info)); !r)
    return fail("output '{}': {}", name, r.error().message);
  const Owned<OrtTensorTypeAndShapeInfo> info(raw_info, api.ReleaseTensorTypeAndShapeInfo);
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  size_t rank = 0, size_bytes = 0;
  void* data = nullptr;
  if (auto r = session_->check(api.GetTensorElementType(info.get(), &type)); !r) return r.error();
  if (auto r = session_->check(api.GetDimensionsCount(info.get(), &rank)); !r) return r.error();
  Shape shape(rank);
  if (auto r = session_->check(api.GetDimensions(info.get(), shape.data(), rank)); !r)
    return r.error();
  if (auto r = session_->check(api.GetTensorSizeInBytes(value, &size_bytes)); !r) return r.error();
  if (auto r = session_->check(api.GetTensorMutableData(value, &data)); !r) return r.error();
  const ElementType element = from_ort_type(type);
  if (tensor_size_bytes(element, shape) != size_bytes)
    return fail("output '{}' is {} {} in {} bytes, which cannot be read", name,
                element_type_name(element), format_shape(shape), size_bytes);
  return Tensor::view(element, std::move(shape), {static_cast<const std::byte*>(data), size_bytes},
                      std::move(output));
}

}  // namespace

ElementType from_ort_type(ONNXTensorElementDataType type) {
  const int number = static_cast<int>(type);
  if (number < kFirstLaterType) return static_cast<ElementType>(number);
  const auto later = static_cast<size_t>(number - kFirstLaterType);
  return later < std::size(kLaterTypes) ? kLaterTypes[later] : ElementType::Undefined;
}

ONNXTensorElementDataType to_ort_type(ElementType type) {
  for (size_t i = 0; i < std::size(kLaterTypes); ++i)
    if (kLaterTypes[i] == type) return static_cast<ONNXTensorElementDataType>(kFirstLaterType + i);
  return static_cast<ONNXTensorElementDataType>(type);
}

Result<std::unique_ptr<Engine>> load_onnxruntime_engine(const OnnxRuntime& runtime,
                                                        const ModelSource& source,
                                                        const EngineOptions& options) {
  const OrtApi& api = *runtime.api;
  std::optional<ProfileFolder> profile_folder;
  if (options.profile) {
    auto folder = ProfileFolder::create();
    if (!folder) return folder.error();
    profile_folder = std::move(*folder);
  }
  auto session = std::make_shared<Session>(runtime);
  OrtSessionOptions* raw_options = nullptr;
  if (auto r = session->check(api.CreateSessionOptions(&raw_options)); !r) return r.error();
  const Owned<OrtSessionOptions> session_options(raw_options, api.ReleaseSessionOptions);
  if (auto r = configure(*session, raw_options, options, source.folder.string(),
                         profile_folder ? (profile_folder->path() / "profile").string() : "");
      !r)
    return r.error();
  OrtStatus* status =
      source.path.empty()
          ? api.CreateSessionFromArray(runtime.env, source.bytes.data(), source.bytes.size(),
                                       raw_options, &session->handle)
          : api.CreateSession(runtime.env, source.path.c_str(), raw_options, &session->handle);
  if (auto r = session->check(status); !r)
    return fail("ONNX Runtime {} cannot load {}: {}", runtime.version, source.text(),
                r.error().message);
  auto inputs = read_specs(*session, true);
  if (!inputs) return inputs.error();
  auto outputs = read_specs(*session, false);
  if (!outputs) return outputs.error();
  return std::unique_ptr<Engine>(std::make_unique<OnnxRuntimeEngine>(
      std::move(session), std::move(profile_folder), std::move(*inputs), std::move(*outputs)));
}

}  // namespace acuate
