#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/model.h"

namespace acuate {

// The path of a module as it was read from names.
struct ReadPath {
  std::string path;
  bool guessed = false;
  // Where the names fit several modules: all of them, `path` the first.
  std::vector<std::string> options;
};

// Reads names of TorchScript exports, `/layer1/layer1.0/conv1/Conv`: a scope for each module that
// was called, then the operator. A scope is the module's last name, with the numbers behind it:
// children of a container are called after it, and of a module that is never called, such as a
// ModuleDict, nothing is left. The last scope of the second call of a module has `_1` behind it.
// What a scope leaves open is settled by the names of parameters, which have whole paths.
class TorchScriptNames {
 public:
  explicit TorchScriptNames(const Model& model);

  // Nothing where the name has no scopes.
  std::optional<ReadPath> read(const Node& node) const;
  // Of a node that is not there any more.
  std::optional<ReadPath> read(std::string_view name) const;
  // The module whose parameters the node reads, or what holds all of them; nothing where it reads
  // none with a name of their own.
  std::optional<std::string> parameter_module(const Node& node) const;
  // Whether parameters have paths of more than a module: `layer1.0.weight`, not `conv2d_3.w_0`.
  bool has_nested_parameters() const { return has_nested_parameters_; }

 private:
  using Segments = std::vector<std::string>;
  struct Scope {
    bool is_held = false;  // a module was called in it
    std::vector<const Value*> weights;
  };
  void note_name(std::string_view name, const Node* node);
  void note_parameters(const Node& node);
  std::optional<ReadPath> read(const Segments& segments, const Node* node) const;
  std::optional<ReadPath> settled_by_parameters(const Segments& segments, const Node& node) const;
  std::vector<std::string> candidates(const std::string& holder, const std::string& segment) const;
  bool is_second_call(const std::string& holder_scope, const std::string& holder,
                      std::string_view segment, std::string_view first) const;

  std::unordered_map<std::string, Scope> scopes_;  // as they are written: `/layer1/layer1.0`
  std::set<std::string, std::less<>> modules_;     // of parameters, and what holds them
  // Modules by the name that a scope has for them.
  std::unordered_map<std::string, std::set<std::string>> by_scope_name_;
  bool has_nested_parameters_ = false;
};

}  // namespace acuate
