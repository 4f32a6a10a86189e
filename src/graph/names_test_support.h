#pragma once

#include <string>
#include <vector>

#include "graph/model.h"

namespace acuate {

// A node that reads values and weights by name, each made when it is first named: names with a dot
// or `weight` in them are initializers. Its outputs have its name and `_output`.
inline Node* add_named_node(Model& model, const std::string& op, const std::string& name,
                            const std::vector<std::string>& reads, const std::string& gives = "") {
  Graph& graph = model.graph();
  std::vector<Value*> inputs;
  for (const std::string& read : reads) {
    Value* value = graph.find(read);
    if (value == nullptr) {
      value = graph.add_value(model.intern(read));
      const float content = static_cast<float>(std::hash<std::string>()(read) % 1000);
      if (read.find("weight") != read.npos)
        graph.set_initializer(*value, Tensor::of<float>({1}, {content}));
    }
    inputs.push_back(value);
  }
  const std::string output = gives.empty() ? name + "_output" : gives;
  return graph.add_node(op, "", model.intern(name), inputs,
                        {graph.add_value(model.intern(output))});
}

}  // namespace acuate
