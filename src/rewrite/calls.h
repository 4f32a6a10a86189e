#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "graph/model.h"

namespace acuate {

// Calls of the local functions of a model.
class FunctionCalls {
 public:
  explicit FunctionCalls(const Model& model);

  const Function* called_by(const Node& node) const;  // null: an operator
  // As of facts.h; of a call, that of all nodes of the function and of what it calls, in no cycle.
  bool is_deterministic(const Node& node) const;

 private:
  std::unordered_map<std::string, const Function*> functions_;  // by domain, name and overload
  std::unordered_set<const Function*> deterministic_;
};

}  // namespace acuate
