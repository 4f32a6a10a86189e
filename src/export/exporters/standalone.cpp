#include <fmt/format.h>

#include "base/file.h"
#include "base/version.h"
#include "export/exporter.h"

// A folder with the artifact, a C++ program that runs it by libacuate (runtime/module/acuate.h),
// and the CMake file that builds it.
namespace acuate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMain =
    R"main(// Runs the artifact in ARTIFACT, which CMakeLists.txt defines:
//   run [INPUT=FILE.npy | INPUT=IMAGE]... [-o FOLDER]
// Inputs without a file are zeros, open sizes 1. Prints each result; with -o writes it as .npy.
#include <acuate/acuate.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

using acuate::runtime::Model;
using acuate::runtime::Port;
using acuate::runtime::Tensor;

namespace {

template <class T>
void print_values(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  for (size_t i = 0; i < std::min<size_t>(values.size(), 8); ++i)
    std::printf(" %g", static_cast<double>(values[i]));
  std::printf("%s\n", values.size() > 8 ? " ..." : "");
}

void print(const std::string& name, const Tensor& tensor) {
  std::printf("%s: %s [", name.c_str(), tensor.type().c_str());
  for (size_t i = 0; i < tensor.shape().size(); ++i)
    std::printf("%s%lld", i == 0 ? "" : ", ", static_cast<long long>(tensor.shape()[i]));
  std::printf("]");
  if (tensor.type() == "float32") return print_values<float>(tensor);
  if (tensor.type() == "float64") return print_values<double>(tensor);
  if (tensor.type() == "int64") return print_values<int64_t>(tensor);
  if (tensor.type() == "int32") return print_values<int32_t>(tensor);
  if (tensor.type() == "uint8" || tensor.type() == "bool") return print_values<uint8_t>(tensor);
  if (tensor.type() == "int8") return print_values<int8_t>(tensor);
  std::printf(" %zu bytes\n", tensor.bytes().size());
}

Tensor read_input(const Model& model, const Port& port, const std::string& file) {
  if (!file.empty())
    return file.ends_with(".npy") ? Tensor::read_npy(file) : model.read_image(file);
  std::vector<int64_t> shape = port.shape;
  std::replace_if(shape.begin(), shape.end(), [](int64_t size) { return size < 0; }, 1);
  return Tensor::zeros(port.type, shape);
}

}  // namespace

int main(int argc, char** argv) try {
  std::map<std::string, std::string> files;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    if (argument == "-o" && i + 1 < argc) {
      folder = argv[++i];
    } else if (equals != std::string::npos) {
      files[argument.substr(0, equals)] = argument.substr(equals + 1);
    } else {
      std::fprintf(stderr, "usage: %s [INPUT=FILE.npy | INPUT=IMAGE]... [-o FOLDER]\n", argv[0]);
      return 2;
    }
  }
  Model model(ARTIFACT);
  std::vector<Tensor> inputs;
  for (const Port& port : model.inputs()) {
    const auto file = files.extract(port.name);
    inputs.push_back(read_input(model, port, file ? file.mapped() : ""));
    print("input " + port.name, inputs.back());
  }
  if (!files.empty()) throw std::runtime_error("there is no input " + files.begin()->first);
  if (!folder.empty()) std::filesystem::create_directories(folder);
  const std::vector<Tensor> results = model.run(inputs);
  for (size_t i = 0; i < results.size(); ++i) {
    std::string name = model.outputs()[i].name;
    print(name, results[i]);
    std::replace(name.begin(), name.end(), '/', '_');
    if (!folder.empty()) results[i].write_npy(folder + "/" + name + ".npy");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
)main";

constexpr std::string_view kCMake =
    R"cmake(# cmake -S . -B build -DCMAKE_PREFIX_PATH=WHERE_ACUATE_IS && cmake --build build && build/run
cmake_minimum_required(VERSION 3.16)
project({} LANGUAGES CXX)
find_package(acuate {} REQUIRED)
add_executable(run main.cpp)
target_link_libraries(run PRIVATE acuate::acuate)
target_compile_definitions(run PRIVATE "ARTIFACT=\"${{CMAKE_CURRENT_SOURCE_DIR}}/artifact\"")
)cmake";

Result<void> copy_file(const fs::path& from, const fs::path& to, const std::string& file) {
  auto source = resolve_inside(from, file);
  if (!source) return source.error();
  std::error_code code;
  fs::create_directories((to / file).parent_path(), code);
  if (!code) fs::copy_file(*source, to / file, code);
  if (code) return fail("cannot copy {}: {}", source->string(), code.message());
  return {};
}

Result<void> write_program(const ExportRequest& request) {
  for (const ManifestModule& module : request.manifest.modules)
    if (module.kind != "onnx")
      return fail("module '{}' is of kind {}, which libacuate cannot run", module.file,
                  module.kind);
  const fs::path artifact = request.output / "artifact";
  if (auto done = copy_file(request.artifact, artifact, std::string(kManifestName)); !done)
    return done;
  for (const ManifestFile& listed : request.manifest.files)
    if (auto done = copy_file(request.artifact, artifact, listed.file); !done) return done;
  if (auto done = write_text_file(request.output / "main.cpp", kMain); !done) return done;
  return write_text_file(request.output / "CMakeLists.txt",
                         fmt::format(kCMake, request.name, kVersion));
}

}  // namespace

void register_export_standalone(ExporterRegistry& registry) {
  registry.add(
      {.id = "standalone",
       .summary = "the artifact, a C++ program that runs it by libacuate, and its CMake file",
       .write = write_program});
}

}  // namespace acuate
