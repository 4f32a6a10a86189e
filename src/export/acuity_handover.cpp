#include "export/acuity_handover.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "graph/constants.h"
#include "numeric/quantize_values.h"
#include "onnx_io/export.h"
#include "quantize/encoding_format.h"
#include "targets/embedded_python.h"

namespace acuate {
namespace {
namespace fs = std::filesystem;

constexpr const char* kCommands = R"sh(#!/bin/sh
# Makes the network binary with VeriSilicon's Acuity toolkit; written by acuate.
#   PEGASUS   its command, such as "python3 /path/to/pegasus.py"
#   VIV_SDK   the simulator of Vivante IDE, such as .../cmdtools/vsimulator
#   OPTIMIZE  the configuration of the chip, such as VIP9000PICO_PID0XEE
set -eu
cd "$(dirname "$0")"
: "${PEGASUS:?set PEGASUS to the command of the Acuity toolkit}"
: "${VIV_SDK:?set VIV_SDK to the simulator of Vivante IDE}"
: "${OPTIMIZE:?set OPTIMIZE to the configuration of the chip}"
$PEGASUS import onnx --model model.onnx --output-model acuity.json --output-data acuity.data
python3 names.py acuity.json model.quantize acuity.quantize model_inputmeta.yml acuity_inputmeta.yml
$PEGASUS export ovxlib --model acuity.json --model-data acuity.data --dtype quantized \
  --model-quantize acuity.quantize --with-input-meta acuity_inputmeta.yml \
  --target-ide-project linux64 --output-path wksp/model/model --pack-nbg-unify \
  --optimize "$OPTIMIZE" --viv-sdk "$VIV_SDK"
find . -name network_binary.nb
)sh";

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : to_valid_utf8(text)) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

// One number where all channels have the same.
std::string channels_text(const std::vector<double>& values, const std::string& indent) {
  if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; }))
    return fmt::format(" {}\n", values[0]);
  std::string text = "\n";
  for (const double value : values) text += fmt::format("{}- {}\n", indent, value);
  return text;
}

// (pixel − mean) · scale, as Acuity has it, for ours: (pixel · scale − mean) / std.
std::string preprocess_text(const Preprocess* preprocess, int64_t channels) {
  std::vector<double> mean(static_cast<size_t>(channels)), scale(mean.size(), 1);
  for (size_t c = 0; preprocess != nullptr && c < std::min<size_t>(3, mean.size()); ++c) {
    mean[c] = preprocess->mean[c] / preprocess->scale;
    scale[c] = preprocess->scale / preprocess->std[c];
  }
  std::string text = "        mean:\n";
  for (const double value : mean) text += fmt::format("        - {}\n", value);
  return text + "        scale:" + channels_text(scale, "        ");
}

Result<std::string> port_text(const Value& input, const Preprocess* preprocess, size_t index) {
  const auto shape = input.type.static_shape();
  if (!shape)
    return fail("input '{}' is {}, and Acuity takes fixed shapes; give --shape",
                to_valid_utf8(input.name), input.type.text());
  const bool is_image = preprocess != nullptr && shape->size() == 4;
  const bool is_nhwc = is_image && preprocess->layout == Preprocess::Layout::Nhwc;
  const int64_t channels = is_image ? (*shape)[is_nhwc ? 3 : 1] : 1;
  std::string text = fmt::format(
      "  - path: dataset_{}.txt\n    type: TEXT\n    ports:\n    - lid: {}\n      category: {}\n"
      "      dtype: float32\n      sparse: false\n      tensor_name:\n      layout: {}\n"
      "      shape:\n",
      index, quoted(input.name), is_image ? "image" : "undefined", is_nhwc ? "nhwc" : "nchw");
  for (const int64_t dim : *shape) text += fmt::format("      - {}\n", dim);
  const bool is_bgr = is_image && preprocess->channel_order == Preprocess::ChannelOrder::Bgr;
  text +=
      fmt::format("      fitting: scale\n      preprocess:\n        reverse_channel: {}\n", is_bgr);
  text += preprocess_text(is_image ? preprocess : nullptr, channels);
  text +=
      "        preproc_node_params:\n          add_preproc_node: false\n"
      "          preproc_type: TENSOR\n          preproc_perm:\n";
  for (size_t i = 0; i < shape->size(); ++i) text += fmt::format("          - {}\n", i);
  return text + "      redirect_to_output: false\n";
}

// That of a grid, as the simulation reads it: signed powers of two are dynamic fixed point.
const Scheme& scheme_of(const Quantization& grid) {
  const bool is_fixed_point =
      grid.is_signed && std::all_of(grid.scale.begin(), grid.scale.end(), [](float scale) {
        int exponent = 0;
        return std::frexp(scale, &exponent) == 0.5F;
      });
  return *schemes().lookup(is_fixed_point ? fmt::format("dfp{}", grid.bits) : grid.scheme);
}

// The encodings, and those that the simulation gives to constants beside a quantized tensor: for
// Acuity they are layers with a range.
Result<Encodings> with_constants(const Model& model, const Encodings& encodings) {
  Encodings all = encodings;
  const EncodingIndex known(encodings);
  std::unordered_set<const Value*> seen;
  for (const Node* node = model.graph().first(); node != nullptr; node = node->next()) {
    static constexpr std::string_view kOperators[] = {"Add", "Concat", "Mul", "Sub"};
    if (std::find(std::begin(kOperators), std::end(kOperators), node->op_type()) ==
        std::end(kOperators))
      continue;
    const TensorEncoding* beside = nullptr;
    for (size_t slot = 0; slot < node->input_count() && beside == nullptr; ++slot)
      if (!node->input(slot)->is_constant()) beside = known.find(node->input(slot)->name);
    for (size_t slot = 0; slot < node->input_count() && beside != nullptr; ++slot) {
      const Value* input = node->input(slot);
      if (!input->is_constant() || known.find(input->name) != nullptr || !seen.insert(input).second)
        continue;
      const auto content = load_constant(model, *input);
      if (!content || content->type() != ElementType::Float) continue;
      auto grid = quantization_of(*content, scheme_of(beside->quantization), -1, false);
      if (!grid) return fail("constant '{}': {}", to_valid_utf8(input->name), grid.error().message);
      const auto values = content->values<float>();
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      TensorEncoding encoding;
      encoding.tensor = input->name;
      encoding.quantization = std::move(*grid);
      encoding.range_min = values.empty() ? 0 : *low;
      encoding.range_max = values.empty() ? 0 : *high;
      encoding.range_method = "minmax";
      all.tensors.push_back(std::move(encoding));
    }
  }
  return all;
}

}  // namespace

Result<std::string> acuity_inputmeta(const AcuityHandover& handover) {
  std::string text = "%YAML 1.2\n---\ninput_meta:\n  databases:\n";
  size_t index = 0;
  for (const Value* input : handover.model.graph().inputs()) {
    if (input->is_constant()) continue;
    auto port = port_text(*input, handover.preprocess, index++);
    if (!port) return port.error();
    text += *port;
  }
  return text;
}

Result<void> write_acuity_handover(const AcuityHandover& handover, const fs::path& folder) {
  auto inputmeta = acuity_inputmeta(handover);
  if (!inputmeta) return inputmeta.error();
  auto encodings = with_constants(handover.model, handover.encodings);
  if (!encodings) return encodings.error();
  auto ranges =
      encoding_formats().lookup("acuity")->write({std::move(*encodings), {}, {}}, handover.model);
  if (!ranges) return ranges.error();
  if (auto saved = save_model(handover.model, folder / "model.onnx"); !saved) return saved;
  const std::pair<const char*, std::string_view> texts[] = {
      {"model.quantize", *ranges},
      {"model_inputmeta.yml", *inputmeta},
      {"names.py", embedded_python("vsi_npu/names")},
      {"convert.sh", kCommands}};
  for (const auto& [name, text] : texts)
    if (auto written = write_text_file(folder / name, text); !written) return written;
  std::error_code code;
  fs::permissions(folder / "convert.sh",
                  fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, code);
  return {};
}

}  // namespace acuate
