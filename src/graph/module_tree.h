#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/model.h"

namespace acuate {

// A module of the user's program, such as an nn.Module.
struct ModuleInfo {
  std::string path;        // `backbone.layer1.0.conv1`; empty: the whole model
  std::string class_name;  // `Conv2d`; empty: the exporter did not say
  bool guessed = false;  // not stated by the exporter for this node: read into names, or inherited

  bool operator==(const ModuleInfo&) const = default;
};

// Which module of the user's program each node comes from, by what the exporter left:
// 1. metadata `pkg.torch.onnx.name_scopes` and `…class_hierarchy` (torch.onnx, dynamo): the scopes
//    of the call, the last of which is the call itself;
// 2. names of TorchScript exports, `/layer1/layer1.0/conv1/Conv`: the scopes, where the child of a
//    container repeats the container's name, then the operator. A second call of the same module
//    has `_1` behind its name;
// 3. the same of the nodes that a merged one stands for (metadata `acuate.origins`);
// 4. in a body of control flow, the module of the node that holds it.
// Everything else belongs to the root module. Linear in nodes; refers to the model's nodes.
class ModelModuleTree {
 public:
  static ModelModuleTree of(const Model& model);

  // The root for a node that is not of the model.
  const ModuleInfo& module_of(const Node& node) const;
  // The root, then all modules and those that hold them, in order of first appearance, holders
  // first.
  const std::vector<ModuleInfo>& modules() const { return modules_; }

 private:
  std::unordered_map<const Node*, size_t> index_of_;
  std::vector<ModuleInfo> modules_;
  std::unordered_map<const Node*, ModuleInfo> guesses_;
};

// The texts of a list literal as Python's repr and JSON write them: `['a', "b"]`. Nothing where it
// is anything else.
std::optional<std::vector<std::string>> parse_text_list(std::string_view text);

}  // namespace acuate
