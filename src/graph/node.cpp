#include <algorithm>

#include "base/text.h"
#include "graph/change_log.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "graph/visibility.h"

namespace acuate {

const Attribute* Node::attribute(std::string_view name) const {
  for (const Attribute& attribute : attributes_)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

int64_t Node::int_attribute(std::string_view name, int64_t fallback) const {
  const Attribute* found = attribute(name);
  return found ? found->as_int().value_or(fallback) : fallback;
}

float Node::float_attribute(std::string_view name, float fallback) const {
  const Attribute* found = attribute(name);
  return found ? found->as_float().value_or(fallback) : fallback;
}

std::string Node::string_attribute(std::string_view name, std::string_view fallback) const {
  const Attribute* found = attribute(name);
  return std::string(found ? found->as_string().value_or(fallback) : fallback);
}

std::vector<int64_t> Node::ints_attribute(std::string_view name) const {
  const Attribute* found = attribute(name);
  return found ? found->as_ints().value_or(std::vector<int64_t>{}) : std::vector<int64_t>{};
}

std::string_view Node::metadata(std::string_view key) const {
  for (const auto& [k, v] : metadata_)
    if (k == key) return v;
  return {};
}

std::string Node::address() const {
  if (!name_.empty()) return to_valid_utf8(name_);
  for (const Value* output : outputs_)
    if (output != nullptr) return "@" + to_valid_utf8(output->name);
  return "@";
}

ChangeLog* Node::log() const { return graph_ != nullptr ? graph_->log() : nullptr; }

void Node::link_operand(size_t slot, Value* value) {
  inputs_[slot].value = value;
  if (value == nullptr) return;
  inputs_[slot].use_index = static_cast<uint32_t>(value->uses_.size());
  value->uses_.push_back({this, static_cast<uint32_t>(slot)});
  if (ChangeLog* log = this->log())
    log->record([this, slot] {
      inputs_[slot].value->uses_.pop_back();  // the last to come is the first to go
      inputs_[slot].value = nullptr;
      graph_->model().note_change(*this);
    });
}

void Node::unlink_operand(size_t slot) {
  Value* value = inputs_[slot].value;
  if (value == nullptr) return;
  const uint32_t index = inputs_[slot].use_index;
  const Use moved = value->uses_.back();
  value->uses_[index] = moved;
  value->uses_.pop_back();
  moved.node->inputs_[moved.slot].use_index = index;
  inputs_[slot].value = nullptr;
  if (ChangeLog* log = this->log())
    log->record([this, slot, value, index] { relink_operand(slot, *value, index); });
}

void Node::relink_operand(size_t slot, Value& value, uint32_t index) {
  const Use use{this, static_cast<uint32_t>(slot)};
  value.uses_.push_back(use);
  std::swap(value.uses_[index], value.uses_.back());
  const Use moved = value.uses_.back();
  moved.node->inputs_[moved.slot].use_index = static_cast<uint32_t>(value.uses_.size() - 1);
  inputs_[slot] = {&value, index};
  graph_->model().note_change(*this);
}

void Node::set_input(size_t slot, Value* value) {
  if (slot >= inputs_.size()) set_input_count(slot + 1);
  unlink_operand(slot);
  link_operand(slot, value);
  if (value != nullptr && value->graph != graph_) make_visible(*value, *graph_);
  touch();
}

void Node::set_input_count(size_t count) {
  for (size_t slot = count; slot < inputs_.size(); ++slot) unlink_operand(slot);
  if (ChangeLog* log = this->log())
    log->record([this, old = inputs_.size()] { inputs_.resize(old); });
  inputs_.resize(count);
  touch();
}

void Node::set_name(std::string_view name) {
  const std::string_view old = std::exchange(name_, graph_->model().intern(name));
  graph_->node_renamed(*this, old);
  if (ChangeLog* log = this->log())
    log->record([this, old] {
      const std::string_view undone = std::exchange(name_, old);
      graph_->node_renamed(*this, undone);
    });
  touch();
}

void Node::set_op_type(std::string_view op_type, std::string_view domain) {
  if (ChangeLog* log = this->log())
    log->record([this, op_type = op_type_, domain = domain_] {
      op_type_ = op_type;
      domain_ = domain;
      graph_->model().note_change(*this);
    });
  op_type_ = graph_->model().intern(op_type);
  domain_ = graph_->model().intern(domain);
  touch();
}

void Node::set_attribute(const WireRope& attribute_proto) {
  set_attribute(graph_->model().own(attribute_proto));
}

void Node::set_attribute(Bytes attribute_proto) {
  Attribute attribute;
  attribute.wire = attribute_proto;
  WireReader reader(attribute.wire);
  for (WireField field; reader.next(field);) {
    if (field.number == kAttributeName) attribute.name = field.text();
    if (field.number == kAttributeType) attribute.type = static_cast<AttributeType>(field.varint);
    if (field.number == kAttributeRefName) attribute.ref_attr_name = field.text();
  }
  touch();
  for (size_t index = 0; index < attributes_.size(); ++index) {
    Attribute& existing = attributes_[index];
    if (existing.name != attribute.name) continue;
    empty_bodies(existing);
    if (ChangeLog* log = this->log())
      log->record([this, index, old = std::move(existing)]() mutable {
        attributes_[index] = std::move(old);
        graph_->model().note_change(*this);
      });
    existing = std::move(attribute);
    return;
  }
  attributes_.push_back(std::move(attribute));
  if (ChangeLog* log = this->log())
    log->record([this] {
      attributes_.pop_back();
      graph_->model().note_change(*this);
    });
}

// Bodies read outer values: their uses go with the attribute.
void Node::empty_bodies(Attribute& attribute) {
  for (auto& body : attribute.graphs) body->clear();
}

bool Node::remove_attribute(std::string_view name) {
  const size_t before = attributes_.size();
  for (size_t index = before; index-- > 0;) {
    if (attributes_[index].name != name) continue;
    empty_bodies(attributes_[index]);
    const auto place = attributes_.begin() + static_cast<std::ptrdiff_t>(index);
    if (ChangeLog* log = this->log())
      log->record([this, index, old = std::move(*place)]() mutable {
        attributes_.insert(attributes_.begin() + static_cast<std::ptrdiff_t>(index),
                           std::move(old));
        graph_->model().note_change(*this);
      });
    attributes_.erase(place);
  }
  if (attributes_.size() == before) return false;
  touch();
  return true;
}

Graph& Node::add_body(std::string_view name, AttributeType type) {
  const auto found =
      std::find_if(attributes_.begin(), attributes_.end(),
                   [&](const Attribute& attribute) { return attribute.name == name; });
  const bool fresh = found == attributes_.end();
  ACUATE_CHECK(fresh || (type == AttributeType::Graphs && found->type == type),
               "the attribute is there already: " + std::string(name));
  Attribute& attribute = fresh ? attributes_.emplace_back() : *found;
  if (ChangeLog* log = this->log())
    log->record([this, fresh, index = &attribute - attributes_.data(), old = attribute.wire] {
      Attribute& changed = attributes_[static_cast<size_t>(index)];
      changed.graphs.pop_back();
      changed.wire = old;
      if (fresh) attributes_.pop_back();
      graph_->model().note_change(*this);
    });
  attribute.name = graph_->model().intern(name);
  attribute.type = type;
  attribute.graphs.push_back(std::make_unique<Graph>(graph_->model(), this));
  // The bodies stand in `graphs`; the wire has their places.
  WireRope wire;
  wire.text_field(kAttributeName, name);
  for (size_t i = 0; i < attribute.graphs.size(); ++i)
    wire.text_field(type == AttributeType::Graphs ? kAttributeGraphs : kAttributeGraph, "");
  wire.varint_field(kAttributeType, static_cast<uint64_t>(type));
  attribute.wire = graph_->model().own(wire);
  touch();
  return *attribute.graphs.back();
}

void Node::set_output(size_t slot, Value* value) {
  ACUATE_CHECK(value == nullptr || (value->graph == graph_ && value->producer == nullptr),
               "a value of the node's graph without a producer is needed");
  if (ChangeLog* log = this->log())
    log->record([this, slot, value, old_count = outputs_.size(), old = output(slot),
                 was_ours = output(slot) != nullptr && output(slot)->producer == this,
                 old_slot = value != nullptr ? value->output_slot : 0] {
      if (value != nullptr) {
        value->producer = nullptr;
        value->output_slot = old_slot;
        graph_->model().note_change(*value);
      }
      outputs_[slot] = old;
      if (was_ours) old->producer = this;
      outputs_.resize(old_count);
      graph_->model().note_change(*this);
    });
  if (slot >= outputs_.size()) outputs_.resize(slot + 1, nullptr);
  if (Value* old = outputs_[slot]; old != nullptr && old->producer == this) {
    old->producer = nullptr;
    graph_->model().note_change(*old);
  }
  outputs_[slot] = value;
  if (value != nullptr) {
    value->producer = this;
    value->output_slot = static_cast<uint32_t>(slot);
    graph_->model().note_change(*value);
  }
  touch();
}

void Node::set_overload(std::string_view overload) {
  if (ChangeLog* log = this->log()) log->record([this, old = overload_] { overload_ = old; });
  overload_ = graph_->model().intern(overload);
  touch();
}

void Node::set_other_fields(std::vector<Bytes> fields) {
  other_fields_.swap(fields);
  if (ChangeLog* log = this->log())
    log->record([this, old = std::move(fields)]() mutable { other_fields_ = std::move(old); });
  touch();
}

void Node::set_metadata(std::string_view key, std::string_view value) {
  Model& model = graph_->model();
  touch();
  for (size_t index = 0; index < metadata_.size(); ++index) {
    if (metadata_[index].first != key) continue;
    if (ChangeLog* log = this->log())
      log->record([this, index, old = metadata_[index].second] { metadata_[index].second = old; });
    metadata_[index].second = model.intern(value);
    return;
  }
  metadata_.emplace_back(model.intern(key), model.intern(value));
  if (ChangeLog* log = this->log()) log->record([this] { metadata_.pop_back(); });
}

bool Node::remove_metadata(std::string_view key) {
  auto kept = metadata_;
  if (std::erase_if(kept, [&](const auto& entry) { return entry.first == key; }) == 0) return false;
  touch();
  metadata_.swap(kept);
  if (ChangeLog* log = this->log())
    log->record([this, old = std::move(kept)]() mutable { metadata_ = std::move(old); });
  return true;
}

void Node::touch() {
  if (!touched_) {
    touched_ = true;
    if (ChangeLog* log = this->log()) log->record([this] { touched_ = false; });
  }
  if (graph_ == nullptr) return;
  graph_->model().note_change(*this);
  graph_->touch();
}

}  // namespace acuate
