#include "data/strict_yaml.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <yaml-cpp/yaml.h>

#include "base/text.h"

namespace acuate {
namespace {

std::string describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return "'" + to_valid_utf8(node.Scalar()) + "'";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a map";
    default:
      return "nothing";
  }
}

std::string position(const std::string& source, const YAML::Mark& mark) {
  return mark.is_null() ? source + ": " : fmt::format("{}:{}: ", source, mark.line + 1);
}

// A finite number; yaml's `.inf` and `.nan` are no setting.
std::optional<double> finite(const YAML::Node& node) {
  const auto value = node.IsScalar() ? parse_double(node.Scalar()) : std::nullopt;
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

Result<StrictYaml> StrictYaml::parse(std::string_view text, std::string source) {
  YAML::Node node;
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() == 1) node = documents[0];
  } catch (const YAML::Exception& error) {
    return Error{position(source, error.mark) + "not valid YAML: " + error.msg};
  }
  if (!node.IsMap())
    return fail("{}: expected `key: value` lines, found {}", source, describe(node));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar())
      return Error{position(source, entry.first.Mark()) + "a key must be a plain word"};
    if (!seen.insert(entry.first.Scalar()).second)
      return Error{position(source, entry.first.Mark()) + "the key " + describe(entry.first) +
                   " is given twice"};
  }
  return StrictYaml(node, std::move(source));
}

Result<void> StrictYaml::allow_only(std::span<const std::string> keys) const {
  for (const auto& entry : node_) {
    const std::string key = entry.first.Scalar();
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const auto nearest = closest_match(key, keys);
    return fail("{}unknown key '{}'{}; there are: {}", position(source_, entry.first.Mark()),
                to_valid_utf8(key), nearest ? ", did you mean '" + *nearest + "'?" : "",
                join(keys, ", "));
  }
  return {};
}

const YAML::Node StrictYaml::find(const std::string& key) const {
  for (const auto& entry : node_)
    if (entry.first.Scalar() == key) return entry.second;
  return YAML::Node(YAML::NodeType::Undefined);
}

bool StrictYaml::has(const std::string& key) const { return find(key).IsDefined(); }

std::vector<std::string> StrictYaml::keys() const {
  std::vector<std::string> keys;
  for (const auto& entry : node_) keys.push_back(entry.first.Scalar());
  return keys;
}

std::string StrictYaml::where(const std::string& key) const {
  const YAML::Node value = find(key);
  return position(source_, value.IsDefined() ? value.Mark() : node_.Mark());
}

Result<std::optional<std::string>> StrictYaml::text(const std::string& key) const {
  const YAML::Node value = find(key);
  if (!value.IsDefined()) return std::optional<std::string>();
  if (!value.IsScalar() || value.Scalar().empty())
    return fail("{}{}: expected a text, found {}", where(key), key, describe(value));
  return std::optional(value.Scalar());
}

Result<std::optional<double>> StrictYaml::number(const std::string& key) const {
  const YAML::Node value = find(key);
  if (!value.IsDefined()) return std::optional<double>();
  const auto parsed = finite(value);
  if (!parsed) return fail("{}{}: expected a number, found {}", where(key), key, describe(value));
  return parsed;
}

Result<std::optional<bool>> StrictYaml::boolean(const std::string& key) const {
  const YAML::Node value = find(key);
  if (!value.IsDefined()) return std::optional<bool>();
  if (value.IsScalar() && value.Scalar() == "true") return std::optional(true);
  if (value.IsScalar() && value.Scalar() == "false") return std::optional(false);
  return fail("{}{}: expected true or false, found {}", where(key), key, describe(value));
}

Result<std::optional<std::vector<double>>> StrictYaml::numbers(const std::string& key) const {
  const YAML::Node value = find(key);
  if (!value.IsDefined()) return std::optional<std::vector<double>>();
  if (!value.IsSequence())
    return fail("{}{}: expected a list of numbers, found {}", where(key), key, describe(value));
  std::vector<double> list;
  for (const YAML::Node& item : value) {
    const auto parsed = finite(item);
    if (!parsed) return fail("{}{}: expected numbers, found {}", where(key), key, describe(item));
    list.push_back(*parsed);
  }
  return std::optional(std::move(list));
}

Result<std::optional<std::vector<std::string>>> StrictYaml::texts(const std::string& key) const {
  const YAML::Node value = find(key);
  if (!value.IsDefined()) return std::optional<std::vector<std::string>>();
  if (!value.IsSequence())
    return fail("{}{}: expected a list, found {}", where(key), key, describe(value));
  std::vector<std::string> list;
  for (const YAML::Node& item : value) {
    if (!item.IsScalar())
      return fail("{}{}: expected a list of texts, found {} in it", where(key), key,
                  describe(item));
    list.push_back(item.Scalar());
  }
  return std::optional(std::move(list));
}

std::optional<StrictYaml> StrictYaml::map(const std::string& key) const {
  const YAML::Node value = find(key);
  if (!value.IsDefined() || !value.IsMap()) return std::nullopt;
  return StrictYaml(value, source_);
}

Result<std::optional<std::string>> StrictYaml::choice(const std::string& key,
                                                      std::span<const std::string> choices) const {
  auto value = text(key);
  if (!value || !*value || std::find(choices.begin(), choices.end(), **value) != choices.end())
    return value;
  return fail("{}{}: '{}' is not one of {}", where(key), key, to_valid_utf8(**value),
              join(choices, ", "));
}

}  // namespace acuate
