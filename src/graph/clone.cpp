#include <unordered_map>

#include "graph/model.h"

namespace acuate {

// Copies structure; every name, attribute and weight keeps referring to the bytes that both models
// hold.
class ModelCloner {
 public:
  explicit ModelCloner(const Model& source) : source_(source), copy_(std::make_unique<Model>()) {}

  std::unique_ptr<Model> run() {
    // The source's arena holds names and attributes; the copy keeps what it refers to by copying
    // those below.
    copy_->keep_storage_of(source_);
    copy_->opset_imports_ = source_.opset_imports_;
    copy_->metadata_ = source_.metadata_;
    for (OpsetImport& import : copy_->opset_imports_) import.domain = copy_->intern(import.domain);
    for (auto& [key, value] : copy_->metadata_) {
      key = copy_->intern(key);
      value = copy_->intern(value);
    }
    copy_->ir_version_ = source_.ir_version_;
    copy_->producer_name_ = copy_->intern(source_.producer_name_);
    copy_->producer_version_ = copy_->intern(source_.producer_version_);
    copy_->path_ = source_.path_;
    copy_->import_issues_ = source_.import_issues_;
    copy_->other_fields_ = source_.other_fields_;
    copy_->field_order_ = source_.field_order_;
    copy_->wire_ = source_.wire_;
    copy_->touched_ = source_.touched_;
    copy_graph(*source_.graph_, *copy_->graph_);
    for (const Function& function : source_.functions_) {
      Function& added = copy_->functions_.emplace_back();
      added.domain = function.domain;
      added.name = function.name;
      added.overload = function.overload;
      added.opset_imports = function.opset_imports;
      added.body = std::make_unique<Graph>(*copy_, nullptr);
      copy_graph(*function.body, *added.body);
    }
    return std::move(copy_);
  }

 private:
  Bytes own(Bytes bytes) {
    if (bytes.empty() || source_.is_kept(bytes)) return bytes;
    return as_bytes(copy_->intern(as_text(bytes)));
  }
  std::string_view own(std::string_view text) { return as_text(own(as_bytes(text))); }

  ValueType copy_type(const ValueType& type) {
    ValueType copy = type;
    copy.wire = own(type.wire);
    if (copy.shape)
      for (Dim& dim : *copy.shape) dim.name = own(dim.name);
    return copy;
  }

  void copy_values(const Graph& from, Graph& to) {
    for (const Value* value : from.values_) {
      if (value->graph != &from) continue;
      Value* copy = copy_->new_value();
      values_.emplace(value, copy);
      copy->name = own(value->name);
      copy->graph = &to;
      copy->type = copy_type(value->type);
      copy->initializer = value->initializer;
      if (copy->initializer) copy->initializer->wire = own(copy->initializer->wire);
      copy->is_input = value->is_input;
      copy->is_sparse_initializer = value->is_sparse_initializer;
      copy->output_count = value->output_count;
      copy->listed_initializer_ = value->listed_initializer_;
      to.values_.push_back(copy);
      if (from.find(value->name) == value) to.by_name_.emplace(copy->name, copy);
      if (const auto found = from.declarations_.find(value); found != from.declarations_.end())
        to.declarations_.emplace(
            copy, Graph::Declaration{copy, own(found->second.wire), found->second.touched});
    }
  }

  void copy_graph(const Graph& from, Graph& to) {
    to.name_ = own(from.name_);
    to.field_order_ = from.field_order_;
    for (const auto& [number, bytes] : from.other_fields_)
      to.other_fields_.emplace_back(number, own(bytes));
    to.wire_ = own(from.wire_);
    copy_values(from, to);
    const auto mapped = [&](const std::vector<Value*>& list) {
      std::vector<Value*> out;
      for (const Value* value : list)
        if (const auto found = values_.find(value); found != values_.end())
          out.push_back(found->second);
      return out;
    };
    to.inputs_ = mapped(from.inputs_);
    to.outputs_ = mapped(from.outputs_);
    to.initializers_ = mapped(from.initializers_);
    for (const auto& [value, wire] : from.value_infos_) {
      const auto found = values_.find(value);
      if (value == nullptr || found != values_.end())
        to.value_infos_.emplace_back(value ? found->second : nullptr, own(wire));
    }
    for (const Node* node = from.first_; node != nullptr; node = node->next_) copy_node(*node, to);
    // Bodies last: their nodes may read any value of this graph.
    auto copied = to.first_;
    for (const Node* node = from.first_; node != nullptr;
         node = node->next_, copied = copied->next_)
      for (size_t a = 0; a < node->attributes_.size(); ++a)
        for (const auto& body : node->attributes_[a].graphs) {
          auto& list = copied->attributes_[a].graphs;
          list.push_back(std::make_unique<Graph>(*copy_, copied));
          copy_graph(*body, *list.back());
        }
    to.touched_ = from.touched_;
  }

  void copy_node(const Node& node, Graph& to) {
    Node* copy = copy_->new_node();
    copy->name_ = own(node.name_);
    copy->op_type_ = own(node.op_type_);
    copy->domain_ = own(node.domain_);
    copy->overload_ = own(node.overload_);
    copy->inputs_.resize(node.inputs_.size());
    for (size_t slot = 0; slot < node.inputs_.size(); ++slot)
      if (const Value* value = node.inputs_[slot].value)
        copy->link_operand(slot, values_.at(value));
    for (const Value* output : node.outputs_) {
      Value* mapped = output ? values_.at(output) : nullptr;
      if (mapped != nullptr) {
        mapped->producer = copy;
        mapped->output_slot = static_cast<uint32_t>(copy->outputs_.size());
      }
      copy->outputs_.push_back(mapped);
    }
    for (const Attribute& attribute : node.attributes_) {
      Attribute& added = copy->attributes_.emplace_back();
      added.name = own(attribute.name);
      added.type = attribute.type;
      added.ref_attr_name = own(attribute.ref_attr_name);
      added.wire = own(attribute.wire);
    }
    for (const auto& [key, value] : node.metadata_)
      copy->metadata_.emplace_back(own(key), own(value));
    for (const Bytes field : node.other_fields_) copy->other_fields_.push_back(own(field));
    copy->wire_ = own(node.wire_);
    copy->touched_ = node.touched_;
    to.link_node(*copy, nullptr);
  }

  const Model& source_;
  std::unique_ptr<Model> copy_;
  std::unordered_map<const Value*, Value*> values_;
};

std::unique_ptr<Model> Model::clone() const { return ModelCloner(*this).run(); }

}  // namespace acuate
