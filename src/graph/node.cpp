#include "base/text.h"
#include "graph/graph.h"
#include "graph/model.h"

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
  Attribute attribute;
  attribute.wire = graph_->model().own(attribute_proto);
  WireReader reader(attribute.wire);
  for (WireField field; reader.next(field);) {
    if (field.number == kAttributeName) attribute.name = field.text();
    if (field.number == kAttributeType) attribute.type = static_cast<AttributeType>(field.varint);
  }
  touch();
  for (Attribute& existing : attributes_)
    if (existing.name == attribute.name) {
      existing = std::move(attribute);
      return;
    }
  attributes_.push_back(std::move(attribute));
}

bool Node::remove_attribute(std::string_view name) {
  const size_t removed = std::erase_if(
      attributes_, [&](const Attribute& attribute) { return attribute.name == name; });
  if (removed > 0) touch();
  return removed > 0;
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
