#include <cmath>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "quantize/encoding_format.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLists[] = {"activation_encodings", "param_encodings"};

std::optional<double> number_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

bool is_float(const Json& entry) {
  const auto type = entry.find("dtype");
  return type != entry.end() && (*type == "float" || *type == "FLOAT");
}

// Scale and offset of one channel, added to the lists; false where one is missing. The offset is
// the lowest integer's, q = round(x / scale) − offset, so that the zero point is its negative.
bool take_channel(const Json& scale, const Json& offset, std::vector<float>& scales,
                  std::vector<int64_t>& zero_points) {
  if (!scale.is_number() || !offset.is_number()) return false;
  const double zero = -offset.get<double>();
  if (!(std::abs(zero) < 1e9) || zero != std::nearbyint(zero)) return false;
  scales.push_back(static_cast<float>(scale.get<double>()));
  zero_points.push_back(static_cast<int64_t>(zero));
  return true;
}

class Reader {
 public:
  explicit Reader(const Model& model) : model_(model) {}

  void add(const std::string& name, int bits, std::vector<float> scales,
           const std::vector<int64_t>& zero_points) {
    if (!seen_.insert(name).second) return leave(name, "it is listed twice");
    auto encoding = encoding_from_unsigned(model_, name, bits, std::move(scales), zero_points);
    if (!encoding) return leave(name, encoding.error().message);
    encoding->range_method = "aimet";
    out.encodings.tensors.push_back(std::move(*encoding));
  }
  void leave(const std::string& name, std::string reason) {
    out.left_out.emplace_back(name, std::move(reason));
  }

  // Version 1: {"name", "dtype", "bw", "scale": […], "offset": […]}.
  void read_entry(const std::string& name, const Json& entry) {
    if (is_float(entry)) return leave(name, "it stays in float");
    const auto bits = number_in(entry, "bw");
    const auto scale = entry.find("scale"), offset = entry.find("offset");
    if (entry.contains("block_size")) return leave(name, "its scales are in blocks");
    if (!bits || scale == entry.end() || offset == entry.end() || !scale->is_array() ||
        !offset->is_array() || scale->size() != offset->size())
      return leave(name, "its bw, scale or offset is missing or has another form");
    std::vector<float> scales;
    std::vector<int64_t> zero_points;
    for (size_t i = 0; i < scale->size(); ++i)
      if (!take_channel((*scale)[i], (*offset)[i], scales, zero_points))
        return leave(name, "a scale or offset is no number");
    add(name, static_cast<int>(*bits), std::move(scales), zero_points);
  }

  // Version 0.6: a list of {"bitwidth", "dtype", "scale", "offset"}, one for each channel.
  void read_channels(const std::string& name, const Json& channels) {
    if (!channels.is_array() || channels.empty() || !channels[0].is_object())
      return leave(name, "it is no list of encodings; encodings by module are not for tensors");
    if (is_float(channels[0])) return leave(name, "it stays in float");
    const auto bits = number_in(channels[0], "bitwidth");
    if (!bits) return leave(name, "its bitwidth is missing");
    std::vector<float> scales;
    std::vector<int64_t> zero_points;
    for (const Json& channel : channels)
      if (!channel.is_object() || number_in(channel, "bitwidth") != bits ||
          !take_channel(channel.value("scale", Json()), channel.value("offset", Json()), scales,
                        zero_points))
        return leave(name, "a scale or offset is no number");
    add(name, static_cast<int>(*bits), std::move(scales), zero_points);
  }

  ImportedEncodings out;

 private:
  const Model& model_;
  std::unordered_set<std::string> seen_;
};

Result<ImportedEncodings> read(std::string_view text, std::string_view file, const Model& model) {
  Json json;
  try {
    const auto shallow = [](int depth, Json::parse_event_t, Json&) {
      if (depth > 16) throw std::length_error("nested too deeply");
      return true;
    };
    json = Json::parse(text, shallow);
  } catch (const std::exception& error) {
    return fail("{}: not valid JSON: {}", file, to_valid_utf8(error.what()));
  }
  if (!json.is_object()) return fail("{}: found {}, expected an object", file, json.type_name());
  Reader reader(model);
  for (const char* list : kLists) {
    const auto entries = json.find(list);
    if (entries == json.end()) continue;
    if (entries->is_array()) {
      for (size_t i = 0; i < entries->size(); ++i) {
        const Json& entry = (*entries)[i];
        if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string())
          return fail("{}: {}[{}] has no name", file, list, i);
        reader.read_entry(entry["name"].get<std::string>(), entry);
      }
    } else if (entries->is_object()) {
      for (const auto& [name, channels] : entries->items()) reader.read_channels(name, channels);
    } else {
      return fail("{}: {} is {}, expected a list or an object", file, list, entries->type_name());
    }
  }
  return std::move(reader.out);
}

Result<std::string> write(const ImportedEncodings& file, const Model& model) {
  if (auto can = refuse_unsayable(file, "AIMET's format"); !can) return can.error();
  std::string lists[2];
  for (const TensorEncoding& encoding : file.encodings.tensors) {
    const Quantization& grid = encoding.quantization;
    const Value* value = model.graph().find(encoding.tensor);
    Json offsets = Json::array();
    for (const int64_t zero : unsigned_zero_points(grid)) offsets.push_back(-zero);
    const Json entry = {{"name", to_valid_utf8(encoding.tensor)},
                        {"dtype", "INT"},
                        {"enc_type", grid.per_channel_axis >= 0 ? "PER_CHANNEL" : "PER_TENSOR"},
                        {"is_sym", grid.is_signed},
                        {"bw", grid.bits},
                        {"scale", grid.scale},
                        {"offset", offsets}};
    std::string& list = lists[value != nullptr && value->is_constant() ? 1 : 0];
    list += (list.empty() ? "\n    " : ",\n    ") + entry.dump();
  }
  return fmt::format("{{\n  \"version\": \"1.0.0\",\n  \"{}\": [{}\n  ],\n  \"{}\": [{}\n  ]\n}}\n",
                     kLists[0], lists[0], kLists[1], lists[1]);
}

}  // namespace

// JSON as AIMET exports it beside an ONNX model, versions 0.6 (by name, a list of channels) and 1.0
// (a list of entries), as its documentation describes them; written is 1.0.0.
void register_quantize_aimet(EncodingFormatRegistry& registry) {
  registry.add({
      .id = "aimet",
      .doc = "JSON of AIMET, versions 0.6 and 1.0",
      .recognizes =
          [](std::string_view text) {
            return text.find("\"activation_encodings\"") != std::string_view::npos ||
                   text.find("\"param_encodings\"") != std::string_view::npos;
          },
      .read = read,
      .write = write,
  });
}

}  // namespace acuate
