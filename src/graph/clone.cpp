#include <unordered_map>

#include "graph/model.h"
#include "graph/splice.h"

namespace acuate {

// Copies structure; every name, attribute and weight keeps referring to the bytes that both models
// hold.
class ModelCloner {
 public:
  ModelCloner(const Model& source, Model& copy) : source_(source), copy_(copy) {}

  void run() {
    // The source's arena is among it: names and attributes made since lie there.
    copy_.keep_storage_of(source_);
    copy_.opset_imports_ = source_.opset_imports_;
    copy_.metadata_ = source_.metadata_;
    copy_.ir_version_ = source_.ir_version_;
    copy_.producer_name_ = source_.producer_name_;
    copy_.producer_version_ = source_.producer_version_;
    copy_.path_ = source_.path_;
    copy_.other_fields_ = source_.other_fields_;
    copy_.field_order_ = source_.field_order_;
    copy_.wire_ = source_.wire_;
    copy_.touched_ = source_.touched_;
    copy_graph(*source_.graph_, *copy_.graph_);
    for (const Function& function : source_.functions_) {
      Function& added = copy_.functions_.emplace_back();
      added.domain = function.domain;
      added.name = function.name;
      added.overload = function.overload;
      added.opset_imports = function.opset_imports;
      added.body = std::make_unique<Graph>(copy_, nullptr, &added);
      fill(function, added);
    }
  }

  void fill(const Function& function, Function& added) {
    added.wire = function.wire;
    copy_graph(*function.body, *added.body);
  }

 private:
  void copy_values(const Graph& from, Graph& to) {
    for (const Value* value : from.values_) {
      if (value->graph != &from) continue;
      Value* copy = copy_.new_value();
      values_.emplace(value, copy);
      copy->name = value->name;
      copy->graph = &to;
      copy->type = value->type;
      copy->initializer = value->initializer;
      copy->is_input = value->is_input;
      copy->is_sparse_initializer = value->is_sparse_initializer;
      copy->output_count = value->output_count;
      copy->listed_initializer_ = value->listed_initializer_;
      to.values_.push_back(copy);
      if (const auto found = from.declarations_.find(value); found != from.declarations_.end())
        to.declarations_.emplace(
            copy, Graph::Declaration{copy, found->second.wire, found->second.touched});
    }
  }

  void copy_graph(const Graph& from, Graph& to) {
    to.name_ = from.name_;
    to.field_order_ = from.field_order_;
    to.other_fields_ = from.other_fields_;
    to.wire_ = from.wire_;
    copy_values(from, to);
    for (const auto& [name, value] : from.by_name_) {
      Value* first = values_.at(value);
      to.by_name_.emplace(first->name, first);
    }
    for (const auto& [name, later] : from.shadowed_)
      for (const Value* value : later) {
        Value* copy = values_.at(value);
        to.shadowed_[copy->name].push_back(copy);
      }
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
        to.value_infos_.emplace_back(value ? found->second : nullptr, wire);
    }
    for (const Node* node = from.first_; node != nullptr; node = node->next_) copy_node(*node, to);
    // Bodies last: their nodes may read any value of this graph.
    auto copied = to.first_;
    for (const Node* node = from.first_; node != nullptr;
         node = node->next_, copied = copied->next_)
      for (size_t a = 0; a < node->attributes_.size(); ++a)
        for (const auto& body : node->attributes_[a].graphs) {
          auto& list = copied->attributes_[a].graphs;
          list.push_back(std::make_unique<Graph>(copy_, copied));
          copy_graph(*body, *list.back());
        }
    to.touched_ = from.touched_;
  }

  void copy_node(const Node& node, Graph& to) {
    Node* copy = copy_.new_node();
    copy->name_ = node.name_;
    copy->op_type_ = node.op_type_;
    copy->domain_ = node.domain_;
    copy->overload_ = node.overload_;
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
      added.name = attribute.name;
      added.type = attribute.type;
      added.ref_attr_name = attribute.ref_attr_name;
      added.wire = attribute.wire;
    }
    copy->metadata_ = node.metadata_;
    copy->other_fields_ = node.other_fields_;
    copy->wire_ = node.wire_;
    copy->touched_ = node.touched_;
    to.link_node(*copy, nullptr);
  }

  const Model& source_;
  Model& copy_;
  std::unordered_map<const Value*, Value*> values_;
};

std::unique_ptr<Model> Model::clone() const {
  auto copy = std::make_unique<Model>();
  ModelCloner(*this, *copy).run();
  return copy;
}

Function& copy_function(const Function& source, Model& into) {
  Function& added =
      into.add_function(source.domain, source.name, source.overload, source.opset_imports);
  ModelCloner(source.body->model(), into).fill(source, added);
  return added;
}

}  // namespace acuate
