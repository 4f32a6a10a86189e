#include "convert/module_config.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace acuate {
namespace {

using Json = nlohmann::json;

class Reader {
 public:
  explicit Reader(std::string_view origin) : origin_(origin) {}

  Result<ModuleConfig> run(std::string_view text) {
    // A key that stands twice would silently lose the first one.
    std::vector<std::set<std::string>> open;
    std::string twice;
    const auto note_keys = [&](int, Json::parse_event_t event, Json& parsed) {
      if (event == Json::parse_event_t::object_start) open.emplace_back();
      if (event == Json::parse_event_t::object_end) open.pop_back();
      if (event == Json::parse_event_t::key &&
          !open.back().insert(parsed.get<std::string>()).second && twice.empty())
        twice = parsed.get<std::string>();
      return true;
    };
    const Json json = Json::parse(text, note_keys, false);
    if (json.is_discarded()) return fail("{}: this is no JSON", origin_);
    if (!twice.empty()) return fail("{}: the key '{}' stands twice", origin_, twice);
    if (auto read = modules(json, ""); !read) return read.error();
    if (auto apart = check_overlap(); !apart) return apart.error();
    return std::move(config_);
  }

 private:
  static constexpr int kMostNested = 64;

  Result<void> modules(const Json& json, const std::string& parent, int depth = 0) {
    if (!json.is_object())
      return fail("{}: {} is no object; expected modules by path", origin_, where(parent));
    if (depth > kMostNested) return fail("{}: 'children' nest too deep", origin_);
    for (const auto& [name, value] : json.items()) {
      const std::string path = parent.empty() ? name : parent + "." + name;
      if (name.empty()) return fail("{}: a module of {} has no name", origin_, where(parent));
      if (!value.is_object())
        return fail("{}: module '{}' is no object; expected its settings", origin_, path);
      if (auto read = module(value, path, depth); !read) return read;
    }
    return {};
  }

  Result<void> module(const Json& json, const std::string& path, int depth) {
    ModuleChoice choice;
    for (const auto& [key, value] : json.items()) {
      if (key == "children") {
        if (auto read = modules(value, path, depth + 1); !read) return read;
      } else if (key == "rt_mode") {
        const std::string mode = value.is_string() ? value.get<std::string>() : "";
        if (!value.is_null() && mode != "onnx" && mode != "torch")
          return fail("{}: rt_mode of '{}' is {}; expected \"onnx\", \"torch\" or null", origin_,
                      path, value.dump());
        choice.convert = mode == "onnx";
      } else if (key == "auto" || key == "fp16" || key == "int8") {
        if (!value.is_boolean())
          return fail("{}: {} of '{}' is {}; expected true or false", origin_, key, path,
                      value.dump());
        (key == "auto"   ? choice.may_divide
         : key == "fp16" ? choice.fp16
                         : choice.int8) = value.get<bool>();
      } else {
        const std::vector<std::string> known = {"rt_mode", "auto", "fp16", "int8", "children"};
        const auto close = closest_match(key, known);
        return fail("{}: '{}' has the unknown key '{}'; {}", origin_, path, key,
                    close ? "did you mean '" + *close + "'?" : "there are: " + join(known, ", "));
      }
    }
    if (json.size() == 1 && json.contains("children")) return {};
    if (!config_.emplace(path, choice).second)
      return fail("{}: module '{}' is named twice", origin_, path);
    return {};
  }

  Result<void> check_overlap() const {
    for (const auto& [path, choice] : config_) {
      if (!choice.convert) continue;
      for (size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
        const auto holder = config_.find(path.substr(0, dot));
        if (holder != config_.end() && holder->second.convert)
          return fail("{}: '{}' is converted with '{}', which holds it; name one of them", origin_,
                      path, holder->first);
      }
    }
    return {};
  }

  static std::string where(const std::string& path) {
    return path.empty() ? "the configuration" : "'" + path + "'";
  }

  std::string origin_;
  ModuleConfig config_;
};

}  // namespace

Result<ModuleConfig> parse_module_config(std::string_view json, std::string_view origin) {
  return Reader(origin).run(json);
}

bool is_within(std::string_view path, std::string_view ancestor) {
  if (!path.starts_with(ancestor)) return false;
  return ancestor.empty() || path.size() == ancestor.size() || path[ancestor.size()] == '.' ||
         path[ancestor.size()] == '/';
}

Result<void> check_modules(const ModuleConfig& config, const ModelModuleTree& tree) {
  std::vector<std::string> unknown, paths;
  for (const ModuleInfo& info : tree.modules())
    if (!info.path.empty()) paths.push_back(info.path);
  for (const auto& [path, choice] : config) {
    if (std::find(paths.begin(), paths.end(), path) != paths.end()) continue;
    const auto close = closest_match(path, paths);
    unknown.push_back(
        fmt::format("'{}'{}", path, close ? " (did you mean '" + *close + "'?)" : ""));
  }
  if (unknown.empty()) return {};
  return fail("the model has no module {}; `acuate inspect` prints its modules",
              join(unknown, ", "));
}

}  // namespace acuate
