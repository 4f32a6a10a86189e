#include "graph/graph.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "graph/change_log.h"
#include "graph/model.h"
#include "graph/visibility.h"

namespace acuate {
namespace {
constexpr uint64_t kOrderGap = uint64_t{1} << 32;  // 2³¹ nodes fit, 32 insertions at one place
}

Graph::Graph(Model& model, Node* owner, const Function* function)
    : model_(&model), owner_(owner), function_(function) {
  if (owner == nullptr) return;
  std::vector<Node*>& owners = owner->graph().body_owners_;
  if (owners.empty() || owners.back() != owner) owners.push_back(owner);
}

ChangeLog* Graph::log() const { return model_->change_log(); }

void Graph::touch() {
  if (touched_) return;
  touched_ = true;
  if (ChangeLog* log = this->log()) log->record([this] { touched_ = false; });
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

std::vector<Node*> Graph::body_owners() const {
  std::vector<Node*> out;
  for (Node* node : body_owners_)
    if (!node->removed_ && std::ranges::any_of(node->attributes_, [](const Attribute& attribute) {
          return !attribute.graphs.empty();
        }))
      out.push_back(node);
  std::ranges::sort(out, [](const Node* a, const Node* b) { return a->precedes(*b); });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<Node*> Graph::nodes_called(std::string_view name) const {
  if (!node_index_) {
    node_index_ = std::make_unique<NodeIndex>();
    for (Node* node = first_; node != nullptr; node = node->next_)
      if (!node->name_.empty()) (*node_index_)[node->name_].push_back(node);
  }
  const auto found = node_index_->find(name);
  return found == node_index_->end() ? std::vector<Node*>{} : found->second;
}

void Graph::node_renamed(Node& node, std::string_view old_name) {
  if (!node_index_ || node.removed_) return;
  if (!old_name.empty()) std::erase((*node_index_)[old_name], &node);
  if (!node.name_.empty()) (*node_index_)[node.name_].push_back(&node);
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

int64_t Graph::opset_version(std::string_view domain) const {
  const Graph* outermost = this;
  while (outermost->owner_ != nullptr) outermost = outermost->owner_->graph_;
  if (outermost->function_ == nullptr) return model_->opset_version(domain);
  for (const OpsetImport& import : outermost->function_->opset_imports)
    if (import.domain == domain) return import.version;
  return 0;
}

std::vector<Value*> Graph::definitions(std::string_view name) const {
  Value* first = find(name);
  if (first == nullptr) return {};
  std::vector<Value*> out{first};
  if (const auto later = shadowed_.find(name); later != shadowed_.end())
    out.insert(out.end(), later->second.begin(), later->second.end());
  return out;
}

void Graph::enter_name(Value& value, size_t place) {
  const auto [first, is_new] = by_name_.try_emplace(value.name, &value);
  if (is_new) return;
  std::vector<Value*>& later = shadowed_[value.name];
  Value* entered = &value;
  if (place == 0) std::swap(entered, first->second);
  place = std::clamp<size_t>(place, 1, later.size() + 1);
  later.insert(later.begin() + static_cast<std::ptrdiff_t>(place - 1), entered);
}

size_t Graph::leave_name(const Value& value) {
  const auto first = by_name_.find(value.name);
  const auto later = shadowed_.find(value.name);
  if (later == shadowed_.end()) {
    by_name_.erase(first);
    return 0;
  }
  std::vector<Value*>& others = later->second;
  size_t place = 0;
  if (first->second == &value) {
    first->second = others.front();
    others.erase(others.begin());
  } else {
    const auto found = std::find(others.begin(), others.end(), &value);
    place = 1 + static_cast<size_t>(found - others.begin());
    others.erase(found);
  }
  if (others.empty()) shadowed_.erase(later);
  return place;
}

Value* Graph::add_value(std::string_view name) {
  ACUATE_CHECK(find(name) == nullptr, "value name is taken: " + std::string(name));
  Value* value = model_->new_value();
  value->name = model_->intern(name);
  value->graph = this;
  enter_name(*value, 0);
  values_.push_back(value);
  if (ChangeLog* log = this->log())
    log->record([this, value] {
      leave_name(*value);
      values_.pop_back();
      value->graph = nullptr;
    });
  return value;
}

std::string Graph::unused_name(std::string_view stem) const {
  if (resolve(stem) == nullptr) return std::string(stem);
  const auto numbered = [&](size_t suffix) { return fmt::format("{}_{}", stem, suffix); };
  // Doubled until one is free, then halved: one stem may be asked for a hundred thousand times.
  size_t taken = 0, free = 1;
  while (resolve(numbered(free)) != nullptr) {
    taken = free;
    free *= 2;
  }
  while (free - taken > 1) {
    const size_t middle = taken + (free - taken) / 2;
    (resolve(numbered(middle)) != nullptr ? taken : free) = middle;
  }
  return numbered(free);
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
  const size_t place = leave_name(value);
  const std::string_view old = std::exchange(value.name, model_->intern(name));
  enter_name(value, 0);
  Declaration* declared = declaration(value);
  const bool was_touched = declared != nullptr && std::exchange(declared->touched, true);
  if (ChangeLog* log = this->log())
    log->record([this, &value, old, place, was_touched] {
      leave_name(value);
      value.name = old;
      enter_name(value, place);
      if (Declaration* d = declaration(value)) d->touched = was_touched;
    });
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
  if (node_index_ && !node.name_.empty()) (*node_index_)[node.name_].push_back(&node);
  const uint64_t low = node.previous_ ? node.previous_->order_ : 0;
  const uint64_t high = before ? before->order_ : low + 2 * kOrderGap;
  node.order_ = low + (high - low) / 2;
  if (node.order_ != low) return;
  // No room between the neighbours: number the list anew, which is rare.
  uint64_t order = 0;
  for (Node* each = first_; each != nullptr; each = each->next_) each->order_ = order += kOrderGap;
}

void Graph::unlink_node(Node& node) {
  (node.previous_ ? node.previous_->next_ : first_) = node.next_;
  (node.next_ ? node.next_->previous_ : last_) = node.previous_;
  node.previous_ = node.next_ = nullptr;
  --node_count_;
  if (node_index_ && !node.name_.empty()) std::erase((*node_index_)[node.name_], &node);
}

Node* Graph::add_node(std::string_view op_type, std::string_view domain, std::string_view name,
                      const std::vector<Value*>& inputs, const std::vector<Value*>& outputs,
                      Node* before) {
  ACUATE_CHECK(before == nullptr || before->graph_ == this,
               "insertion point stands in another graph");
  Node* node = model_->new_node();
  node->graph_ = this;
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
  if (ChangeLog* log = this->log())
    log->record([this, node] {
      for (Value* output : node->outputs_)
        if (output != nullptr) {
          output->producer = nullptr;
          model_->note_change(*output);
        }
      unlink_node(*node);
      node->removed_ = true;
    });
  model_->note_change(*node);
  touch();
  return node;
}

void Graph::move_before(Node& node, Node* before) {
  if (before == &node) return;
  Node* old_next = node.next_;
  unlink_node(node);
  link_node(node, before);
  if (ChangeLog* log = this->log())
    log->record([this, &node, old_next] {
      unlink_node(node);
      link_node(node, old_next);
    });
  touch();
}

void Graph::remove_node(Node& node) {
  ACUATE_CHECK(node.graph_ == this, "node stands in another graph");
  for (size_t slot = 0; slot < node.inputs_.size(); ++slot) node.unlink_operand(slot);
  std::vector<Value*> produced;
  for (Value* output : node.outputs_)
    if (output != nullptr && output->producer == &node) {
      output->producer = nullptr;
      produced.push_back(output);
      model_->note_change(*output);
    }
  // Bodies read outer values: their uses go with the node.
  for (Attribute& attribute : node.attributes_) node.empty_bodies(attribute);
  Node* next = node.next_;
  unlink_node(node);
  node.removed_ = true;
  if (ChangeLog* log = this->log())
    log->record([this, &node, next, produced = std::move(produced)] {
      link_node(node, next);
      node.removed_ = false;
      for (Value* output : produced) output->producer = &node;
      model_->note_change(node);
    });
  touch();
}

void Graph::clear() {
  set_outputs({});
  while (last_ != nullptr) remove_node(*last_);
}

void Graph::remove_value(Value& value) {
  ACUATE_CHECK(
      value.graph == this && value.is_unused() && value.producer == nullptr && !value.is_input,
      "value is still in use: " + std::string(value.name));
  const size_t place = leave_name(value);
  auto declared = declarations_.extract(&value);
  value.graph = nullptr;
  if (ChangeLog* log = this->log())
    log->record([this, &value, place, declared = std::move(declared),
                 initializer = std::move(value.initializer)]() mutable {
      value.graph = this;
      enter_name(value, place);
      declarations_.insert(std::move(declared));
      value.initializer = std::move(initializer);
      model_->note_change(value);
    });
  value.initializer.reset();
  touch();
}

void Graph::replace_uses(Value& old_value, Value& new_value) {
  if (&old_value == &new_value) return;
  while (!old_value.uses_.empty()) {
    const Use use = old_value.uses_.back();
    use.node->set_input(use.slot, &new_value);
  }
  if (old_value.output_count == 0) return;
  std::vector<Value*> outputs = outputs_;
  std::replace(outputs.begin(), outputs.end(), &old_value, &new_value);
  if (outputs != outputs_) set_outputs(outputs);
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
  ValueType type;
  type.kind = ValueType::Kind::Tensor;
  type.element = ref.type;
  type.shape.emplace();
  for (const int64_t dim : ref.shape) type.shape->push_back({dim, {}});
  const bool was_listed = std::exchange(value.listed_initializer_, true);
  if (!was_listed) initializers_.push_back(&value);
  if (ChangeLog* log = this->log())
    log->record([this, &value, was_listed, old_type = std::move(value.type),
                 old = std::move(value.initializer)]() mutable {
      if (!was_listed) initializers_.pop_back();
      value.listed_initializer_ = was_listed;
      value.type = std::move(old_type);
      value.initializer = std::move(old);
      model_->note_change(value);
    });
  value.type = std::move(type);
  value.initializer = std::move(ref);
  model_->note_change(value);
  touch();
}

void Graph::remove_initializer(Value& value) {
  if (ChangeLog* log = this->log())
    log->record([this, &value, old = std::move(value.initializer)]() mutable {
      value.initializer = std::move(old);
      model_->note_change(value);
    });
  value.initializer.reset();
  model_->note_change(value);
  touch();
}

void Graph::add_output(Value& value) {
  outputs_.push_back(&value);
  ++value.output_count;
  if (ChangeLog* log = this->log())
    log->record([this] {
      --outputs_.back()->output_count;
      outputs_.pop_back();
      note_outputs_changed();
    });
  note_outputs_changed();
  touch();
}

void Graph::exchange_outputs(std::vector<Value*>& outputs) {
  for (Value* output : outputs_) --output->output_count;
  outputs_.swap(outputs);
  for (Value* output : outputs_) ++output->output_count;
  note_outputs_changed();
}

// What a body or function hands out is what its node, or its calls, give.
void Graph::note_outputs_changed() {
  if (owner_ != nullptr) model_->note_change(*owner_);
  if (function_ != nullptr) model_->note_all_changed();
}

void Graph::set_outputs(std::vector<Value*> outputs) {
  exchange_outputs(outputs);
  if (ChangeLog* log = this->log())
    log->record([this, old = std::move(outputs)]() mutable { exchange_outputs(old); });
  touch();
}

void Graph::exchange_inputs(std::vector<Value*>& inputs) {
  inputs_.swap(inputs);
  for (Value* input : inputs) input->is_input = false;
  for (Value* input : inputs_) input->is_input = true;
  for (const auto& list : {std::cref(inputs), std::cref(inputs_)})
    for (Value* input : list.get()) model_->note_change(*input);
}

void Graph::set_inputs(std::vector<Value*> inputs) {
  exchange_inputs(inputs);
  if (ChangeLog* log = this->log())
    log->record([this, old = std::move(inputs)]() mutable { exchange_inputs(old); });
  touch();
}

Graph::Declaration* Graph::declaration(Value& value) {
  const auto found = declarations_.find(&value);
  return found == declarations_.end() ? nullptr : &found->second;
}

void Graph::set_type(Value& value, ValueType type) {
  const auto [place, added] = declarations_.try_emplace(&value, Declaration{&value, {}, true});
  const bool was_touched = std::exchange(place->second.touched, true);
  const bool listed = added && !value.is_input && !value.is_output();
  if (listed) value_infos_.emplace_back(&value, Bytes());
  if (ChangeLog* log = this->log())
    log->record(
        [this, &value, added = added, was_touched, listed, old = std::move(value.type)]() mutable {
          value.type = std::move(old);
          if (listed) value_infos_.pop_back();
          if (added)
            declarations_.erase(&value);
          else
            declaration(value)->touched = was_touched;
          model_->note_change(value);
        });
  value.type = std::move(type);
  model_->note_change(value);
  touch();
}

void Graph::set_inferred_type(Value& value, ValueType type) {
  if (ChangeLog* log = this->log())
    log->record([this, &value, old = std::move(value.type)]() mutable {
      value.type = std::move(old);
      model_->note_restored(value);
    });
  value.type = std::move(type);
}

void Graph::clear_inferred_types() {
  struct Cleared {
    Value* value;
    ValueType type;
    decltype(declarations_)::node_type declared;
  };
  std::vector<Cleared> cleared;
  bool declared_any = !value_infos_.empty();
  for (Value* value : values_) {
    if (value->graph != this || value->is_input || value->is_output() || value->initializer)
      continue;
    auto declared = declarations_.extract(value);
    const bool is_followed = model_->is_tracking_changes();
    if (declared.empty() && (is_followed || value->type.kind == ValueType::Kind::Unknown)) continue;
    declared_any |= !declared.empty();
    cleared.push_back({value, std::exchange(value->type, {}), std::move(declared)});
    model_->note_change(*value);
  }
  if (cleared.empty() && !declared_any) return;
  if (ChangeLog* log = this->log())
    log->record(
        [this, cleared = std::move(cleared), infos = std::exchange(value_infos_, {})]() mutable {
          for (Cleared& entry : cleared) {
            entry.value->type = std::move(entry.type);
            declarations_.insert(std::move(entry.declared));
            model_->note_change(*entry.value);
          }
          value_infos_ = std::move(infos);
        });
  value_infos_.clear();
  if (declared_any) touch();
}

}  // namespace acuate
