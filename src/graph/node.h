#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/attribute.h"
#include "graph/value.h"
#include "graph/wire.h"

namespace acuate {

class ChangeLog;

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

  // Stands before `other`, a node of the same graph, in stored order.
  bool precedes(const Node& other) const { return order_ < other.order_; }
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
  bool remove_metadata(std::string_view key);  // false where there is none
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
  ChangeLog* log() const;
  void unlink_operand(size_t slot);
  void link_operand(size_t slot, Value* value);
  void empty_bodies(Attribute& attribute);
  void relink_operand(size_t slot, Value& value, uint32_t index);  // exactly undoes unlink_operand

  std::string_view name_, op_type_, domain_, overload_;
  Graph* graph_ = nullptr;
  Node* previous_ = nullptr;
  Node* next_ = nullptr;
  uint64_t order_ = 0;  // grows along the list, with gaps
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

}  // namespace acuate
