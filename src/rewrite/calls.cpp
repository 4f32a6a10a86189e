#include "rewrite/calls.h"

#include <vector>

#include "rewrite/facts.h"

namespace acuate {
namespace {

std::string key(std::string_view domain, std::string_view name, std::string_view overload) {
  std::string key(domain);
  for (const std::string_view part : {name, overload}) key.append(1, '\0').append(part);
  return key;
}

}  // namespace

// From functions that call none to those that call them: one on a cycle is never reached.
FunctionCalls::FunctionCalls(const Model& model) {
  for (const Function& function : model.functions())
    if (function.body)
      functions_.emplace(key(function.domain, function.name, function.overload), &function);
  std::unordered_map<const Function*, size_t> open_calls;
  std::unordered_map<const Function*, std::vector<const Function*>> callers;
  std::vector<const Function*> reached;
  for (const auto& entry : functions_) {
    const Function* function = entry.second;
    size_t calls = 0;
    bool holds = true;
    for (const Node* node = function->body->first(); node != nullptr && holds;
         node = node->next()) {
      const Function* called = called_by(*node);
      if (called == nullptr) holds = acuate::is_deterministic(*node);
      if (called == nullptr) continue;
      callers[called].push_back(function);
      ++calls;
    }
    if (!holds) continue;
    open_calls.emplace(function, calls);
    if (calls == 0) reached.push_back(function);
  }
  while (!reached.empty()) {
    const Function* function = reached.back();
    reached.pop_back();
    deterministic_.insert(function);
    for (const Function* caller : callers[function])
      if (const auto open = open_calls.find(caller);
          open != open_calls.end() && --open->second == 0)
        reached.push_back(caller);
  }
}

const Function* FunctionCalls::called_by(const Node& node) const {
  if (functions_.empty()) return nullptr;
  const auto found = functions_.find(key(node.domain(), node.op_type(), node.overload()));
  return found == functions_.end() ? nullptr : found->second;
}

bool FunctionCalls::is_deterministic(const Node& node) const {
  const Function* called = called_by(node);
  return called ? deterministic_.count(called) > 0 : acuate::is_deterministic(node);
}

}  // namespace acuate
