#include "numeric/encodings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "numeric/graph_changes.h"

namespace acuate {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

// The shortest decimal that reads back as the same float: 0.0117647065 rather than
// 0.011764706484973431.
Json shortest(float value) {
  const std::optional<double> decimal = parse_double(fmt::format("{}", value));
  return decimal && static_cast<float>(*decimal) == value ? *decimal : static_cast<double>(value);
}

Json or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

Json shortest(const std::vector<float>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(shortest(value));
  return list;
}

Json to_json(const ChannelScale& change) {
  return {{"tensor", to_valid_utf8(change.tensor)}, {"scale", shortest(change.scale)}};
}

Json to_json(const SplitLayer& change) { return {{"tensor", to_valid_utf8(change.tensor)}}; }

Json to_json(const WeightRounding& change) {
  return {{"tensor", to_valid_utf8(change.tensor)}, {"steps", change.steps}};
}

Json to_json(const NodeBias& change) {
  return {{"node", to_valid_utf8(change.node)}, {"bias", shortest(change.bias)}};
}

Json to_json(const TensorEncoding& encoding) {
  const Quantization& quantization = encoding.quantization;
  Json json = {
      {"tensor", to_valid_utf8(encoding.tensor)},
      {"scheme", quantization.scheme},
      {"bits", quantization.bits},
      {"is_signed", quantization.is_signed},
      {"narrow_range", quantization.narrow_range},
      {"scale", shortest(quantization.scale)},
      {"zero_point", quantization.zero_point},
      {"per_channel_axis", nullptr},
      {"range_min", encoding.range_min},
      {"range_max", encoding.range_max},
      {"range_method", encoding.range_method},
      {"sqnr_db", or_null(encoding.sqnr_db)},
      {"clipped_fraction", or_null(encoding.clipped_fraction)},
      {"clipping_noise", or_null(encoding.clipping_noise)},
      {"rounding_noise", or_null(encoding.rounding_noise)},
  };
  if (quantization.per_channel_axis >= 0) json["per_channel_axis"] = quantization.per_channel_axis;
  if (quantization.block_size > 0) json["block_size"] = quantization.block_size;
  return json;
}

// Takes members out of an object one by one; whatever remains at the end is unknown. The first
// error stays.
class Members {
 public:
  Members(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object())
      error_ = fail("{}: found {}, expected an object", where_, object.type_name());
  }

  // Null for a missing member; `required` makes that an error.
  const Json* take(const char* key, bool required) {
    known_.emplace_back(key);
    if (error_) return nullptr;
    const auto member = object_.find(key);
    if (member != object_.end()) return &*member;
    if (required) error_ = fail("{}: '{}' is missing", where_, key);
    return nullptr;
  }

  void expect(bool condition, const char* key, const Json& found, std::string_view expected) {
    if (condition || error_) return;
    std::string text = found.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    error_ = fail("{}: {} is {}, expected {}", where_, key, to_valid_utf8(text), expected);
  }

  std::string text(const char* key, bool required) {
    const Json* found = take(key, required);
    if (found == nullptr) return {};
    expect(found->is_string(), key, *found, "a text");
    return found->is_string() ? found->get<std::string>() : std::string();
  }

  int integer(const Json& found, const char* key) {
    constexpr double kLimit = std::numeric_limits<int32_t>::max();
    const bool good = found.is_number_integer() && std::fabs(found.get<double>()) <= kLimit;
    expect(good, key, found, "a whole number");
    return good ? found.get<int>() : 0;
  }

  bool flag(const char* key) {
    const Json* found = take(key, false);
    if (found == nullptr) return false;
    expect(found->is_boolean(), key, *found, "true or false");
    return found->is_boolean() && found->get<bool>();
  }

  // JSON has no infinity, but a number may overflow to it.
  double number(const Json& found, const char* key) {
    const bool good = found.is_number() && std::isfinite(found.get<double>());
    expect(good, key, found, "a finite number");
    return good ? found.get<double>() : 0;
  }

  std::optional<double> number_or_null(const char* key) {
    const Json* found = take(key, false);
    if (found == nullptr || found->is_null()) return std::nullopt;
    return number(*found, key);
  }

  std::vector<Json> list(const char* key, bool required = true) {
    const Json* found = take(key, required);
    if (found == nullptr) return {};
    expect(found->is_array(), key, *found, "a list");
    return found->is_array() ? found->get<std::vector<Json>>() : std::vector<Json>();
  }

  std::vector<float> floats(const char* key) {
    std::vector<float> values;
    for (const Json& found : list(key)) {
      values.push_back(static_cast<float>(number(found, key)));
      expect(std::isfinite(values.back()), key, found, "a number that float32 holds");
    }
    return values;
  }

  Result<void> finish() {
    if (error_) return *error_;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      const auto match = closest_match(key, known_);
      return fail("{}: '{}' is not known{}", where_, to_valid_utf8(key),
                  match ? fmt::format("; '{}'?", *match) : "");
    }
    return {};
  }

 private:
  const Json& object_;
  std::string where_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

Result<TensorEncoding> read_tensor(const Json& json, std::string_view file, size_t index) {
  const bool named = json.is_object() && json.contains("tensor") && json["tensor"].is_string();
  const std::string where =
      named ? fmt::format("{}: tensor '{}'", file, json["tensor"].get<std::string>())
            : fmt::format("{}: tensors[{}]", file, index);
  Members members(json, where);
  TensorEncoding encoding;
  Quantization& quantization = encoding.quantization;
  encoding.tensor = members.text("tensor", true);
  quantization.scheme = to_snake_case(members.text("scheme", true));
  // Bits and sign follow from the scheme; where they are given they must agree with it.
  if (const Scheme* scheme = schemes().lookup(quantization.scheme)) {
    quantization.bits = scheme->bits;
    quantization.is_signed = scheme->is_signed;
  }
  if (const Json* bits = members.take("bits", false))
    quantization.bits = members.integer(*bits, "bits");
  if (json.is_object() && json.contains("is_signed"))
    quantization.is_signed = members.flag("is_signed");
  quantization.narrow_range = members.flag("narrow_range");
  quantization.scale = members.floats("scale");
  for (const Json& zero_point : members.list("zero_point"))
    quantization.zero_point.push_back(members.integer(zero_point, "zero_point"));
  if (const Json* axis = members.take("per_channel_axis", false);
      axis != nullptr && !axis->is_null()) {
    quantization.per_channel_axis = members.integer(*axis, "per_channel_axis");
    members.expect(quantization.per_channel_axis >= 0, "per_channel_axis", *axis,
                   "0 or more, or null");
  }
  if (const Json* size = members.take("block_size", false)) {
    quantization.block_size = members.integer(*size, "block_size");
    members.expect(quantization.block_size > 0, "block_size", *size, "1 or more");
  }
  if (const Json* min = members.take("range_min", true))
    encoding.range_min = members.number(*min, "range_min");
  if (const Json* max = members.take("range_max", true)) {
    encoding.range_max = members.number(*max, "range_max");
    members.expect(encoding.range_max >= encoding.range_min, "range_max", *max,
                   "a number not below range_min");
  }
  encoding.range_method = members.text("range_method", false);
  encoding.sqnr_db = members.number_or_null("sqnr_db");
  encoding.clipped_fraction = members.number_or_null("clipped_fraction");
  if (encoding.clipped_fraction)
    members.expect(*encoding.clipped_fraction >= 0 && *encoding.clipped_fraction <= 1,
                   "clipped_fraction", *encoding.clipped_fraction, "a number from 0 to 1");
  for (const auto& [key, noise] : {std::pair("clipping_noise", &encoding.clipping_noise),
                                   std::pair("rounding_noise", &encoding.rounding_noise)}) {
    *noise = members.number_or_null(key);
    if (*noise) members.expect(**noise >= 0, key, **noise, "a number not below 0");
  }
  if (auto read = members.finish(); !read) return read.error();
  if (auto valid = check_quantization(quantization); !valid)
    return fail("{}: {}", where, valid.error().message);
  return encoding;
}

// `channel_scales[2]`, with the name where there is one.
std::string place_of(const Json& json, std::string_view file, const char* list, size_t index,
                     const char* key) {
  const std::string place = fmt::format("{}: {}[{}]", file, list, index);
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return place;
  return fmt::format("{} ('{}')", place, to_valid_utf8(json[key].get<std::string>()));
}

// Takes the lists of changes out of the file.
Result<GraphChanges> read_changes(Members& file_members, std::string_view file) {
  GraphChanges changes;
  for (const Json& json : file_members.list("channel_scales", false)) {
    const std::string where =
        place_of(json, file, "channel_scales", changes.channel_scales.size(), "tensor");
    Members members(json, where);
    ChannelScale change{members.text("tensor", true), members.floats("scale")};
    if (auto read = members.finish(); !read) return read.error();
    for (const float scale : change.scale)
      if (!(scale > 0)) return fail("{}: scale is {}, expected numbers above 0", where, scale);
    changes.channel_scales.push_back(std::move(change));
  }
  for (const Json& json : file_members.list("split_layers", false)) {
    Members members(json,
                    place_of(json, file, "split_layers", changes.split_layers.size(), "tensor"));
    SplitLayer change{members.text("tensor", true)};
    if (auto read = members.finish(); !read) return read.error();
    changes.split_layers.push_back(std::move(change));
  }
  for (const Json& json : file_members.list("rounding", false)) {
    const std::string where = place_of(json, file, "rounding", changes.rounding.size(), "tensor");
    Members members(json, where);
    WeightRounding change{members.text("tensor", true), members.text("steps", true)};
    if (auto read = members.finish(); !read) return read.error();
    for (const char c : change.steps)
      if (c != '.' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'))
        return fail("{}: steps has '{}', expected '.', a to z and A to Z", where,
                    to_valid_utf8(std::string(1, c)));
    changes.rounding.push_back(std::move(change));
  }
  for (const Json& json : file_members.list("biases", false)) {
    Members members(json, place_of(json, file, "biases", changes.biases.size(), "node"));
    NodeBias change{members.text("node", true), members.floats("bias")};
    if (auto read = members.finish(); !read) return read.error();
    changes.biases.push_back(std::move(change));
  }
  return changes;
}

// `"name": [` and a line for each, after what stands before.
template <class Entry>
void write_list(std::string& text, const char* name, const std::vector<Entry>& entries) {
  text += fmt::format(",\n  \"{}\": [", name);
  for (size_t i = 0; i < entries.size(); ++i)
    text += (i == 0 ? "\n    " : ",\n    ") + to_json(entries[i]).dump();
  text += entries.empty() ? "]" : "\n  ]";
}

struct EncodingsFile {
  Encodings encodings;
  GraphChanges changes;
};

Result<EncodingsFile> parse_file(std::string_view text, std::string_view file) {
  // A key that stands twice would silently win over its twin; deep nesting would exhaust the stack.
  std::vector<std::unordered_set<std::string>> keys;
  std::string problem;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 16 && problem.empty()) problem = "nested too deeply";
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key &&
        !keys.back().insert(parsed.get<std::string>()).second && problem.empty())
      problem =
          fmt::format("'{}' stands twice in one object", to_valid_utf8(parsed.get<std::string>()));
    return true;
  };
  Json json;
  try {
    json = Json::parse(text, watch);
  } catch (const Json::parse_error& error) {
    return fail("{}: not valid JSON at byte {}: {}", file, error.byte, to_valid_utf8(error.what()));
  } catch (const Json::exception& error) {
    return fail("{}: not valid JSON: {}", file, to_valid_utf8(error.what()));
  }
  if (!problem.empty()) return fail("{}: {}", file, problem);

  Members members(json, std::string(file));
  const Json* version = members.take("schema_version", true);
  if (version != nullptr && *version != kSchemaVersion)
    return fail("{}: schema_version {}; this program reads {}", file, version->dump(),
                kSchemaVersion);
  const std::vector<Json> tensors = members.list("tensors");
  auto changes = read_changes(members, file);
  if (!changes) return changes.error();
  if (auto read = members.finish(); !read) return read.error();

  EncodingsFile out;
  out.changes = std::move(*changes);
  std::unordered_set<std::string> names;
  for (const Json& tensor : tensors) {
    auto encoding = read_tensor(tensor, file, out.encodings.tensors.size());
    if (!encoding) return encoding.error();
    if (!names.insert(encoding->tensor).second)
      return fail("{}: tensor '{}' is listed twice", file, encoding->tensor);
    out.encodings.tensors.push_back(std::move(*encoding));
  }
  return out;
}

}  // namespace

const TensorEncoding* Encodings::find(std::string_view tensor) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(),
                   [&](const TensorEncoding& encoding) { return encoding.tensor == tensor; });
  return found == tensors.end() ? nullptr : &*found;
}

EncodingIndex::EncodingIndex(const Encodings& encodings) {
  by_name_.reserve(encodings.tensors.size());
  for (const TensorEncoding& encoding : encodings.tensors)
    by_name_.emplace(encoding.tensor, &encoding);
}

const TensorEncoding* EncodingIndex::find(std::string_view tensor) const {
  const auto found = by_name_.find(tensor);
  return found == by_name_.end() ? nullptr : found->second;
}

std::string write_encodings(const Encodings& encodings) { return write_encodings(encodings, {}); }

std::string write_encodings(const Encodings& encodings, const GraphChanges& changes) {
  std::string text = fmt::format("{{\n  \"schema_version\": {}", kSchemaVersion);
  write_list(text, "tensors", encodings.tensors);
  if (!changes.channel_scales.empty()) write_list(text, "channel_scales", changes.channel_scales);
  if (!changes.split_layers.empty()) write_list(text, "split_layers", changes.split_layers);
  if (!changes.rounding.empty()) write_list(text, "rounding", changes.rounding);
  if (!changes.biases.empty()) write_list(text, "biases", changes.biases);
  return text + "\n}\n";
}

Result<Encodings> parse_encodings(std::string_view text, std::string_view file) {
  auto read = parse_file(text, file);
  if (!read) return read.error();
  return std::move(read->encodings);
}

Result<GraphChanges> parse_graph_changes(std::string_view text, std::string_view file) {
  auto read = parse_file(text, file);
  if (!read) return read.error();
  return std::move(read->changes);
}

}  // namespace acuate
