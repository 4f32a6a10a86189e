#include "onnx_io/foreign_format.h"

#include <algorithm>
#include <array>

namespace acuate {
namespace {

constexpr std::string_view kTfLite =
    "a TensorFlow Lite model; convert it with `python -m tf2onnx.convert --tflite FILE --output "
    "model.onnx`";
constexpr std::string_view kTensorFlow =
    "a TensorFlow graph; convert it with `python -m tf2onnx.convert --saved-model FOLDER --output "
    "model.onnx` (or --graphdef)";
constexpr std::string_view kKeras =
    "an HDF5 or Keras model; export it as a SavedModel and convert that with `python -m "
    "tf2onnx.convert --saved-model FOLDER "
    "--output model.onnx`";
constexpr std::string_view kCaffe =
    "a Caffe model; convert it with `caffe2onnx` (prototxt and caffemodel together)";
constexpr std::string_view kTorch =
    "a PyTorch file; load it in Python and call `torch.onnx.export(model, example_inputs, "
    "\"model.onnx\", dynamo=True)`";
constexpr std::string_view kTorchExport =
    "a PyTorch exported program; load it with `torch.export.load` and call "
    "`torch.onnx.export(program, f=\"model.onnx\")`";
constexpr std::string_view kPaddle =
    "a PaddlePaddle model; convert it with `paddle2onnx --model_dir FOLDER --save_file model.onnx`";
constexpr std::string_view kOrt =
    "an ONNX Runtime format model (.ort), which cannot be converted back; use the .onnx file that "
    "it was made from";
constexpr std::string_view kSafetensors =
    "a safetensors file: weights without a network; export the network itself to ONNX";
constexpr std::string_view kEngine =
    "a compiled TensorRT engine, which cannot be converted back; use the .onnx file that it was "
    "made from";

bool ends_with(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         std::equal(suffix.rbegin(), suffix.rend(), name.rbegin(),
                    [](char a, char b) { return a == static_cast<char>(std::tolower(b)); });
}

std::string_view describe(std::string_view text, std::string_view name) {
  const std::string_view head = text.substr(0, 4096);
  const auto at = [&](size_t offset, std::string_view magic) {
    return text.size() >= offset + magic.size() && text.substr(offset, magic.size()) == magic;
  };
  if (at(4, "TFL3")) return kTfLite;
  if (at(4, "ORTM")) return kOrt;
  if (at(0, "\x89HDF\r\n")) return kKeras;
  if (at(0, "ptrt")) return kEngine;
  if (at(0, "PK\x03\x04")) {
    if (ends_with(name, ".keras") || head.find("config.json") != head.npos) return kKeras;
    if (ends_with(name, ".pt2") || head.find("archive_format") != head.npos) return kTorchExport;
    if (head.find("data.pkl") != head.npos || head.find("/version") != head.npos ||
        ends_with(name, ".pt") || ends_with(name, ".pth"))
      return kTorch;
  }
  if (text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5)
    return kTorch;  // pickle, protocol 2 to 5
  if (text.size() > 9 && text[8] == '{' && head.find("\"dtype\"") != head.npos) return kSafetensors;
  if (ends_with(name, ".prototxt") || ends_with(name, ".caffemodel")) return kCaffe;
  if (head.find("layer {") != head.npos && head.find("bottom:") != head.npos) return kCaffe;
  if (ends_with(name, ".pdmodel") || ends_with(name, ".pdiparams")) return kPaddle;
  if (ends_with(name, "saved_model.pb") || head.find("Placeholder") != head.npos)
    return kTensorFlow;
  if (ends_with(name, ".tflite")) return kTfLite;
  if (ends_with(name, ".h5") || ends_with(name, ".keras")) return kKeras;
  if (ends_with(name, ".pt") || ends_with(name, ".pth")) return kTorch;
  return {};
}

}  // namespace

std::optional<std::string> describe_foreign_format(Bytes bytes, const std::string& file_name) {
  const std::string_view found = describe(as_text(bytes), file_name);
  return found.empty() ? std::nullopt : std::optional(std::string(found));
}

}  // namespace acuate
