#include "targets/vsi_npu/toolchain.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "targets/embedded_python.h"

namespace acuate {
namespace {

constexpr std::chrono::seconds kExportDeadline{3600};

std::string name_python() {
  const char* python = std::getenv(AcuityToolchain::kPythonVariable);
  return python == nullptr ? "" : python;
}

}  // namespace

Availability AcuityToolchain::here() {
  const std::string python = name_python();
  if (!python.empty()) return {true, "", python, ""};
  return {false,
          fmt::format("set {} to a Python 3.10 that has VeriSilicon's acuitylite (docs/acuity.md)",
                      kPythonVariable),
          "", ""};
}

AcuityToolchain::AcuityToolchain()
    : worker_({.id = "vsi_npu",
               .source = std::string(embedded_python("vsi_npu")),
               .interpreter = name_python()}) {}

Result<std::string> AcuityToolchain::product() {
  auto hello = worker_.call("hello", nlohmann::json::object());
  if (!hello) return hello.error();
  return fmt::format("{} {}", hello->result.value("product", ""),
                     hello->result.value("version", ""));
}

Result<AcuityToolchain::Taken> AcuityToolchain::take(const std::filesystem::path& folder,
                                                     const std::vector<std::string>& inputs,
                                                     const std::vector<std::string>& outputs) {
  auto answer =
      worker_.call("take", {{"folder", folder.string()}, {"inputs", inputs}, {"outputs", outputs}});
  if (!answer) return answer.error();
  const nlohmann::json& result = answer->result;
  return Taken{result.value("layers", size_t{0}),
               result.value("left_out", std::vector<std::string>()),
               result.value("in_float", std::vector<std::string>())};
}

Result<std::vector<Tensor>> AcuityToolchain::infer(std::span<const Tensor> inputs) {
  return outputs_of("infer", inputs);
}

Result<std::vector<Tensor>> AcuityToolchain::infer_integers(std::span<const Tensor> inputs) {
  return outputs_of("infer_integers", inputs);
}

Result<std::vector<Tensor>> AcuityToolchain::outputs_of(std::string_view method,
                                                        std::span<const Tensor> inputs) {
  auto tensors = nlohmann::json::array();
  Worker::Blobs blobs;
  for (const Tensor& input : inputs) {
    if (input.type() != ElementType::Float)
      return fail("an input is {}, and what goes to acuitylite is float32",
                  element_type_name(input.type()));
    tensors.push_back({{"data", {{"$blob", blobs.size()}}}, {"shape", input.shape()}});
    blobs.emplace_back(reinterpret_cast<const char*>(input.bytes().data()), input.bytes().size());
  }
  auto answer = worker_.call(method, {{"tensors", tensors}}, blobs);
  if (!answer) return answer.error();
  std::vector<Tensor> outputs;
  for (const nlohmann::json& output : answer->result) {
    const auto data = output.find("data");
    const size_t place =
        data == output.end() ? answer->blobs.size() : data->value("$blob", size_t{0});
    Tensor tensor = Tensor::allocate(ElementType::Float, output.value("shape", Shape()));
    if (place >= answer->blobs.size() ||
        answer->blobs[place]->size() != tensor.mutable_bytes().size())
      return fail("the worker's answer lacks an output, or has one of another size");
    std::memcpy(tensor.mutable_bytes().data(), answer->blobs[place]->data(),
                answer->blobs[place]->size());
    outputs.push_back(std::move(tensor));
  }
  return outputs;
}

Result<std::vector<std::string>> AcuityToolchain::export_as(std::string_view form) {
  auto answer = worker_.call("export", {{"form", form}}, {}, kExportDeadline);
  if (!answer) return answer.error();
  return answer->result.get<std::vector<std::string>>();
}

}  // namespace acuate
