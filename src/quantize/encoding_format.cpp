#include "quantize/encoding_format.h"

#include <algorithm>

#include "base/text.h"

namespace acuate {
namespace {

// Of a weight, by who reads it: the axis of the results' channels; −1: nobody who has such.
int channel_axis(const Value& weight) {
  for (const Use& use : weight.uses()) {
    if (use.slot != 1) continue;
    const Node& node = *use.node;
    if (node.is_op("Conv")) return 0;
    if (node.is_op("ConvTranspose") || node.is_op("MatMul"))
      return static_cast<int>(std::min<size_t>(weight.initializer->shape.size(), 2)) - 1;
    if (node.is_op("Gemm")) return node.int_attribute("transB", 0) != 0 ? 0 : 1;
  }
  return -1;
}

}  // namespace

const EncodingFormatRegistry& encoding_formats() {
  static const EncodingFormatRegistry registry = [] {
    EncodingFormatRegistry made;
    register_all_formats(made);
    return made;
  }();
  return registry;
}

Result<ImportedEncodings> read_encodings(std::string_view text, std::string_view file,
                                         const Model& model) {
  for (const EncodingFormat& format : encoding_formats().all()) {
    if (!format.recognizes(text)) continue;
    auto read = format.read(text, file, model);
    if (read && read->encodings.tensors.empty())
      return fail("{}: nothing in it is for a tensor of this model{}", file,
                  read->left_out.empty()
                      ? ""
                      : "; the first entry is '" + to_valid_utf8(read->left_out[0].first) +
                            "': " + read->left_out[0].second);
    return read;
  }
  // Its reader tells best what is wrong with a file that a person wrote.
  return encoding_formats().lookup("acuate")->read(text, file, model);
}

Result<TensorEncoding> encoding_from_unsigned(const Model& model, const std::string& tensor,
                                              int bits, std::vector<float> scale,
                                              const std::vector<int64_t>& zero_point) {
  const Value* value = model.graph().find(tensor);
  if (value == nullptr || !value->is_defined()) return fail("the model has no such tensor");
  if (bits != 8 && bits != 16) return fail("it has {} bits; 8 and 16 can be applied", bits);
  if (scale.size() != zero_point.size() || scale.empty())
    return fail("{} scales but {} zero points", scale.size(), zero_point.size());
  const int64_t middle = int64_t{1} << (bits - 1);
  const bool symmetric = std::all_of(zero_point.begin(), zero_point.end(),
                                     [&](int64_t zero) { return zero == middle; });
  TensorEncoding encoding;
  encoding.tensor = tensor;
  Quantization& out = encoding.quantization;
  out.scheme = (symmetric ? "s" : "u") + std::to_string(bits);
  out.bits = bits;
  out.is_signed = symmetric;
  out.scale = std::move(scale);
  for (const int64_t zero : zero_point) {
    if (zero < 0 || zero >= 2 * middle) return fail("a zero point is off the grid");
    out.zero_point.push_back(static_cast<int32_t>(symmetric ? 0 : zero));
  }
  if (out.scale.size() > 1) {
    const int axis = value->is_constant() ? channel_axis(*value) : -1;
    if (axis < 0 || static_cast<size_t>(value->initializer->shape[static_cast<size_t>(axis)]) !=
                        out.scale.size())
      return fail("it has {} scales, which go along no axis of the tensor's channels",
                  out.scale.size());
    out.per_channel_axis = axis;
  }
  if (auto valid = check_quantization(out); !valid) return valid.error();
  for (size_t c = 0; c < out.scale.size(); ++c) {
    const AffineGrid grid = out.grid(c);
    encoding.range_min =
        std::min(encoding.range_min, static_cast<double>(grid.lowest) * grid.scale);
    encoding.range_max =
        std::max(encoding.range_max, static_cast<double>(grid.highest) * grid.scale);
  }
  return encoding;
}

std::vector<int64_t> unsigned_zero_points(const Quantization& quantization) {
  const int64_t shift = quantization.is_signed ? int64_t{1} << (quantization.bits - 1) : 0;
  std::vector<int64_t> out;
  for (const int32_t zero : quantization.zero_point) out.push_back(zero + shift);
  return out;
}

Result<void> refuse_unsayable(const ImportedEncodings& file, std::string_view format) {
  for (const TensorEncoding& encoding : file.encodings.tensors)
    if (encoding.quantization.block_size > 0 || encoding.quantization.bits < 8)
      return fail("tensor '{}' has scales in blocks or 4 bits, which {} cannot say",
                  to_valid_utf8(encoding.tensor), format);
  if (file.changes.empty()) return {};
  return fail(
      "the encodings change the float graph (channel_scales, split_layers, rounding or biases), which {} cannot say: "
      "quantize with --recover none",
      format);
}

}  // namespace acuate
