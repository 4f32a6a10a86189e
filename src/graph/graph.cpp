#include "graph/graph.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "graph/model.h"
#include "graph/visibility.h"

namespace acuate {

std::string Dim::text() const {
  if (is_known()) return std::to_string(value);
  return name.empty() ? "?" : to_valid_utf8(name);
}

bool ValueType::is_static() const {
  return kind == Kind::Tensor && shape &&
         std::all_of(shape->begin(), shape->end(), [](const Dim& d) { return d.is_known(); });
}

std::optional<Shape> ValueType::static_shape() const {
  if (!is_static()) return std::nullopt;
  Shape out;
  for (const Dim& dim : *shape) out.push_back(dim.value);
  return out;
}

std::string ValueType::text() const {
  switch (kind) {
    case Kind::Unknown:
      return "unknown";
    case Kind::Sequence:
      return "sequence";
    case Kind::Map:
      return "map";
    case Kind::Optional:
      return "optional";
    case Kind::Opaque:
      return "opaque";
    case Kind::Tensor:
    case Kind::SparseTensor:
      break;
  }
  std::string out = std::string(kind == Kind::SparseTensor ? "sparse " : "") +
                    std::string(element_type_name(element));
  if (!shape) return out + "[*]";
  std::vector<std::string> dims;
  for (const Dim& dim : *shape) dims.push_back(dim.text());
  return out + "[" + join(dims, ", ") + "]";
}

// ----------------------------------------------------------------------------------------------------------

void Graph::touch() {
  if (touched_) return;
  touched_ = true;
  if (owner_ != nullptr) owner_->touch();
}

std::vector<Node*> Graph::nodes() const {
  std::vector<Node*> out;
  out.reserve(node_count_);
  for (Node* node = first_; node != nullptr; node = node->next_) out.push_back(node);
  return out;
}

std::vector<Value*> Graph::initializers() const {
  std::vector<Value*> out;
  for (Value* value : initializers_)
    if (value->initializer && value->graph == this) out.push_back(value);
  return out;
}

std::vector<Value*> Graph::values() const {
  std::vector<Value*> out;
  for (Value* value : values_)
    if (value->graph == this) out.push_back(value);
  return out;
}

Value* Graph::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Value* Graph::resolve(std::string_view name) const {
  for (const Graph* graph = this; graph != nullptr;
       graph = graph->owner_ ? graph->owner_->graph_ : nullptr)
    if (Value* value = graph->find(name)) return value;
  return nullptr;
}

Value* Graph::add_value(std::string_view name) {
  ACUATE_CHECK(find(name) == nullptr, "value name is taken: " + std::string(name));
  Value* value = model_->new_value();
  value->name = model_->intern(name);
  value->graph = this;
  by_name_.emplace(value->name, value);
  values_.push_back(value);
  return value;
}

std::string Graph::unused_name(std::string_view stem) const {
  std::string name(stem);
  for (size_t suffix = 1; resolve(name) != nullptr; ++suffix)
    name = fmt::format("{}_{}", stem, suffix);
  return name;
}

void make_visible(const Value& value, Graph& reader) {
  for (Graph* graph = &reader; graph != value.graph && graph->owner() != nullptr;
       graph = &graph->owner()->graph())
    if (Value* shadow = graph->find(value.name))
      graph->rename(*shadow, graph->unused_name(value.name));
}

void Graph::rename(Value& value, std::string_view name) {
  ACUATE_CHECK(value.graph == this && find(name) == nullptr,
               "rename to a taken name: " + std::string(name));
  by_name_.erase(value.name);
  value.name = model_->intern(name);
  by_name_.emplace(value.name, &value);
  if (Declaration* d = declaration(value)) d->touched = true;
  if (value.producer != nullptr) value.producer->touch();
  for (const Use& use : value.uses_) {
    use.node->touch();
    if (use.node->graph_ != this) make_visible(value, *use.node->graph_);
  }
  touch();
}

void Graph::link_node(Node& node, Node* before) {
  node.graph_ = this;
  node.next_ = before;
  node.previous_ = before ? before->previous_ : last_;
  (node.previous_ ? node.previous_->next_ : first_) = &node;
  (before ? before->previous_ : last_) = &node;
  ++node_count_;
}

void Graph::unlink_node(Node& node) {
  (node.previous_ ? node.previous_->next_ : first_) = node.next_;
  (node.next_ ? node.next_->previous_ : last_) = node.previous_;
  node.previous_ = node.next_ = nullptr;
  --node_count_;
}

Node* Graph::add_node(std::string_view op_type, std::string_view domain, std::string_view name,
                      const std::vector<Value*>& inputs, const std::vector<Value*>& outputs,
                      Node* before) {
  ACUATE_CHECK(before == nullptr || before->graph_ == this,
               "insertion point stands in another graph");
  Node* node = model_->new_node();
  node->op_type_ = model_->intern(op_type);
  node->domain_ = model_->intern(domain);
  node->name_ = model_->intern(name);
  node->inputs_.resize(inputs.size());
  for (size_t slot = 0; slot < inputs.size(); ++slot) {
    node->link_operand(slot, inputs[slot]);
    if (inputs[slot] != nullptr && inputs[slot]->graph != this) make_visible(*inputs[slot], *this);
  }
  for (Value* output : outputs) {
    if (output != nullptr) {
      ACUATE_CHECK(output->graph == this && output->producer == nullptr,
                   "output is produced already: " + std::string(output->name));
      output->producer = node;
      output->output_slot = static_cast<uint32_t>(node->outputs_.size());
    }
    node->outputs_.push_back(output);
  }
  link_node(*node, before);
  model_->note_change(*node);
  touch();
  return node;
}

void Graph::move_before(Node& node, Node* before) {
  if (before == &node) return;
  unlink_node(node);
  link_node(node, before);
  touch();
}

void Graph::remove_node(Node& node) {
  ACUATE_CHECK(node.graph_ == this, "node stands in another graph");
  for (size_t slot = 0; slot < node.inputs_.size(); ++slot) node.unlink_operand(slot);
  for (Value* output : node.outputs_)
    if (output != nullptr && output->producer == &node) {
      output->producer = nullptr;
      model_->note_change(*output);
    }
  // Bodies read outer values: their uses go with the node.
  for (Attribute& attribute : node.attributes_) node.empty_bodies(attribute);
  unlink_node(node);
  node.removed_ = true;
  touch();
}

void Graph::remove_value(Value& value) {
  ACUATE_CHECK(
      value.graph == this && value.is_unused() && value.producer == nullptr && !value.is_input,
      "value is still in use: " + std::string(value.name));
  if (find(value.name) == &value) by_name_.erase(value.name);
  declarations_.erase(&value);
  value.initializer.reset();
  value.graph = nullptr;
  touch();
}

void Graph::replace_uses(Value& old_value, Value& new_value) {
  if (&old_value == &new_value) return;
  while (!old_value.uses_.empty()) {
    const Use use = old_value.uses_.back();
    use.node->set_input(use.slot, &new_value);
  }
  if (old_value.output_count == 0) return;
  for (Value*& output : outputs_)
    if (output == &old_value) {
      output = &new_value;
      --old_value.output_count;
      ++new_value.output_count;
    }
  touch();
}

void Graph::set_initializer(Value& value, const Tensor& tensor) {
  WireRope head;  // everything but the payload, which stays where the tensor has it
  if (!tensor.shape().empty()) head.packed_varint_field(1, tensor.shape());
  head.varint_field(2, static_cast<uint64_t>(tensor.type()));
  head.text_field(8, value.name);
  TensorRef ref;
  ref.type = tensor.type();
  ref.shape = tensor.shape();
  ref.wire = model_->own(head);
  ref.resident = std::make_shared<const Tensor>(tensor);
  set_initializer(value, std::move(ref));
}

void Graph::set_initializer(Value& value, TensorRef ref) {
  ACUATE_CHECK(value.graph == this && value.producer == nullptr,
               "an initializer has no producer: " + std::string(value.name));
  if (!value.listed_initializer_) initializers_.push_back(&value);
  value.listed_initializer_ = true;
  value.type = {};
  value.type.kind = ValueType::Kind::Tensor;
  value.type.element = ref.type;
  value.type.shape.emplace();
  for (const int64_t dim : ref.shape) value.type.shape->push_back({dim, {}});
  value.initializer = std::move(ref);
  model_->note_change(value);
  touch();
}

void Graph::remove_initializer(Value& value) {
  value.initializer.reset();
  model_->note_change(value);
  touch();
}

void Graph::add_output(Value& value) {
  outputs_.push_back(&value);
  ++value.output_count;
  touch();
}

void Graph::set_outputs(const std::vector<Value*>& outputs) {
  for (Value* output : outputs_) --output->output_count;
  outputs_.clear();
  for (Value* output : outputs) add_output(*output);
  touch();
}

void Graph::set_inputs(const std::vector<Value*>& inputs) {
  for (Value* input : inputs_) {
    input->is_input = false;
    model_->note_change(*input);
  }
  inputs_ = inputs;
  for (Value* input : inputs_) {
    input->is_input = true;
    model_->note_change(*input);
  }
  touch();
}

Graph::Declaration* Graph::declaration(Value& value) {
  const auto found = declarations_.find(&value);
  return found == declarations_.end() ? nullptr : &found->second;
}

void Graph::set_type(Value& value, ValueType type) {
  value.type = std::move(type);
  model_->note_change(value);
  auto [place, added] = declarations_.try_emplace(&value, Declaration{&value, {}, true});
  place->second.touched = true;
  if (added && !value.is_input && !value.is_output()) value_infos_.emplace_back(&value, Bytes());
  touch();
}

void Graph::clear_inferred_types() {
  for (Value* value : values_) {
    if (value->graph != this || value->is_input || value->is_output() || value->initializer)
      continue;
    value->type = {};
    declarations_.erase(value);
  }
  value_infos_.clear();
  model_->note_all_changed();
  touch();
}

bool Graph::sort_topologically() {
  // Kahn's algorithm over this graph's nodes; a body's outer uses count for the node that holds the
  // body.
  std::unordered_map<const Node*, size_t> missing;
  std::unordered_map<const Node*, std::vector<Node*>> users;
  const auto node_here = [&](Node* node) {
    while (node != nullptr && node->graph_ != this) node = node->graph_->owner_;
    return node;
  };
  for (Node* node = first_; node != nullptr; node = node->next_)
    for (const Value* output : node->outputs_) {
      if (output == nullptr) continue;
      for (const Use& use : output->uses_)
        if (Node* user = node_here(use.node); user != nullptr) {
          users[node].push_back(user);
          ++missing[user];
        }
    }
  std::vector<Node*> order;
  order.reserve(node_count_);
  // A stable order: a min-heap over the old positions.
  std::unordered_map<const Node*, size_t> position;
  for (Node* node = first_; node != nullptr; node = node->next_)
    position.emplace(node, position.size());
  const auto later = [&](const Node* a, const Node* b) { return position[a] > position[b]; };
  std::vector<Node*> ready;
  for (Node* node = first_; node != nullptr; node = node->next_)
    if (missing[node] == 0) ready.push_back(node);
  std::make_heap(ready.begin(), ready.end(), later);
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), later);
    Node* node = ready.back();
    ready.pop_back();
    order.push_back(node);
    for (Node* user : users[node])
      if (--missing[user] == 0) {
        ready.push_back(user);
        std::push_heap(ready.begin(), ready.end(), later);
      }
  }
  if (order.size() != node_count_) return false;
  bool changed = false;
  Node* expected = first_;
  for (Node* node : order) {
    if (node != expected) changed = true;
    expected = expected ? expected->next_ : nullptr;
  }
  if (!changed) return true;
  first_ = last_ = nullptr;
  node_count_ = 0;
  for (Node* node : order) link_node(*node, nullptr);
  touch();
  return true;
}

}  // namespace acuate
