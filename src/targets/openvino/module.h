#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "targets/engine.h"

// What acuate and the module that is linked against OpenVINO say to each other. The module is a
// shared object of its own (module/), opened once OpenVINO's library is found, so that everything
// else runs without it. Both are built together: the types of C++ cross the border, exceptions do
// not.
namespace acuate::openvino {

// Grows whenever this header changes: a module of another build is refused.
inline constexpr int kInterfaceVersion = 1;
inline constexpr const char* kEntryName = "acuate_openvino_module";

// Of a compiled network; the ONNX model knows its name.
struct Port {
  ElementType type = ElementType::Undefined;
  bool has_shape = true;  // false: any rank
  Shape shape = {};       // -1: dynamic
  bool is_read = true;    // false: of an input that nothing reads, OpenVINO keeps nothing
};

struct TensorView {
  ElementType type = ElementType::Undefined;
  const Shape* shape = nullptr;
  const void* data = nullptr;
};

// Memory for the output of this number and shape, which lives until run() returns.
using Allocate = std::function<void*(size_t output, const Port& port)>;

// A compiled model; run() from any thread.
class Network {
 public:
  virtual ~Network() = default;
  virtual const std::vector<Port>& inputs() const = 0;
  virtual const std::vector<Port>& outputs() const = 0;
  virtual Result<void> run(std::span<const TensorView> inputs, const Allocate& allocate) = 0;
  virtual Result<Profile> profile() = 0;
};

struct CompileRequest {
  ModelSource source;
  EngineOptions options;
  std::vector<std::string> inputs, outputs;  // of the ONNX graph, in its order
};

class Module {
 public:
  virtual ~Module() = default;
  virtual std::string version() const = 0;  // of OpenVINO: `2026.4.1-22982-…`
  virtual Result<std::unique_ptr<Network>> compile(const CompileRequest& request) const = 0;
  // Whether OpenVINO converts the ONNX model and its CPU plug-in has all that comes of it. The
  // error is what it says.
  virtual Result<void> check(std::span<const std::byte> model) const = 0;
};

// The module's one symbol. Null: it was built with another interface. The object lives as long as
// the process.
using Entry = const Module* (*)(int interface_version);

}  // namespace acuate::openvino
