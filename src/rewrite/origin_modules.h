#pragma once

#include <string>
#include <unordered_map>

#include "graph/model.h"

namespace acuate {

// Where an exporter tells a node's module by metadata alone (torch.onnx, dynamo), a node that is
// merged into another takes it away. This remembers the modules of a model's nodes, and notes them
// on those that stand for others: metadata "acuate.origin_modules", a JSON list beside
// "acuate.origins".
class OriginModules {
 public:
  explicit OriginModules(const Model& model);
  void note(Model& model) const;

 private:
  std::unordered_map<std::string, std::string> module_of_;  // by address
};

}  // namespace acuate
