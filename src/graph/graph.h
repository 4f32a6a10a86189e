#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/node.h"

namespace acuate {

class ChangeLog;
struct Function;
class Model;

// A graph with its values and nodes in order: the main graph, a control-flow body, or the body of a
// local function. Values and nodes live in the model's arena until the model goes; removing one
// unlinks it.
class Graph {
 public:
  Graph(Model& model, Node* owner, const Function* function = nullptr);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Model& model() const { return *model_; }
  // The node whose attribute holds this graph; null for the main graph and those of functions.
  Node* owner() const { return owner_; }
  const Function* function() const { return function_; }  // whose body this is; null for others
  // Of the function that this stands in, else of the model; 0 where the domain is not imported.
  int64_t opset_version(std::string_view domain = "") const;
  std::string_view name() const { return name_; }
  // Of GraphProto or FunctionProto: documentation, sparse initializers, attributes of a function
  // and fields unknown here, by number: whole, with tags.
  const std::vector<std::pair<uint32_t, Bytes>>& other_fields() const { return other_fields_; }

  // Iteration in stored order; the current node may be removed while iterating by taking next()
  // first.
  Node* first() const { return first_; }
  Node* last() const { return last_; }
  size_t node_count() const { return node_count_; }
  std::vector<Node*> nodes() const;

  const std::vector<Value*>& inputs() const { return inputs_; }
  const std::vector<Value*>& outputs() const { return outputs_; }
  std::vector<Value*> initializers() const;
  std::vector<Value*> values() const;  // everything named here, in order of appearance

  // Nodes that hold bodies, in stored order; in the time that these take, not all nodes.
  std::vector<Node*> body_owners() const;
  // Nodes of that name, which a valid model has one of; in constant time after the first call.
  std::vector<Node*> nodes_called(std::string_view name) const;
  Value* find(std::string_view name) const;     // here only
  Value* resolve(std::string_view name) const;  // here, then outward

  // All of that name: the first is the one that find() gives and uses mean; a valid model has one.
  std::vector<Value*> definitions(std::string_view name) const;

  Value* add_value(std::string_view name);  // interns the name, which must be free here
  std::string unused_name(std::string_view stem) const;
  void rename(Value& value, std::string_view name);
  // Appends, or inserts before `before`. Outputs must be values of this graph without a producer.
  Node* add_node(std::string_view op_type, std::string_view domain, std::string_view name,
                 const std::vector<Value*>& inputs, const std::vector<Value*>& outputs,
                 Node* before = nullptr);
  void move_before(Node& node, Node* before);  // null: to the end
  // Unlinks the node from its inputs and outputs; its outputs stay as undefined values for whoever
  // still uses them.
  void remove_node(Node& node);
  // Removes all nodes and outputs: for a body whose attribute goes.
  void clear();
  void remove_value(Value& value);  // unused, undefined by a node, not an input
  // Every use in nodes (nested ones too) and among this graph's outputs.
  void replace_uses(Value& old_value, Value& new_value);
  void set_initializer(Value& value,
                       const Tensor& tensor);  // copies nothing: the model keeps the tensor
  void set_initializer(Value& value,
                       TensorRef ref);  // refers to bytes that the model keeps already
  void remove_initializer(Value& value);
  void add_output(Value& value);
  void set_outputs(std::vector<Value*> outputs);
  void set_inputs(std::vector<Value*> inputs);
  void set_type(Value& value, ValueType type);  // declares it: it is written to the file
  // What inference found of a value: written only where the value is declared already.
  void set_inferred_type(Value& value, ValueType type);
  // Drops the types of values that are neither inputs nor outputs; with a reader of the model's
  // changes, which knows all others, those that are declared.
  void clear_inferred_types();
  // Producers before users, stable; false (and nothing changed) when there is a cycle.
  bool sort_topologically();
  bool is_sorted() const;
  // For a graph that was sorted until `reader`, a node of it, came to need `producer`, another:
  // that one and what it needs move in front of the reader, as far as they do not stand there.
  // False (and nothing changed) when there is a cycle. Takes the time that these nodes take.
  bool move_in_front(Node& producer, Node& reader);
  void touch();
  bool is_touched() const { return touched_; }

 private:
  friend class Node;
  friend class GraphImporter;
  friend class GraphExporter;
  friend class ModelCloner;
  friend class Model;
  ChangeLog* log() const;
  // These record nothing.
  void link_node(Node& node, Node* before);
  void unlink_node(Node& node);
  void enter_name(Value& value, size_t place);  // among the definitions of its name; 0: the first
  size_t leave_name(const Value& value);        // returns its place
  void exchange_outputs(std::vector<Value*>& outputs);
  void exchange_inputs(std::vector<Value*>& inputs);
  void note_outputs_changed();
  void node_renamed(Node& node, std::string_view old_name);

  // A ValueInfoProto as it stood (inputs, outputs, value_info), and whether the type was changed
  // since.
  struct Declaration {
    Value* value = nullptr;
    Bytes wire;  // whole field; empty when new
    bool touched = true;
  };
  Declaration* declaration(Value& value);

  Model* model_;
  Node* owner_;
  const Function* function_;
  std::string_view name_;
  Node* first_ = nullptr;
  Node* last_ = nullptr;
  size_t node_count_ = 0;
  // By name, those without one left out; made when it is first asked for, then kept up.
  using NodeIndex = std::unordered_map<std::string_view, std::vector<Node*>>;
  mutable std::unique_ptr<NodeIndex> node_index_;
  std::vector<Node*> body_owners_;  // every node that held a body once
  std::vector<Value*> inputs_;
  std::vector<Value*> outputs_;
  std::vector<Value*>
      initializers_;  // in file order; entries whose initializer was removed are skipped
  std::vector<Value*> values_;
  std::unordered_map<std::string_view, Value*> by_name_;
  // Definitions of a name after the first, which by_name_ has; empty for a valid model.
  std::unordered_map<std::string_view, std::vector<Value*>> shadowed_;
  std::unordered_map<const Value*, Declaration> declarations_;
  // value_info entries in order: a changed type is re-encoded, everything else written as it came.
  // An entry that names no value has a null one.
  std::vector<std::pair<Value*, Bytes>> value_infos_;
  std::vector<uint32_t> field_order_;  // kinds of fields in the order of first appearance
  std::vector<std::pair<uint32_t, Bytes>> other_fields_;  // fields kept as they came, by number
  Bytes wire_;                                            // the payload as it came
  bool touched_ = true;
};

}  // namespace acuate
