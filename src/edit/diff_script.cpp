#include "edit/diff_script.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include <fmt/format.h>

#include "base/text.h"
#include "edit/address.h"
#include "edit/compare_tensors.h"
#include "edit/graph_keys.h"
#include "edit/word_writer.h"

namespace acuate {
namespace {

// Runs each command on a copy of the first model as it is written, so that every word means what it
// will mean then.
class ScriptWriter {
 public:
  // `inferred` is `b` with all types inferred.
  ScriptWriter(const Model& a, const Model& b, const Model& inferred, const ModelMatch& match,
               const EditContext& context, const std::string& weights)
      : a_(a),
        b_(b),
        inferred_(inferred),
        match_(match),
        history_(a.clone(), ModelHistory::Undo::No),
        edit_(history_, context),
        words_(b, context.folder, weights) {
    const auto graphs = a.all_graphs(), copies = edit_.model().all_graphs();
    for (size_t i = 0; i < graphs.size(); ++i) {
      const auto nodes = graphs[i]->nodes(), node_copies = copies[i]->nodes();
      for (size_t k = 0; k < nodes.size(); ++k) nodes_.emplace(nodes[k], node_copies[k]);
      const auto values = graphs[i]->values(), value_copies = copies[i]->values();
      for (size_t k = 0; k < values.size(); ++k) values_.emplace(values[k], value_copies[k]);
      graphs_.emplace(graphs[i], copies[i]);
    }
  }

  Result<std::string> run() {
    for (const ModelMatch::Graphs& graphs : match_.graphs) find_pairs(*graphs.a, *graphs.b);
    metadata();
    for (const ModelMatch::Graphs& graphs : match_.graphs) {
      rename(*graphs.a, *graphs.b);
      if (&graphs.b->model().graph() == graphs.b) add_inputs(*graphs.b);
      add_constants(*graphs.b);
      add_nodes(*graphs.b);
    }
    for (const ModelMatch::Graphs& graphs : match_.graphs) change_nodes(*graphs.a);
    for (size_t i = match_.graphs.size(); i-- > 0;) {
      set_outputs(*match_.graphs[i].b);
      remove(*match_.graphs[i].a);
    }
    types();
    if (failed_) return *failed_;
    return std::move(text_);
  }

  const std::string& refused() const { return refused_; }

 private:
  // False where the command is refused; what it should have done is found by the check at the end.
  bool issue(std::string_view command, const std::vector<std::string>& arguments) {
    std::vector<Token> tokens;
    for (const std::string& argument : arguments) tokens.push_back({argument, argument.empty(), 0});
    const auto found = edit_commands().find(command, "edit command");
    const auto done = found ? (*found)->run(edit_, tokens) : Result<void>(found.error());
    if (!done) {
      if (refused_.empty())
        refused_ = "refused: " + format_command(command, tokens) + ": " + done.error().message;
      return false;
    }
    text_ += format_command(command, tokens) + "\n";
    return true;
  }

  std::optional<std::string> word(Result<std::optional<std::string>> text) {
    if (text) return *std::move(text);
    if (!failed_) failed_ = text.error();
    return std::nullopt;
  }

  // Values that stay: inputs, constants of the same kind, outputs of nodes that stay.
  void find_pairs(const Graph& a, const Graph& b) {
    for (const Value* value : a.values()) {
      const Value* other = match_.of(value);
      if (other == nullptr || value->producer || other->producer) continue;
      if (value->initializer.has_value() != other->initializer.has_value()) continue;
      keep(value, other);
    }
    for (const Node* node = a.first(); node != nullptr; node = node->next()) {
      const Node* other = match_.of(node);
      if (other == nullptr || node->op_type() != other->op_type() ||
          node->domain() != other->domain())
        continue;
      kept_nodes_.emplace(other, nodes_.at(node));
      staying_.insert(nodes_.at(node));
      for (size_t slot = 0; slot < std::min(node->outputs().size(), other->outputs().size());
           ++slot)
        if (node->output(slot) && other->output(slot))
          keep(node->output(slot), other->output(slot));
    }
    graph_of_.emplace(&b, graphs_.at(&a));
  }

  void keep(const Value* value, const Value* other) {
    kept_values_.emplace(other, values_.at(value));
    wanted_names_.emplace(values_.at(value), other->name);
  }

  std::string path(const Value* value) const { return value ? value_path(*value) : ""; }

  void metadata() {
    const auto text = [](const Model& model, std::string_view key) -> std::optional<std::string> {
      for (const auto& [k, v] : model.metadata())
        if (k == key) return std::string(v);
      return std::nullopt;
    };
    for (const auto& [key, value] : b_.metadata())
      if (text(a_, key) != std::string(value))
        issue("set-metadata", {std::string(key), std::string(value)});
    for (const auto& [key, value] : a_.metadata())
      if (!text(b_, key)) issue("remove-metadata", {std::string(key)});
    for (const OpsetImport& opset : b_.opset_imports())
      if (!opset.domain.empty() && a_.opset_version(opset.domain) != opset.version)
        issue("set-opset", {std::to_string(opset.version), std::string(opset.domain)});
  }

  std::string free_name(const Graph& graph) {
    std::string name;
    do name = fmt::format("diff~{}", ++temporaries_);
    while (graph.resolve(name) != nullptr);
    return name;
  }

  // Whatever stands in the way of a name, or goes while its name is needed, gets another first.
  void rename(const Graph& a, const Graph& b) {
    Graph& graph = *graphs_.at(&a);
    for (const Value* value : a.values()) {
      Value* mine = values_.at(value);
      const auto wanted = wanted_names_.find(mine);
      if (wanted == wanted_names_.end()) {
        if (b.find(mine->name) != nullptr) issue("rename-value", {path(mine), free_name(graph)});
        continue;
      }
      if (mine->name == wanted->second) continue;
      if (Value* other = graph.find(wanted->second))
        issue("rename-value", {path(other), free_name(graph)});
      issue("rename-value", {path(mine), std::string(wanted->second)});
    }
    std::unordered_map<std::string_view, Node*> named;
    for (Node* node = graph.first(); node != nullptr; node = node->next())
      named.emplace(node->name(), node);
    std::unordered_set<std::string_view> needed;
    for (const Node* node = b.first(); node != nullptr; node = node->next())
      needed.insert(node->name());
    const auto give = [&](Node& node, const std::string& name) {
      const std::string old(node.name());
      if (!issue("rename-node", {node_path(node), name})) return;
      named.erase(old);
      named.emplace(node.name(), &node);
    };
    for (Node* node = graph.first(); node != nullptr; node = node->next())
      if (staying_.count(node) == 0 && !node->name().empty() && needed.count(node->name()) != 0)
        give(*node, free_name(graph));
    for (const Node* node = b.first(); node != nullptr; node = node->next()) {
      const auto kept = kept_nodes_.find(node);
      if (kept == kept_nodes_.end() || kept->second->name() == node->name()) continue;
      if (const auto other = named.find(node->name());
          other != named.end() && !node->name().empty())
        give(*other->second, free_name(graph));
      give(*kept->second, std::string(node->name()));
    }
  }

  void add_inputs(const Graph& b) {
    for (const Value* input : b.inputs()) {
      if (kept_values_.count(input) != 0) continue;
      if (issue("add-input", {std::string(input->name), input->type.text()}))
        found_value(*graph_of_.at(&b), input);
    }
  }

  void found_value(const Graph& graph, const Value* value) {
    if (Value* mine = graph.find(value->name)) kept_values_.emplace(value, mine);
  }

  // Where a new value of the graph is written: behind the node that holds it.
  std::string new_path(const Graph& graph, std::string_view name) const {
    if (graph.owner() == nullptr && graph.function() == nullptr) return std::string(name);
    const auto values = graph.values();
    if (values.empty()) return std::string(name);
    const std::string some = value_path(*values[0]);
    return some.substr(0, some.size() - values[0]->name.size()) + std::string(name);
  }

  void add_constants(const Graph& b) {
    Graph& graph = *graph_of_.at(&b);
    for (const Value* value : b.values()) {
      if (!value->initializer) continue;
      const auto kept = kept_values_.find(value);
      if (kept != kept_values_.end()) {
        set_constant(*kept->second, *value);
        continue;
      }
      const auto text = word(words_.tensor(*value->initializer));
      if (text && issue("add-initializer", {new_path(graph, value->name), *text}))
        found_value(graph, value);
    }
  }

  void set_constant(const Value& mine, const Value& other) {
    const TensorRef &x = *mine.initializer, &y = *other.initializer;
    if (x.type == y.type && x.shape == y.shape) {
      const TensorDifference difference = compare_weights(a_, x, b_, y);
      if (difference.differing == 0 && difference.reason.empty()) return;
    }
    if (const auto text = word(words_.tensor(y))) issue("set-initializer", {path(&mine), *text});
  }

  void add_nodes(const Graph& b) {
    const GraphView view(b);
    for (const uint32_t index : view.order) {
      const Node& node = *view.nodes[index];
      if (kept_nodes_.count(&node) == 0) add_node(*graph_of_.at(&b), node);
    }
  }

  void add_node(Graph& graph, const Node& node) {
    std::vector<std::string> arguments{
        (node.domain().empty() ? "" : std::string(node.domain()) + ".") +
        std::string(node.op_type())};
    for (size_t slot = 0; slot < node.input_count(); ++slot) {
      const auto mine = kept_values_.find(node.input(slot));
      if (node.input(slot) != nullptr && mine == kept_values_.end()) return;
      arguments.push_back(node.input(slot) ? path(mine->second) : "");
    }
    arguments.emplace_back("->");
    for (const Value* output : node.outputs())
      arguments.push_back(output ? new_path(graph, output->name) : "");
    for (const Attribute& attribute : node.attributes()) {
      const auto text = word(words_.attribute(attribute));
      if (!text) return;
      arguments.push_back(fmt::format("{}={}", attribute.name, *text));
    }
    if (!node.name().empty()) {
      arguments.emplace_back("--name");
      arguments.emplace_back(node.name());
    }
    if (!issue("add-node", arguments)) return;
    for (const Value* output : node.outputs())
      if (output != nullptr) found_value(graph, output);
  }

  void change_nodes(const Graph& a) {
    for (const Node* node = a.first(); node != nullptr; node = node->next()) {
      const Node* other = match_.of(node);
      if (other == nullptr || kept_nodes_.count(other) == 0) continue;
      Node& mine = *nodes_.at(node);
      for (size_t slot = 0; slot < std::max(mine.input_count(), other->input_count()); ++slot) {
        const Value* wanted = other->input(slot);
        const auto kept = kept_values_.find(wanted);
        if (wanted != nullptr && kept == kept_values_.end()) continue;
        const Value* value = wanted ? kept->second : nullptr;
        if (mine.input(slot) != value)
          issue("set-input", {node_path(mine), std::to_string(slot), path(value)});
      }
      change_attributes(mine, *other);
    }
  }

  void change_attributes(Node& mine, const Node& other) {
    std::vector<std::string> gone;
    for (const Attribute& attribute : mine.attributes())
      if (other.attribute(attribute.name) == nullptr) gone.emplace_back(attribute.name);
    for (const Attribute& attribute : other.attributes()) {
      const Attribute* old = mine.attribute(attribute.name);
      if (!attribute.graphs.empty() || (old && is_equal_attribute(*old, attribute))) continue;
      if (old && old->as_tensor() && attribute.as_tensor()) {
        const auto x = parse_tensor(*old->as_tensor(), a_.folder());
        const auto y = parse_tensor(*attribute.as_tensor(), b_.folder());
        if (x && y && x->type == y->type && x->shape == y->shape) {
          const TensorDifference difference = compare_weights(a_, *x, b_, *y);
          if (difference.differing == 0 && difference.reason.empty()) continue;
        }
      }
      if (const auto text = word(words_.attribute(attribute)))
        issue("set-attr", {node_path(mine), std::string(attribute.name), *text});
    }
    for (const std::string& name : gone) issue("remove-attr", {node_path(mine), name});
  }

  // Outputs are taken out and put in again from the first that stands elsewhere.
  void set_outputs(const Graph& b) {
    Graph& graph = *graph_of_.at(&b);
    std::vector<Value*> wanted;
    for (const Value* output : b.outputs()) {
      const auto kept = kept_values_.find(output);
      if (kept == kept_values_.end()) return;
      wanted.push_back(kept->second);
    }
    if (graph.outputs() == wanted) return;
    for (Value* output : wanted)
      if (!output->is_output()) issue("add-output", {path(output)});
    for (Value* output : std::vector<Value*>(graph.outputs()))
      if (std::find(wanted.begin(), wanted.end(), output) == wanted.end())
        issue("remove-output", {path(output)});
    if (graph.outputs() == wanted || wanted.size() < 2) return;
    for (Value* output : wanted)
      if (issue("remove-output", {path(output)})) issue("add-output", {path(output)});
  }

  // Users before producers; a command may have taken others along.
  void remove(const Graph& a) {
    Graph& graph = *graphs_.at(&a);
    const GraphView view(a);
    for (auto place = view.order.rbegin(); place != view.order.rend(); ++place) {
      Node* mine = nodes_.at(view.nodes[*place]);
      const auto is_there = [&](const Value* output) {
        return output != nullptr && output->producer == mine && graph.find(output->name) == output;
      };
      if (staying_.count(mine) == 0 && std::ranges::any_of(mine->outputs(), is_there))
        issue("delete-node", {node_path(*mine)});
    }
    for (const Value* value : a.values()) {
      Value* mine = values_.at(value);
      if (wanted_names_.count(mine) != 0 || graph.find(mine->name) != mine) continue;
      if (mine->initializer && !mine->is_input)
        issue("remove-initializer", {path(mine)});
      else if (mine->is_input && &graph == &edit_.model().graph())
        issue("remove-input", {path(mine)});
    }
  }

  // As declared where nothing changes any type, else as the end of the script infers them.
  void types() {
    const auto declare = [&](const std::vector<Value*>& ports, const std::vector<Value*>& known) {
      for (size_t i = 0; i < ports.size(); ++i) {
        const auto kept = kept_values_.find(ports[i]);
        if (kept == kept_values_.end() || ports[i]->type.kind == ValueType::Kind::Unknown) continue;
        const bool infers = edit_.has_changed_types();
        if (infers) edit_.refresh_types();
        const std::string mine = kept->second->type.text();
        const ValueType& wanted = infers ? known[i]->type : ports[i]->type;
        if (mine != ports[i]->type.text() && mine != wanted.text())
          issue("set-type", {path(kept->second), wanted.text()});
      }
    };
    declare(b_.graph().inputs(), inferred_.graph().inputs());
    declare(b_.graph().outputs(), inferred_.graph().outputs());
  }

  const Model& a_;
  const Model& b_;
  const Model& inferred_;
  const ModelMatch& match_;
  ModelHistory history_;
  Edit edit_;
  WordWriter words_;
  std::string text_;
  std::optional<Error> failed_;
  std::string refused_;  // the first of them
  size_t temporaries_ = 0;
  // From the first model to the copy that is edited.
  std::unordered_map<const Node*, Node*> nodes_;
  std::unordered_map<const Value*, Value*> values_;
  std::unordered_map<const Graph*, Graph*> graphs_;
  // From the second model to the copy.
  std::unordered_map<const Node*, Node*> kept_nodes_;
  std::unordered_map<const Value*, Value*> kept_values_;
  std::unordered_map<const Graph*, Graph*> graph_of_;
  std::unordered_set<const Node*> staying_;                          // of the copy
  std::unordered_map<const Value*, std::string_view> wanted_names_;  // of the copy
};

// With types as the end of a script leaves them.
std::unique_ptr<Model> inferred(const Model& model, const EditContext& context) {
  ModelHistory history(model.clone(), ModelHistory::Undo::No);
  Edit edit(history, context);
  edit.types_changed();
  edit.refresh_types();
  return history.release();
}

bool is_complete(const ValueType& type) {
  return type.kind != ValueType::Kind::Tensor ||
         (type.shape && std::ranges::all_of(*type.shape, [](const Dim& dim) {
            return dim.is_known() || !dim.name.empty();
          }));
}

void declare_outputs(Model& model, const Model& from,
                     const std::function<bool(const Value& to, const Value& from)>& where) {
  const auto &to = model.graph().outputs(), &ports = from.graph().outputs();
  for (size_t i = 0; i < std::min(to.size(), ports.size()); ++i)
    if (where(*to[i], *ports[i])) model.graph().set_type(*to[i], ports[i]->type);
}

// Takes out what differs in metadata of nodes; how many nodes have it.
size_t drop_node_metadata(ModelDiff& diff) {
  size_t count = 0;
  for (NodeChange& node : diff.nodes_changed)
    if (std::erase_if(node.changes, [](const FieldChange& change) {
          return change.what.starts_with("metadata ");
        }) > 0)
      ++count;
  std::erase_if(diff.nodes_changed, [](const NodeChange& node) { return node.changes.empty(); });
  return count;
}

// What differs where the types of inner values are inferred in both, and those of outputs may be.
ModelDiff diff_inferred(const Model& made, Model& known, const Model& b,
                        const EditContext& context) {
  const auto mine = inferred(made, context);
  declare_outputs(*mine, made, [](const Value&, const Value&) { return true; });
  size_t i = 0;
  declare_outputs(known, b, [&](const Value&, const Value& declared) {
    const size_t place = i++;
    return place < made.graph().outputs().size() &&
           made.graph().outputs()[place]->type.text() == declared.type.text();
  });
  return diff_models(*mine, known);
}

}  // namespace

Result<DiffScript> write_diff_script(const Model& a, const Model& b, const EditContext& context,
                                     const std::string& weights) {
  DiffScript script;
  // What the converter makes of `a` is what the rest of the script works on.
  std::unique_ptr<Model> converted;
  if (a.opset_version() != b.opset_version()) {
    const std::string line = fmt::format("set-opset {}\n", b.opset_version());
    if (auto made = apply_script(a, line, context)) {
      converted = *std::move(made);
      script.text = line;
    }
  }
  const Model& start = converted ? *converted : a;
  const auto known = inferred(b, context);
  declare_outputs(*known, b, [](const Value& to, const Value&) { return !is_complete(to.type); });
  const ModelMatch match = match_models(start, b);
  ScriptWriter writer(start, b, *known, match, context, weights);
  auto text = writer.run();
  if (!text) return text.error();
  script.text += *text;
  const auto made = apply_script(a, script.text, context);
  if (!made) {
    script.left.push_back("the script does not apply: " + made.error().message);
    return script;
  }
  ModelDiff left = diff_models(**made, b, {context.infer});
  const size_t with_metadata = drop_node_metadata(left);
  if (!left.empty() && !script.text.empty()) {
    left = diff_inferred(**made, *known, b, context);
    drop_node_metadata(left);
    if (left.empty())
      script.notes.push_back(
          "Types are left as inferred where the second model declares others; a diff tells these.");
  }
  if (with_metadata > 0)
    script.notes.push_back(fmt::format(
        "Metadata of nodes stays as it is ({} differ), since no command sets it; a diff tells it.",
        with_metadata));
  if (left.empty()) return script;
  script.left = to_lines(left);
  if (!writer.refused().empty()) script.left.push_back(writer.refused());
  return script;
}

}  // namespace acuate
