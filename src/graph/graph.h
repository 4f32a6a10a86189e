#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/attribute.h"
#include "graph/tensor_ref.h"
#include "graph/value_type.h"
#include "graph/wire.h"

namespace acuate {

class Graph;
class Model;
class Node;

struct Use {
  Node* node = nullptr;
  uint32_t slot = 0;
};

// A tensor of the network: produced by a node, an input, or an initializer.
class Value {
 public:
  std::string_view name;
  Graph* graph = nullptr;
  Node* producer = nullptr;
  uint32_t output_slot = 0;
  ValueType type;
  std::optional<TensorRef> initializer;
  bool is_input = false;
  bool is_sparse_initializer = false;
  uint32_t output_count = 0;  // how often it stands in the graph's outputs

  const std::vector<Use>& uses() const { return uses_; }
  bool is_output() const { return output_count > 0; }
  bool is_unused() const { return uses_.empty() && output_count == 0; }
  // An initializer that no caller can override (in IR version 3 initializers are inputs too).
  bool is_constant() const { return initializer.has_value() && !is_input; }
  bool is_defined() const {
    return producer != nullptr || is_input || initializer.has_value() || is_sparse_initializer;
  }

 private:
  friend class Node;
  friend class Graph;
  friend class GraphImporter;
  friend class ModelCloner;
  friend class Model;
  bool listed_initializer_ = false;
  bool noted_ = false;  // stands in the model's list of changes
  std::vector<Use> uses_;
};

// One operation. Reads outer values too when it stands in a body. Every change goes through the
// members below, which keep the use lists and mark the wire bytes stale, outward to the owning
// nodes of nested graphs.
class Node {
 public:
  std::string_view name() const { return name_; }
  std::string_view op_type() const { return op_type_; }
  std::string_view domain() const { return domain_; }  // "" for ai.onnx
  std::string_view overload() const { return overload_; }
  Graph& graph() const { return *graph_; }
  bool is_op(std::string_view op_type) const { return op_type_ == op_type && domain_.empty(); }

  size_t input_count() const { return inputs_.size(); }
  Value* input(size_t slot) const {
    return slot < inputs_.size() ? inputs_[slot].value : nullptr;
  }                                                                // null: omitted
  const std::vector<Value*>& outputs() const { return outputs_; }  // null: omitted
  Value* output(size_t slot = 0) const { return slot < outputs_.size() ? outputs_[slot] : nullptr; }
  const std::vector<Attribute>& attributes() const { return attributes_; }
  const Attribute* attribute(std::string_view name) const;
  int64_t int_attribute(std::string_view name, int64_t fallback) const;
  float float_attribute(std::string_view name, float fallback) const;
  std::string string_attribute(std::string_view name, std::string_view fallback) const;
  std::vector<int64_t> ints_attribute(std::string_view name) const;  // empty where absent
  std::string_view metadata(std::string_view key) const;             // empty where absent
  const std::vector<std::pair<std::string_view, std::string_view>>& metadata() const {
    return metadata_;
  }

  // Name, or `@first_output` where it has none: how people and edit scripts address it.
  std::string address() const;

  Node* next() const { return next_; }
  Node* previous() const { return previous_; }

  void set_input(size_t slot, Value* value);
  void set_input_count(size_t count);  // new slots are omitted inputs
  void set_name(std::string_view name);
  void set_op_type(std::string_view op_type, std::string_view domain = "");
  // An AttributeProto without bodies; replaces one of the same name.
  void set_attribute(const WireRope& attribute_proto);
  void set_attribute(Bytes attribute_proto);  // refers to bytes that the model keeps already
  bool remove_attribute(std::string_view name);
  // An empty body in an attribute of type Graph, or one more in one of type Graphs.
  Graph& add_body(std::string_view attribute, AttributeType type = AttributeType::Graph);
  // Takes the slot, added where it is missing, from the value that has it; null: omitted. The value
  // is of this graph and has no producer.
  void set_output(size_t slot, Value* value);
  void set_overload(std::string_view overload);
  // Documentation and fields unknown here: whole, with tags.
  const std::vector<Bytes>& other_fields() const { return other_fields_; }
  void set_other_fields(std::vector<Bytes> fields);
  void set_metadata(std::string_view key, std::string_view value);
  void touch();
  bool is_touched() const { return touched_; }
  bool is_removed() const { return removed_; }  // by Graph::remove_node

 private:
  friend class Graph;
  friend class GraphImporter;
  friend class GraphExporter;
  friend class ModelCloner;
  friend class Model;
  struct Operand {
    Value* value = nullptr;
    uint32_t use_index = 0;  // where this operand stands in value->uses_
  };
  void unlink_operand(size_t slot);
  void link_operand(size_t slot, Value* value);
  void empty_bodies(Attribute& attribute);

  std::string_view name_, op_type_, domain_, overload_;
  Graph* graph_ = nullptr;
  Node* previous_ = nullptr;
  Node* next_ = nullptr;
  std::vector<Operand> inputs_;
  std::vector<Value*> outputs_;
  std::vector<Attribute> attributes_;
  std::vector<std::pair<std::string_view, std::string_view>> metadata_;
  std::vector<Bytes>
      other_fields_;  // doc_string, device configurations, unknown fields: whole, with tags
  Bytes wire_;        // the whole field as it came, valid while not touched
  bool touched_ = true;
  bool removed_ = false;
  bool noted_ = false;  // stands in the model's list of changes
};

// A graph with its values and nodes in order: the main graph, a control-flow body, or the body of a
// local function. Values and nodes live in the model's arena until the model goes; removing one
// unlinks it.
class Graph {
 public:
  Graph(Model& model, Node* owner) : model_(&model), owner_(owner) {}
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Model& model() const { return *model_; }
  Node* owner() const {
    return owner_;
  }  // the node whose attribute holds this graph; null for main graph and functions
  std::string_view name() const { return name_; }

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

  Value* find(std::string_view name) const;     // here only
  Value* resolve(std::string_view name) const;  // here, then outward

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
  void remove_value(Value& value);  // unused, undefined by a node, not an input
  // Every use in nodes (nested ones too) and among this graph's outputs.
  void replace_uses(Value& old_value, Value& new_value);
  void set_initializer(Value& value,
                       const Tensor& tensor);  // copies nothing: the model keeps the tensor
  void set_initializer(Value& value,
                       TensorRef ref);  // refers to bytes that the model keeps already
  void remove_initializer(Value& value);
  void add_output(Value& value);
  void set_outputs(const std::vector<Value*>& outputs);
  void set_inputs(const std::vector<Value*>& inputs);
  void set_type(Value& value, ValueType type);
  // Drops the declared types of values that are neither inputs nor outputs.
  void clear_inferred_types();
  // Producers before users, stable; false (and nothing changed) when there is a cycle.
  bool sort_topologically();
  void touch();
  bool is_touched() const { return touched_; }

 private:
  friend class Node;
  friend class GraphImporter;
  friend class GraphExporter;
  friend class ModelCloner;
  friend class Model;
  void link_node(Node& node, Node* before);
  void unlink_node(Node& node);

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
  std::string_view name_;
  Node* first_ = nullptr;
  Node* last_ = nullptr;
  size_t node_count_ = 0;
  std::vector<Value*> inputs_;
  std::vector<Value*> outputs_;
  std::vector<Value*>
      initializers_;  // in file order; entries whose initializer was removed are skipped
  std::vector<Value*> values_;
  std::unordered_map<std::string_view, Value*> by_name_;
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
