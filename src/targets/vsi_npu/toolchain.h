#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/target.h"
#include "targets/worker.h"

namespace acuate {

// The conversation with VeriSilicon's acuitylite, which is Python's (worker.py): one hand-over.
class AcuityToolchain {
 public:
  // The environment variable that names its interpreter. It is never that of acuate: acuitylite
  // needs an older Python.
  static constexpr const char* kPythonVariable = "ACUATE_VSI_NPU_PYTHON";

  // Whether a Python was named for it; that it has the package is not asked.
  static Availability here();
  static constexpr std::string_view kForms[] = {"timvx", "ovxlib", "tflite", "nbg"};

  AcuityToolchain();

  Result<std::string> product();  // `acuitylite 6.57.1`

  struct Taken {
    size_t layers = 0;
    std::vector<std::string> left_out;  // our tensors that no layer stands for
    std::vector<std::string> in_float;  // layers without a range
  };
  // Imports the folder that write_acuity_handover() filled, whose model has these inputs and
  // outputs, with its ranges. All else is about that model. Errors: the toolkit does not take it.
  Result<Taken> take(const std::filesystem::path& folder, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs);

  // For one sample, float32 tensors in the order of take(): in float between the grids; and by
  // TensorFlow Lite's integer kernels, once `tflite` was exported.
  Result<std::vector<Tensor>> infer(std::span<const Tensor> inputs);
  Result<std::vector<Tensor>> infer_integers(std::span<const Tensor> inputs);

  // One of kForms, as a folder of that name in the hand-over. Returns the files, relative to it.
  Result<std::vector<std::string>> export_as(std::string_view form);

 private:
  Result<std::vector<Tensor>> outputs_of(std::string_view method, std::span<const Tensor> inputs);

  Worker worker_;
};

}  // namespace acuate
