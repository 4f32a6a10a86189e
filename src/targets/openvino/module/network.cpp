#include "targets/openvino/module/network.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <streambuf>

#include <openvino/frontend/manager.hpp>
#include <openvino/runtime/properties.hpp>

#include "targets/openvino/module/hard_sigmoid.h"
#include "targets/openvino/module/message.h"
#include "targets/openvino/module/types.h"

namespace acuate::openvino {
namespace {

// A stream over bytes that lie elsewhere.
class ByteStream final : public std::streambuf {
 public:
  explicit ByteStream(std::span<const std::byte> bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }

 protected:
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    const off_type base = from == std::ios_base::beg   ? 0
                          : from == std::ios_base::cur ? gptr() - eback()
                                                       : egptr() - eback();
    return seek_to(base + offset);
  }
  pos_type seekpos(pos_type position, std::ios_base::openmode) override {
    return seek_to(position);
  }

 private:
  pos_type seek_to(off_type position) {
    if (position < 0 || position > egptr() - eback()) return off_type(-1);
    setg(eback(), eback() + position, egptr());
    return position;
  }
};

Port port_of(const ov::Output<const ov::Node>& output) {
  Port port;
  port.type = from_openvino(output.get_element_type());
  const ov::PartialShape& shape = output.get_partial_shape();
  port.has_shape = shape.rank().is_static();
  if (port.has_shape)
    for (const ov::Dimension& dim : shape)
      port.shape.push_back(dim.is_static() ? dim.get_length() : -1);
  return port;
}

ov::AnyMap properties_of(const EngineOptions& options, bool is_dynamic) {
  ov::AnyMap properties = {
      ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
      // Its own default is bfloat16 on CPUs that have it.
      ov::hint::inference_precision(options.arithmetic == Arithmetic::Bfloat16 ? ov::element::bf16
                                                                               : ov::element::f32),
      ov::num_streams(1),
      ov::enable_profiling(options.profile),
  };
  if (options.threads > 0) properties.insert(ov::inference_num_threads(options.threads));
  // Fake quantization stays what it is; the rest of its transformations cannot be switched off.
  if (options.optimization != Optimization::All) properties.emplace("LP_TRANSFORMS_MODE", false);
  // The kernels that it writes for a chain of nodes fail in bfloat16 when they are run, where sizes
  // are open in attention (2026.4: "SetLoadStoreScalar expects static shapes").
  if (options.arithmetic == Arithmetic::Bfloat16 && is_dynamic)
    properties.emplace("SNIPPETS_MODE", "DISABLE");
  if (!options.cache_folder.empty())
    properties.insert(ov::cache_dir(options.cache_folder.string()));
  return properties;
}

// Which port of the compiled model is the one of that name; kNone: it has none.
constexpr size_t kNone = SIZE_MAX;
template <class Ports>
size_t index_of(const Ports& ports, const std::string& name) {
  for (size_t i = 0; i < ports.size(); ++i)
    if (ports[i].get_names().count(name) > 0) return i;
  return kNone;
}

class CompiledNetwork final : public Network {
 public:
  CompiledNetwork(ov::CompiledModel compiled, const CompileRequest& request)
      : compiled_(std::move(compiled)), profiles_(request.options.profile) {
    const auto& given = compiled_.inputs();
    const auto& made = compiled_.outputs();
    for (const std::string& name : request.inputs) {
      const size_t at = index_of(given, name);
      input_at_.push_back(at);
      inputs_.push_back(at == kNone ? Port{.is_read = false} : port_of(given[at]));
    }
    for (const std::string& name : request.outputs) {
      const size_t at = index_of(made, name);
      if (at == kNone) throw std::runtime_error("the converted model has no output '" + name + "'");
      output_at_.push_back(at);
      outputs_.push_back(port_of(made[at]));
    }
    idle_.push_back(compiled_.create_infer_request());
  }

  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }

  Result<void> run(std::span<const TensorView> inputs, const Allocate& allocate) override {
    try {
      ov::InferRequest request = take_request();
      infer(request, inputs, allocate);
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(request));
      return {};
    } catch (const std::exception& thrown) {
      return Error{readable_message(thrown.what())};
    } catch (...) {
      return Error{"it threw what is no exception of the standard library"};
    }
  }

  Result<Profile> profile() override {
    if (!profiles_)
      return Error{
          "this engine records no profile: it was loaded without profiling, or its profile was "
          "taken"};
    profiles_ = false;
    try {
      read_kernels();
      name_origins();
      return std::move(profile_);
    } catch (const std::exception& thrown) {
      return Error{readable_message(thrown.what())};
    }
  }

 private:
  ov::InferRequest take_request() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        ov::InferRequest request = std::move(idle_.back());
        idle_.pop_back();
        return request;
      }
    }
    return compiled_.create_infer_request();
  }

  void infer(ov::InferRequest& request, std::span<const TensorView> inputs,
             const Allocate& allocate) {
    static std::byte no_bytes{};
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (input_at_[i] == kNone) continue;
      const TensorView& view = inputs[i];
      const ov::Shape shape(view.shape->begin(), view.shape->end());
      const void* data = view.data == nullptr ? &no_bytes : view.data;
      request.set_input_tensor(
          input_at_[i], ov::Tensor(to_openvino(view.type).value(), shape, const_cast<void*>(data)));
    }
    const auto is_fixed = [](const Port& port) {
      return port.has_shape &&
             std::find(port.shape.begin(), port.shape.end(), -1) == port.shape.end();
    };
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (!is_fixed(outputs_[i])) continue;
      const ov::Shape shape(outputs_[i].shape.begin(), outputs_[i].shape.end());
      request.set_output_tensor(output_at_[i], ov::Tensor(to_openvino(outputs_[i].type).value(),
                                                          shape, allocate(i, outputs_[i])));
    }
    const auto begin = std::chrono::steady_clock::now();
    request.infer();
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (is_fixed(outputs_[i])) continue;
      const ov::Tensor result = request.get_output_tensor(output_at_[i]);
      Port port = outputs_[i];
      port.has_shape = true;
      const ov::Shape shape = result.get_shape();
      port.shape.assign(shape.begin(), shape.end());
      void* memory = allocate(i, port);
      if (result.get_byte_size() > 0) std::memcpy(memory, result.data(), result.get_byte_size());
    }
    if (!profiles_) return;
    const std::lock_guard lock(mutex_);
    ++profile_.runs;
    profile_.time_us += time.count();
  }

  // OpenVINO tells for each node the mean over the runs of a network, in whole microseconds: what
  // takes less than half of one counts as not executed.
  void read_kernels() {
    for (const ov::ProfilingInfo& info : take_request().get_profiling_info()) {
      if (info.status != ov::ProfilingInfo::Status::EXECUTED) continue;
      if (!place_of_.try_emplace(info.node_name, profile_.kernels.size()).second) continue;
      KernelRecord& kernel = profile_.kernels.emplace_back();
      kernel.node = info.node_name;
      kernel.op_type = info.node_type + " " + info.exec_type;
      kernel.provider = "CPU";
      kernel.calls = profile_.runs;
      kernel.time_us =
          static_cast<double>(info.real_time.count()) * static_cast<double>(profile_.runs);
    }
  }

  // The executed graph lists with each of its nodes those that went into it.
  void name_origins() {
    const auto executed = compiled_.get_runtime_model();
    for (const auto& node : executed->get_ordered_ops()) {
      const auto place = place_of_.find(node->get_friendly_name());
      if (place == place_of_.end()) continue;
      const auto listed = node->get_rt_info().find("originalLayersNames");
      if (listed == node->get_rt_info().end()) continue;
      std::string names = listed->second.as<std::string>();
      for (size_t begin = 0; begin < names.size();) {
        const size_t end = std::min(names.find(',', begin), names.size());
        if (end > begin)
          profile_.kernels[place->second].origins.push_back(names.substr(begin, end - begin));
        begin = end + 1;
      }
    }
  }

  ov::CompiledModel compiled_;
  std::vector<Port> inputs_, outputs_;
  std::vector<size_t> input_at_, output_at_;  // ports of compiled_
  std::mutex mutex_;                          // guards what follows
  std::vector<ov::InferRequest> idle_;
  bool profiles_;
  Profile profile_;
  std::map<std::string, size_t> place_of_;  // in profile_.kernels, by node
};

}  // namespace

std::shared_ptr<ov::Model> read_model(ov::Core& core, const ModelSource& source) {
  if (!source.path.empty()) return core.read_model(source.path);
  ByteStream bytes(source.bytes);
  std::istream stream(&bytes);
  // The path tells where external data lie.
  const std::string place = (source.folder / "model.onnx").string();
  static ov::frontend::FrontEndManager manager;
  const auto front_end = manager.load_by_framework("onnx");
  return front_end->convert(front_end->load(static_cast<std::istream*>(&stream), place));
}

std::unique_ptr<Network> compile_network(ov::Core& core, const CompileRequest& request) {
  const auto model = read_model(core, request.source);
  replace_hard_sigmoids(*model);
  return std::make_unique<CompiledNetwork>(
      core.compile_model(model, "CPU", properties_of(request.options, model->is_dynamic())),
      request);
}

}  // namespace acuate::openvino
