#include "graph/splice.h"

#include "base/text.h"

namespace acuate {
namespace {

class Splicer {
 public:
  Splicer(const Model& from, Model& to, Splice& splice) : from_(from), to_(to), splice_(splice) {}

  Result<void> copy_graph(const Graph& source, Graph& into, Node* before) {
    const auto copies = copy_values(values_of(source), into);
    if (!copies) return copies.error();
    copy_types(*copies, into);
    return copy_nodes(source, into, before);
  }

  Result<void> copy_some(std::span<const Node* const> nodes, std::span<const Value* const> values,
                         Graph& into) {
    const auto copies = copy_values(values, into);
    if (!copies) return copies.error();
    copy_types(*copies, into);
    for (const Node* node : nodes)
      if (auto copied = copy_node(*node, into, nullptr); !copied) return copied;
    return {};
  }

  // Inputs and outputs before types, which are declared where the value stands.
  Result<void> copy_body(const Graph& source, Graph& into) {
    const auto copies = copy_values(values_of(source), into);
    if (!copies) return copies.error();
    into.set_inputs(mapped(source.inputs()));
    into.set_outputs(mapped(source.outputs()));
    copy_types(*copies, into);
    return copy_nodes(source, into, nullptr);
  }

 private:
  Bytes own(Bytes bytes) {
    return bytes.empty() || from_.is_kept(bytes) ? bytes : as_bytes(to_.intern(as_text(bytes)));
  }
  std::string_view own(std::string_view text) { return as_text(own(as_bytes(text))); }

  std::vector<Value*> mapped(const std::vector<Value*>& values) const {
    std::vector<Value*> out;
    for (const Value* value : values) out.push_back(value ? splice_.values.at(value) : nullptr);
    return out;
  }

  ValueType copy_type(const ValueType& type) {
    ValueType copy = type;
    copy.wire = own(type.wire);
    if (copy.shape)
      for (Dim& dim : *copy.shape) dim.name = own(dim.name);
    return copy;
  }

  static std::vector<const Value*> values_of(const Graph& graph) {
    const std::vector<Value*> values = graph.values();
    return {values.begin(), values.end()};
  }

  using Copies = std::vector<std::pair<const Value*, Value*>>;

  // Those that had nothing to stand for them yet.
  Result<Copies> copy_values(std::span<const Value* const> values, Graph& into) {
    Copies copies;
    for (const Value* value : values) {
      if (splice_.values.count(value) != 0) continue;
      if (value->is_sparse_initializer)
        return fail("'{}' is a sparse initializer, which stays with its file; make it dense there",
                    to_valid_utf8(value->name));
      Value* copy = into.add_value(splice_.prefix + std::string(value->name));
      splice_.values.emplace(value, copy);
      copies.emplace_back(value, copy);
    }
    return copies;
  }

  void copy_types(const Copies& copies, Graph& into) {
    for (const auto& [value, copy] : copies) {
      if (value->initializer) {
        TensorRef ref = *value->initializer;
        ref.wire = own(ref.wire);
        into.set_initializer(*copy, std::move(ref));
      } else if (value->type.kind != ValueType::Kind::Unknown) {
        into.set_type(*copy, copy_type(value->type));
      }
    }
  }

  Result<void> copy_nodes(const Graph& source, Graph& into, Node* before) {
    for (const Node* node = source.first(); node != nullptr; node = node->next())
      if (auto copied = copy_node(*node, into, before); !copied) return copied;
    return {};
  }

  Result<void> copy_node(const Node& node, Graph& into, Node* before) {
    std::vector<Value*> inputs;
    for (size_t slot = 0; slot < node.input_count(); ++slot) inputs.push_back(node.input(slot));
    const std::string name = node.name().empty() ? "" : splice_.prefix + std::string(node.name());
    Node* copy = into.add_node(node.op_type(), node.domain(), name, mapped(inputs),
                               mapped(node.outputs()), before);
    if (!node.overload().empty()) copy->set_overload(node.overload());
    for (const auto& [key, value] : node.metadata()) copy->set_metadata(key, value);
    std::vector<Bytes> others;
    for (const Bytes field : node.other_fields()) others.push_back(own(field));
    if (!others.empty()) copy->set_other_fields(std::move(others));
    for (const Attribute& attribute : node.attributes()) {
      if (attribute.graphs.empty()) copy->set_attribute(own(attribute.wire));
      for (const auto& body : attribute.graphs)
        if (auto copied = copy_body(*body, copy->add_body(attribute.name, attribute.type)); !copied)
          return copied;
    }
    return {};
  }

  const Model& from_;
  Model& to_;
  Splice& splice_;
};

}  // namespace

Result<void> splice(const Graph& source, Graph& into, Splice& splice, Node* before) {
  return Splicer(source.model(), into.model(), splice).copy_graph(source, into, before);
}

Result<void> splice_nodes(std::span<const Node* const> nodes, std::span<const Value* const> values,
                          Graph& into, Splice& splice) {
  if (nodes.empty() && values.empty()) return {};
  const Graph& source = nodes.empty() ? *values[0]->graph : nodes[0]->graph();
  return Splicer(source.model(), into.model(), splice).copy_some(nodes, values, into);
}

Result<void> splice_body(const Graph& source, Graph& into, Splice& splice) {
  return Splicer(source.model(), into.model(), splice).copy_body(source, into);
}

FunctionCopier::FunctionCopier(const Model& from, Model& into) : into_(into) {
  for (const Function& function : from.functions())
    to_bring_.try_emplace({function.domain, function.name, function.overload}, &function);
}

void FunctionCopier::bring_for(const Node& node) {
  if (to_bring_.empty()) return;
  std::vector<const Node*> callers{&node};
  const auto look_into = [&](const Graph& graph) {
    for (const Node* inner = graph.first(); inner != nullptr; inner = inner->next())
      callers.push_back(inner);
  };
  while (!callers.empty()) {
    const Node& caller = *callers.back();
    callers.pop_back();
    const auto called = to_bring_.find({caller.domain(), caller.op_type(), caller.overload()});
    if (called != to_bring_.end()) {
      const Function& function = *called->second;
      to_bring_.erase(called);
      copy_function(function, into_);
      look_into(*function.body);
    }
    for (const Attribute& attribute : caller.attributes())
      for (const auto& body : attribute.graphs) look_into(*body);
  }
}

}  // namespace acuate
