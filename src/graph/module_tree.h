#pragma once

#include <cstdint>
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
  bool guessed = false;    // not stated for this node: from what is around it, or read two ways

  bool operator==(const ModuleInfo&) const = default;
};

// Which module of the user's program each node comes from, by what the exporter left:
// 1. metadata `pkg.torch.onnx.name_scopes` and `…class_hierarchy` (torch.onnx, dynamo): the scopes
//    of the call, the last of which is the call itself;
// 2. names of TorchScript exports, settled by the names of parameters (torchscript_names.h);
// 3. scopes of TensorFlow, Keras and JAX (tensorflow_names.h);
// 4. the same of the nodes that a merged one stands for (metadata `acuate.origins`);
// 5. the module whose parameters the node reads;
// 6. where names tell nothing of most nodes, blocks of the network (block_structure.h), which hold
//    the layers that parameters name, as Paddle's do;
// 7. what holds all neighbours' modules; in a body of control flow, the module of the node that
//    holds it.
// Everything else belongs to the root module. O(n log n) in nodes; refers to the model's nodes.
class ModelModuleTree {
 public:
  static ModelModuleTree of(const Model& model);
  // The modules of `original`, with the nodes of `model`, which was made of it: each is where those
  // are that it stands for (metadata `acuate.origins`, else the node of its address), whatever its
  // own name and neighbours tell now. Where the original has none of them, they do tell, as long as
  // the original has such a module.
  static ModelModuleTree carried_over(const Model& model, const Model& original);

  // The root for a node that is not of the model.
  const ModuleInfo& module_of(const Node& node) const;
  // Every module that a merged node comes from, module_of() first. They live as long as the tree.
  std::vector<const ModuleInfo*> modules_of(const Node& node) const;
  // The root, then all modules and those that hold them, in order of first appearance, holders
  // first.
  const std::vector<ModuleInfo>& modules() const { return modules_; }

 private:
  friend class ModuleTreeBuilder;
  friend class ModuleTreeCarrier;
  struct Place {
    uint32_t module = 0;
    bool guessed = false;
  };
  const ModuleInfo& at(Place place) const {
    return place.guessed ? guesses_[place.module] : modules_[place.module];
  }

  std::unordered_map<const Node*, Place> places_;
  std::unordered_map<const Node*, std::vector<Place>> further_places_;  // of merged nodes
  std::vector<ModuleInfo> modules_;
  std::vector<ModuleInfo> guesses_;  // the same, all of them guessed
};

// The module that holds both: `a.b.c` and `a.b.d` → `a.b`; empty: the root.
std::string common_module(std::string_view a, std::string_view b);

// The texts of a list literal as Python's repr and JSON write them: `['a', "b"]`. Nothing where it
// is anything else.
std::optional<std::vector<std::string>> parse_text_list(std::string_view text);

}  // namespace acuate
