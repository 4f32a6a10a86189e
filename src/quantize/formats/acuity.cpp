#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/text.h"
#include "data/strict_yaml.h"
#include "quantize/encoding_format.h"

namespace acuate {
namespace {

// `@conv1_12:out0` → the layer's name with and without its number, and the tensor of the layer.
struct EntryName {
  std::string layer, stem, slot;
};

// What Acuity makes of a name.
std::string acuity_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '/' ||
                   c == '-'
               ? c
               : '_';
  return out.substr(std::min(out.find_first_not_of("/_-"), out.size()));
}

EntryName parse_name(const std::string& key) {
  EntryName name;
  const size_t colon = key.rfind(':');
  name.slot = colon == std::string::npos ? "" : key.substr(colon + 1);
  name.layer = key.substr(0, colon);
  if (name.layer.starts_with("@")) name.layer.erase(0, 1);
  name.stem = name.layer;
  const size_t last = name.stem.find_last_not_of("0123456789");
  if (last != std::string::npos && last + 1 < name.stem.size() && name.stem[last] == '_')
    name.stem.resize(last);
  return name;
}

// The layers of Acuity are nodes and inputs of the ONNX model, by their own names, those of their
// outputs, or `OPERATOR_OUTPUT`, in its own spelling; behind them a number. `A_7_relun` is the Clip
// that gives A.
class Layers {
 public:
  explicit Layers(const Model& model) {
    const Graph& graph = model.graph();
    for (const Node* node = graph.first(); node != nullptr; node = node->next()) {
      if (node->output() == nullptr) continue;
      for (std::string name :
           {std::string(node->name()), std::string(node->output()->name),
            std::string(node->op_type()) + "_" + std::string(node->output()->name)})
        if (!name.empty()) add(name, {node->output(), node->input(1)});
    }
    for (const Value* input : graph.inputs()) add(std::string(input->name), {input, nullptr});
  }

  // Null: no layer of that name, or no such tensor.
  const Value* find(const EntryName& name) const {
    std::string clip =
        name.stem.ends_with("_relun") ? name.stem.substr(0, name.stem.size() - 6) : "";
    clip = parse_name(clip + ":").stem;
    for (const std::string& text : {name.layer, name.stem, clip}) {
      const auto found = by_name_.find(text);
      if (found == by_name_.end()) continue;
      if (name.slot == "out0") return found->second.output;
      if (name.slot == "weight" && found->second.weight != nullptr &&
          found->second.weight->is_constant())
        return found->second.weight;
    }
    return nullptr;
  }

 private:
  struct Tensors {
    const Value* output = nullptr;
    const Value* weight = nullptr;
  };
  void add(const std::string& name, const Tensors& tensors) {
    by_name_.emplace(name, tensors);
    by_name_.emplace(acuity_name(name), tensors);
  }

  std::unordered_map<std::string, Tensors> by_name_;
};

// One number or a list of them.
Result<std::vector<double>> numbers_of(const StrictYaml& entry, const std::string& key) {
  if (auto one = entry.number(key); one && *one) return std::vector<double>{**one};
  auto list = entry.numbers(key);
  if (!list) return list.error();
  return *list ? **list : std::vector<double>();
}

// The entry's grid as if its integers began at 0. The error is a reason.
Result<TensorEncoding> read_entry(const StrictYaml& entry, const Model& model,
                                  const std::string& tensor) {
  auto type = entry.text("qtype"), quantizer = entry.text("quantizer");
  if (!type) return type.error();
  if (!quantizer) return quantizer.error();
  const std::string qtype = type->value_or(""), how = quantizer->value_or("");
  const bool is_known = qtype == "u8" || qtype == "i8" || qtype == "u16" || qtype == "i16";
  if (!is_known) return fail("its qtype is '{}'; u8, i8, u16 and i16 can be applied", qtype);
  const int bits = qtype.ends_with("16") ? 16 : 8;
  const int64_t shift = qtype[0] == 'i' ? int64_t{1} << (bits - 1) : 0;
  std::vector<float> scale;
  std::vector<int64_t> zero_point;
  if (how == "dynamic_fixed_point") {
    auto lengths = numbers_of(entry, "fl");
    if (!lengths) return lengths.error();
    for (const double length : *lengths) {
      if (!(std::abs(length) < 120)) return fail("its fl is {}", length);
      scale.push_back(std::ldexp(1.0F, -static_cast<int>(length)));
      zero_point.push_back(shift);
    }
  } else if (how.ends_with("affine")) {
    auto scales = numbers_of(entry, "scale"), zeros = numbers_of(entry, "zero_point");
    if (!scales) return scales.error();
    if (!zeros) return zeros.error();
    for (const double value : *scales) scale.push_back(static_cast<float>(value));
    if (zeros->empty()) zeros->assign(scale.size(), 0);
    for (const double zero : *zeros)
      zero_point.push_back(static_cast<int64_t>(std::clamp(zero, -1e9, 1e9)) + shift);
  } else {
    return fail("its quantizer is '{}'; affine ones and dynamic_fixed_point can be applied", how);
  }
  return encoding_from_unsigned(model, tensor, bits, std::move(scale), zero_point);
}

Result<ImportedEncodings> read(std::string_view text, std::string_view file, const Model& model) {
  auto yaml = StrictYaml::parse(text, std::string(file));
  if (!yaml) return yaml.error();
  const auto entries = yaml->map("quantize_parameters");
  if (!entries) return fail("{}: quantize_parameters is no map", file);
  const Layers layers(model);
  ImportedEncodings out;
  std::unordered_map<std::string, std::string> seen;  // tensor, and the entry that gave it
  for (const std::string& key : entries->keys()) {
    const Value* value = layers.find(parse_name(key));
    const auto entry = entries->map(key);
    if (value == nullptr || !entry) {
      out.left_out.emplace_back(
          key, value == nullptr ? "the model has no such layer or tensor" : "it is no map");
      continue;
    }
    auto encoding = read_entry(*entry, model, std::string(value->name));
    if (!encoding) {
      out.left_out.emplace_back(key, encoding.error().message);
      continue;
    }
    if (const auto [old, is_new] = seen.emplace(encoding->tensor, key); !is_new) {
      out.left_out.emplace_back(key, "'" + old->second + "' is the same tensor");
      continue;
    }
    encoding->range_method = "acuity";
    out.encodings.tensors.push_back(std::move(*encoding));
  }
  return out;
}

template <class T>
std::string list_text(const std::vector<T>& values, bool per_channel) {
  std::vector<std::string> texts;
  for (const T value : values) texts.push_back(fmt::format("{}", value));
  return per_channel ? "[" + join(texts, ", ") + "]" : texts.at(0);
}

// A YAML text between single quotes.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : to_valid_utf8(text)) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

// The `fl` of a scale that is a power of two.
std::optional<int> fractional_length(float scale) {
  int exponent = 0;
  if (std::frexp(scale, &exponent) != 0.5F) return std::nullopt;
  return 1 - exponent;
}

// The node whose weight a constant is, in the layers of Acuity that have one; null: none.
const Node* weighted_node(const Value& value) {
  if (!value.is_constant() || value.uses().empty() || value.uses()[0].slot != 1) return nullptr;
  const Node* node = value.uses()[0].node;
  static constexpr std::string_view kWeighted[] = {"Conv", "ConvTranspose", "Gemm", "MatMul"};
  return std::find(std::begin(kWeighted), std::end(kWeighted), node->op_type()) !=
                 std::end(kWeighted)
             ? node
             : nullptr;
}

Result<std::string> write(const ImportedEncodings& file, const Model& model) {
  if (auto can = refuse_unsayable(file, "Acuity's format"); !can) return can.error();
  std::string text = "version: 1\nquantize_parameters:\n";
  for (const TensorEncoding& encoding : file.encodings.tensors) {
    const Quantization& grid = encoding.quantization;
    const Value* value = model.graph().find(encoding.tensor);
    if (value == nullptr)
      return fail("tensor '{}': the model has no such tensor", to_valid_utf8(encoding.tensor));
    std::string layer(value->name), slot = "out0";
    // Other constants are layers of their own.
    if (const Node* reader = weighted_node(*value)) {
      layer = reader->output()->name;
      slot = "weight";
    }
    const bool per_channel = grid.per_channel_axis >= 0;
    const auto length = grid.bits == 16 && grid.is_signed && !per_channel
                            ? fractional_length(grid.scale[0])
                            : std::nullopt;
    // 16 bits without sign are written with one, since Acuity has no u16.
    const bool is_signed = grid.is_signed || grid.bits == 16;
    const char* quantizer = length        ? "dynamic_fixed_point"
                            : per_channel ? "perchannel_symmetric_affine"
                                          : "asymmetric_affine";
    std::vector<int64_t> zeros;
    for (const int32_t zero : grid.zero_point)
      zeros.push_back(zero - (is_signed && !grid.is_signed ? 32768 : 0));
    text += fmt::format(
        "  {}:\n    qtype: {}{}\n    quantizer: {}\n    rounding: rtne\n    max_value: {}\n    "
        "min_value: {}\n",
        quoted("@" + layer + ":" + slot), is_signed ? "i" : "u", grid.bits, quantizer,
        encoding.range_max, encoding.range_min);
    if (length)
      text += fmt::format("    fl: {}\n", *length);
    else
      text += fmt::format("    scale: {}\n    zero_point: {}\n", list_text(grid.scale, per_channel),
                          list_text(zeros, per_channel));
  }
  return text;
}

}  // namespace

// The `.quantize` files of Acuity, which are YAML: for each tensor of a layer a type, a quantizer,
// and scale and zero point or a fractional length.
void register_quantize_acuity(EncodingFormatRegistry& registry) {
  registry.add({
      .id = "acuity",
      .doc = ".quantize of Acuity",
      .recognizes =
          [](std::string_view text) {
            return text.find("quantize_parameters:") != std::string_view::npos;
          },
      .read = read,
      .write = write,
  });
}

}  // namespace acuate
