#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/node/node.h>

#include "base/result.h"

namespace acuate {

// A map of a small YAML file, read strictly: unknown and repeated keys and values of the wrong kind
// are Errors that say `FILE:LINE`, what was found and what was expected. Getters give nothing where
// the key is absent.
class StrictYaml {
 public:
  // The text's single document, which must be a map. `source` names it in messages.
  static Result<StrictYaml> parse(std::string_view text, std::string source);

  // Every key must be one of `keys`; the message offers the nearest.
  Result<void> allow_only(std::span<const std::string> keys) const;
  bool has(const std::string& key) const;

  Result<std::optional<std::string>> text(const std::string& key) const;
  Result<std::optional<double>> number(const std::string& key) const;
  Result<std::optional<bool>> boolean(const std::string& key) const;
  Result<std::optional<std::vector<double>>> numbers(const std::string& key) const;
  Result<std::optional<std::vector<std::string>>> texts(const std::string& key) const;
  // Nothing also where the value is no map; ask text() then.
  std::optional<StrictYaml> map(const std::string& key) const;
  // One of `choices`.
  Result<std::optional<std::string>> choice(const std::string& key,
                                            std::span<const std::string> choices) const;

  std::vector<std::string> keys() const;
  const std::string& source() const { return source_; }
  // `FILE:LINE: ` of the key's value, of the map itself where the key is absent.
  std::string where(const std::string& key) const;

 private:
  StrictYaml(const YAML::Node& node, std::string source)
      : node_(node), source_(std::move(source)) {}
  const YAML::Node find(const std::string& key) const;

  YAML::Node node_;
  std::string source_;
};

}  // namespace acuate
