#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// How a graph of one model is copied into a graph of another.
struct Splice {
  // Values of the source graph and what stands for them; complete after the copy. A value that is
  // not here beforehand gets one of its own, called `prefix` + its name, which must be free.
  std::unordered_map<const Value*, Value*> values;
  std::string prefix;  // before the names of values and nodes, those in bodies too
  // Opsets, functions and metadata are not looked at.
};

// Copies nodes, bodies, initializers and types of `source` into `into`, nodes in their order in
// front of `before` (null: to the end). Its inputs and outputs are not declared: they are values
// like the others. Weights stay where they are: the model of `into` must keep the storage of the
// other (Model::keep_storage_of). Errors: sparse initializers, which are bound to their file.
Result<void> splice(const Graph& source, Graph& into, Splice& splice, Node* before = nullptr);

// The same of some nodes of a graph, in the order given, and some values: what the nodes make and
// read, constants included, as far as it has nothing to stand for it yet.
Result<void> splice_nodes(std::span<const Node* const> nodes, std::span<const Value* const> values,
                          Graph& into, Splice& splice);

// The same with inputs and outputs declared, for a body that is empty yet.
Result<void> splice_body(const Graph& source, Graph& into, Splice& splice);

// The function as it stands, for a model that keeps the storage of the other and has none of that
// name.
Function& copy_function(const Function& source, Model& into);

// Copies functions with the nodes that call them, and what those call in turn, each once.
class FunctionCopier {
 public:
  // `into` keeps the storage of `from` and has none of these functions.
  FunctionCopier(const Model& from, Model& into);
  void bring_for(const Node& node);

 private:
  Model& into_;
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, const Function*>
      to_bring_;  // by domain, name and overload
};

}  // namespace acuate
