#include "runtime/manifest.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"

namespace acuate {
namespace {

using Json = nlohmann::ordered_json;

Json port_to_json(const IoSpec& port) {
  Json shape = Json::array();
  for (size_t i = 0; i < port.shape.size(); ++i) {
    const std::string name = i < port.dim_names.size() ? port.dim_names[i] : "";
    if (port.shape[i] >= 0)
      shape.push_back(port.shape[i]);
    else if (name.empty())
      shape.push_back(nullptr);
    else
      shape.push_back(name);
  }
  return {{"name", port.name}, {"type", element_type_name(port.type)}, {"shape", shape}};
}

Json adapter_to_json(const PadAdapter& adapter) {
  Json masks = Json::array(), outputs = Json::array();
  for (const PadAdapter::Mask& mask : adapter.masks)
    masks.push_back({{"input", mask.input}, {"padding", mask.padding}});
  for (const auto& [name, kind] : adapter.outputs)
    outputs.push_back({{"output", name}, {"kind", kind.text()}});
  return {{"kind", "pad"},
          {"input", adapter.input},
          {"layout", adapter.layout == Preprocess::Layout::Nchw ? "nchw" : "nhwc"},
          {"height", adapter.size.height},
          {"width", adapter.size.width},
          {"fill", adapter.fill},
          {"masks", std::move(masks)},
          {"outputs", std::move(outputs)}};
}

// Members are read through here, so that every mistake names file and member.
class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  const nlohmann::json& member(const nlohmann::json& object, const char* key,
                               nlohmann::json::value_t type) {
    static const nlohmann::json kNull;
    if (error_) return kNull;
    const auto found = object.is_object() ? object.find(key) : object.end();
    const bool integer = type == nlohmann::json::value_t::number_unsigned;
    if (!object.is_object() || found == object.end() ||
        (integer ? !found->is_number_unsigned() : found->type() != type)) {
      error_ =
          fail("{}: '{}' is missing or has another type; convert the model again", source_, key);
      return kNull;
    }
    return *found;
  }
  std::string text(const nlohmann::json& object, const char* key) {
    const auto& value = member(object, key, nlohmann::json::value_t::string);
    return value.is_string() ? value.get<std::string>() : "";
  }
  std::vector<std::string> texts(const nlohmann::json& object, const char* key) {
    std::vector<std::string> out;
    for (const auto& item : member(object, key, nlohmann::json::value_t::array)) {
      if (item.is_string())
        out.push_back(item.get<std::string>());
      else
        refuse(key);
    }
    return out;
  }
  // A path of a file inside the artifact.
  std::string path(const nlohmann::json& object, const char* key) {
    const std::string value = text(object, key);
    const std::filesystem::path parsed(value);
    bool outside = value.empty() || parsed.is_absolute();
    for (const auto& part : parsed) outside |= part == "..";
    if (outside && !error_)
      error_ =
          fail("{}: '{}' is '{}', which is not a path inside the artifact", source_, key, value);
    return value;
  }
  std::vector<IoSpec> ports(const nlohmann::json& object, const char* key) {
    std::vector<IoSpec> out;
    for (const auto& item : member(object, key, nlohmann::json::value_t::array)) {
      IoSpec port;
      port.name = text(item, "name");
      const auto type = parse_element_type(text(item, "type"));
      if (!type) refuse("type");
      port.type = type.value_or(ElementType::Undefined);
      for (const auto& dim : member(item, "shape", nlohmann::json::value_t::array)) {
        port.shape.push_back(dim.is_number_integer() ? dim.get<int64_t>() : -1);
        port.dim_names.push_back(dim.is_string() ? dim.get<std::string>() : "");
      }
      out.push_back(std::move(port));
    }
    return out;
  }
  double number(const nlohmann::json& value, const char* key) {
    if (!value.is_number()) refuse(key);
    return value.is_number() ? value.get<double>() : 0;
  }
  int side(const nlohmann::json& object, const char* key) {
    const auto& value = member(object, key, nlohmann::json::value_t::number_unsigned);
    constexpr uint64_t kMost = 1 << 15;
    const uint64_t side = value.is_number_unsigned() ? value.get<uint64_t>() : 0;
    if (side < 1 || side > kMost) refuse(key);
    return static_cast<int>(std::min(side, kMost));
  }
  PadAdapter adapter(const nlohmann::json& object) {
    PadAdapter out;
    if (text(object, "kind") != "pad") refuse("kind");
    out.input = text(object, "input");
    const std::string layout = text(object, "layout");
    if (layout != "nchw" && layout != "nhwc") refuse("layout");
    out.layout = layout == "nhwc" ? Preprocess::Layout::Nhwc : Preprocess::Layout::Nchw;
    out.size = {side(object, "width"), side(object, "height")};
    for (const auto& value : member(object, "fill", nlohmann::json::value_t::array))
      out.fill.push_back(number(value, "fill"));
    for (const auto& item : member(object, "masks", nlohmann::json::value_t::array)) {
      const bool has_padding = item.is_object() && item.contains("padding");
      if (!has_padding) refuse("padding");
      out.masks.push_back(
          {text(item, "input"), has_padding ? number(item["padding"], "padding") : 0});
    }
    for (const auto& item : member(object, "outputs", nlohmann::json::value_t::array)) {
      auto kind = OutputKind::parse(text(item, "kind"));
      if (!kind) refuse("kind");
      out.outputs.emplace_back(text(item, "output"), kind ? *kind : OutputKind());
    }
    return out;
  }
  ManifestRange range(const nlohmann::json& object) {
    ManifestRange out;
    for (const auto& [key, shape] :
         {std::pair("min", &out.min), std::pair("opt", &out.opt), std::pair("max", &out.max)})
      for (const auto& dim : member(object, key, nlohmann::json::value_t::array)) {
        if (!dim.is_number_integer()) refuse(key);
        shape->push_back(dim.is_number_integer() ? dim.get<int64_t>() : -1);
      }
    if (out.min.size() != out.opt.size() || out.opt.size() != out.max.size()) refuse("min");
    return out;
  }
  void refuse(const char* key) {
    if (!error_)
      error_ =
          fail("{}: '{}' has another form than expected; convert the model again", source_, key);
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::string source_;
  std::optional<Error> error_;
};

}  // namespace

Result<void> ManifestRange::check(const std::string& input, std::span<const int64_t> shape) const {
  for (size_t axis = 0; axis < std::min(shape.size(), min.size()); ++axis)
    if (min[axis] >= 0 && (shape[axis] < min[axis] || shape[axis] > max[axis]))
      return fail(
          "input '{}', dimension {}: found {}; the artifact was made for {} to {} (--shape-range)",
          input, axis, shape[axis], min[axis], max[axis]);
  return {};
}

std::string write_manifest(const Manifest& manifest) {
  Json json;
  json["schema_version"] = 1;
  json["acuate"] = manifest.acuate;
  json["target"] = manifest.target;
  json["inputs"] = Json::array();
  for (const IoSpec& port : manifest.inputs) json["inputs"].push_back(port_to_json(port));
  json["outputs"] = Json::array();
  for (const IoSpec& port : manifest.outputs) json["outputs"].push_back(port_to_json(port));
  json["preprocess"] = nullptr;
  if (manifest.preprocess) json["preprocess"] = preprocess_to_json(*manifest.preprocess);
  json["adapters"] = Json::array();
  for (const PadAdapter& adapter : manifest.adapters)
    json["adapters"].push_back(adapter_to_json(adapter));
  json["shape_ranges"] = Json::array();
  for (const auto& [input, range] : manifest.shape_ranges)
    json["shape_ranges"].push_back(
        {{"input", input}, {"min", range.min}, {"opt", range.opt}, {"max", range.max}});
  json["modules"] = Json::array();
  for (const ManifestModule& module : manifest.modules) {
    json["modules"].push_back({{"kind", module.kind},
                               {"file", module.file},
                               {"target", module.target},
                               {"inputs", module.inputs},
                               {"outputs", module.outputs}});
    if (module.arithmetic == Arithmetic::Bfloat16)
      json["modules"].back()["arithmetic"] = "bfloat16";
    if (module.engine)
      json["modules"].back()["engine"] = {{"file", module.engine->file},
                                          {"target", module.engine->target},
                                          {"made_by", module.engine->made_by},
                                          {"devices", module.engine->devices}};
  }
  json["files"] = Json::array();
  for (const ManifestFile& file : manifest.files)
    json["files"].push_back(
        {{"file", file.file}, {"size_bytes", file.size_bytes}, {"hash", file.hash}});
  json["environment"] = manifest.environment;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text, const std::string& source) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail("{} is not a manifest: no JSON object in it", source);
  if (!json.contains("schema_version") || json["schema_version"] != 1)
    return fail("{}: schema_version is {}, this acuate reads 1; convert the model again", source,
                json.contains("schema_version") ? json["schema_version"].dump() : "missing");
  Reader reader(source);
  Manifest manifest;
  manifest.acuate = reader.text(json, "acuate");
  manifest.target = reader.text(json, "target");
  manifest.inputs = reader.ports(json, "inputs");
  manifest.outputs = reader.ports(json, "outputs");
  // Artifacts of earlier versions have none.
  if (json.contains("adapters"))
    for (const auto& item : reader.member(json, "adapters", nlohmann::json::value_t::array))
      manifest.adapters.push_back(reader.adapter(item));
  if (json.contains("shape_ranges"))
    for (const auto& item : reader.member(json, "shape_ranges", nlohmann::json::value_t::array))
      manifest.shape_ranges.emplace(reader.text(item, "input"), reader.range(item));
  for (const auto& item : reader.member(json, "modules", nlohmann::json::value_t::array)) {
    ManifestModule module;
    module.kind = reader.text(item, "kind");
    module.file = module.kind == "torch" ? reader.text(item, "file") : reader.path(item, "file");
    module.target = reader.text(item, "target");
    module.inputs = reader.texts(item, "inputs");
    module.outputs = reader.texts(item, "outputs");
    if (item.is_object() && item.contains("arithmetic")) {
      if (reader.text(item, "arithmetic") != "bfloat16") reader.refuse("arithmetic");
      module.arithmetic = Arithmetic::Bfloat16;
    }
    if (item.is_object() && item.contains("engine")) {
      const auto& engine = reader.member(item, "engine", nlohmann::json::value_t::object);
      module.engine = {.file = reader.path(engine, "file"),
                       .target = reader.text(engine, "target"),
                       .made_by = reader.text(engine, "made_by"),
                       .devices = reader.texts(engine, "devices")};
    }
    manifest.modules.push_back(std::move(module));
  }
  for (const auto& item : reader.member(json, "files", nlohmann::json::value_t::array)) {
    ManifestFile file;
    file.file = reader.path(item, "file");
    const auto& size = reader.member(item, "size_bytes", nlohmann::json::value_t::number_unsigned);
    if (size.is_number_unsigned()) file.size_bytes = size.get<uint64_t>();
    file.hash = reader.text(item, "hash");
    manifest.files.push_back(std::move(file));
  }
  for (const auto& [key, value] :
       reader.member(json, "environment", nlohmann::json::value_t::object).items())
    if (value.is_string()) manifest.environment[key] = value.get<std::string>();
  if (reader.error()) return *reader.error();
  if (manifest.modules.empty()) return fail("{}: it lists no module to run", source);
  if (json.contains("preprocess") && !json["preprocess"].is_null()) {
    auto preprocess = preprocess_from_json(json["preprocess"]);
    if (!preprocess) return fail("{}: {}", source, preprocess.error().message);
    manifest.preprocess = *preprocess;
  }
  return manifest;
}

Result<ManifestFile> describe_file(const std::filesystem::path& artifact, const std::string& file) {
  auto mapped = MappedFile::open(artifact / file);
  if (!mapped) return mapped.error();
  return ManifestFile{file, (*mapped)->bytes().size(), content_hash((*mapped)->bytes())};
}

}  // namespace acuate
