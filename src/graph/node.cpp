#include <algorithm>

#include "base/text.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "graph/visibility.h"

namespace acuate {

// -----------------------------------------------------------------------------------------------------------

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

void Node::link_operand(size_t slot, Value* value) {
  inputs_[slot].value = value;
  if (value == nullptr) return;
  inputs_[slot].use_index = static_cast<uint32_t>(value->uses_.size());
  value->uses_.push_back({this, static_cast<uint32_t>(slot)});
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
  inputs_.resize(count);
  touch();
}

void Node::set_name(std::string_view name) {
  name_ = graph_->model().intern(name);
  touch();
}

void Node::set_op_type(std::string_view op_type, std::string_view domain) {
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
  for (Attribute& existing : attributes_)
    if (existing.name == attribute.name) {
      empty_bodies(existing);
      existing = std::move(attribute);
      return;
    }
  attributes_.push_back(std::move(attribute));
}

// Bodies read outer values: their uses go with the attribute.
void Node::empty_bodies(Attribute& attribute) {
  for (auto& body : attribute.graphs)
    while (body->last() != nullptr) body->remove_node(*body->last());
}

bool Node::remove_attribute(std::string_view name) {
  for (Attribute& attribute : attributes_)
    if (attribute.name == name) empty_bodies(attribute);
  const size_t removed = std::erase_if(
      attributes_, [&](const Attribute& attribute) { return attribute.name == name; });
  if (removed > 0) touch();
  return removed > 0;
}

Graph& Node::add_body(std::string_view name, AttributeType type) {
  const auto found =
      std::find_if(attributes_.begin(), attributes_.end(),
                   [&](const Attribute& attribute) { return attribute.name == name; });
  const bool fresh = found == attributes_.end();
  ACUATE_CHECK(fresh || (type == AttributeType::Graphs && found->type == type),
               "the attribute is there already: " + std::string(name));
  Attribute& attribute = fresh ? attributes_.emplace_back() : *found;
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
  overload_ = graph_->model().intern(overload);
  touch();
}

void Node::set_other_fields(std::vector<Bytes> fields) {
  other_fields_ = std::move(fields);
  touch();
}

void Node::set_metadata(std::string_view key, std::string_view value) {
  Model& model = graph_->model();
  touch();
  for (auto& [k, v] : metadata_)
    if (k == key) {
      v = model.intern(value);
      return;
    }
  metadata_.emplace_back(model.intern(key), model.intern(value));
}

void Node::touch() {
  touched_ = true;
  if (graph_ == nullptr) return;
  graph_->model().note_change(*this);
  graph_->touch();
}

}  // namespace acuate
