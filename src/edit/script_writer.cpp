#include "edit/script_writer.h"

#include <algorithm>

#include "base/text.h"
#include "edit/address.h"
#include "edit/declare.h"
#include "edit/documentation.h"
#include "edit/graph_keys.h"
#include "edit/type_text.h"

namespace acuate {
namespace {

std::string domain_text(std::string_view domain) {
  return domain.empty() ? "ai.onnx" : std::string(domain);
}

// Byte by byte as it came.
bool is_same_function(const Function& a, const Function& b) {
  return !a.body->is_touched() && !b.body->is_touched() && std::ranges::equal(a.wire, b.wire);
}

bool imports_same(const Function& a, const Function& b) {
  return std::ranges::equal(a.opset_imports, b.opset_imports,
                            [](const OpsetImport& x, const OpsetImport& y) {
                              return x.domain == y.domain && x.version == y.version;
                            });
}

bool has_touched_bodies(const Attribute& attribute) {
  return std::ranges::any_of(attribute.graphs, [](const auto& body) { return body->is_touched(); });
}

}  // namespace

ScriptWriter::ScriptWriter(const Model& a, const Model& b, const Model& inferred,
                           const ModelMatch& match, const EditContext& context,
                           const std::string& weights, Bodies bodies)
    : a_(a),
      b_(b),
      inferred_(inferred),
      match_(match),
      bodies_(bodies),
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

Result<std::string> ScriptWriter::run() {
  find_replaced();
  for (const ModelMatch::Graphs& graphs : match_.graphs)
    if (!is_replaced(*graphs.a)) pairs_.push_back(graphs);
  for (const ModelMatch::Graphs& graphs : pairs_) find_pairs(*graphs.a, *graphs.b);
  opsets_and_texts();
  metadata();
  add_functions();
  for (const ModelMatch::Graphs& graphs : pairs_) {
    rename(*graphs.a, *graphs.b);
    if (&graphs.b->model().graph() == graphs.b) add_inputs(*graphs.b);
    add_constants(*graphs.b);
    add_nodes(*graphs.b);
  }
  for (const ModelMatch::Graphs& graphs : pairs_)
    if (graphs.b->owner() == nullptr) change_nodes(*graphs.b);
  for (size_t i = pairs_.size(); i-- > 0;) {
    set_outputs(*pairs_[i].b);
    remove(*pairs_[i].a);
  }
  remove_unneeded();
  types();
  if (failed_) return *failed_;
  return std::move(text_);
}

// False where the command is refused.
bool ScriptWriter::issue(std::string_view command, const std::vector<std::string>& arguments) {
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

std::optional<std::string> ScriptWriter::word(WordWriter::Word text) {
  if (text) return *std::move(text);
  if (!failed_) failed_ = text.error();
  return std::nullopt;
}

// Whether commands can make the one of the other node by node.
bool ScriptWriter::fits(const Graph& a, const Graph& b) const {
  if (a.inputs().size() != b.inputs().size()) return false;
  return std::ranges::equal(a.outputs(), b.outputs(), [&](const Value* x, const Value* y) {
    return x != nullptr && match_.of(x) == y &&
           (x->producer != nullptr) == (y->producer != nullptr);
  });
}

void ScriptWriter::find_replaced() {
  for (const Function& theirs : b_.functions()) {
    const auto mine = std::ranges::find_if(a_.functions(), [&](const Function& function) {
      return function_key(function) == function_key(theirs);
    });
    if (mine != a_.functions().end()) {
      const bool stays = imports_same(*mine, theirs) && fits(*mine->body, *theirs.body);
      if (bodies_ == Bodies::ByNode ? stays : is_same_function(*mine, theirs)) continue;
      replaced_.insert(mine->body.get());
    }
    new_functions_.push_back(&theirs);
  }
  for (const ModelMatch::Graphs& graphs : match_.graphs) {
    const Node* owner = graphs.a->owner();
    if (owner == nullptr) continue;
    bool stays = fits(*graphs.a, *graphs.b);
    if (bodies_ == Bodies::Whole)
      for (const Attribute& attribute : owner->attributes())
        for (const auto& body : attribute.graphs)
          if (body.get() == graphs.a) {
            const Attribute* other = graphs.b->owner()->attribute(attribute.name);
            stays = other && !has_touched_bodies(attribute) && !has_touched_bodies(*other) &&
                    std::ranges::equal(attribute.wire, other->wire);
          }
    if (!stays) replaced_.insert(graphs.a);
  }
}

// Or one that it stands in.
bool ScriptWriter::is_replaced(const Graph& a) const {
  for (const Graph* graph = &a; graph != nullptr;
       graph = graph->owner() ? &graph->owner()->graph() : nullptr)
    if (replaced_.count(graph) != 0) return true;
  return false;
}

// Values that stay: inputs, constants of the same kind, outputs of nodes that stay.
void ScriptWriter::find_pairs(const Graph& a, const Graph& b) {
  for (const Value* value : a.values()) {
    const Value* other = match_.of(value);
    if (other == nullptr || value->producer || other->producer) continue;
    if (value->initializer.has_value() != other->initializer.has_value()) continue;
    if (value->is_input != other->is_input && a_.ir_version() >= 4) continue;
    keep(value, other);
  }
  for (const Node* node = a.first(); node != nullptr; node = node->next()) {
    const Node* other = match_.of(node);
    if (other == nullptr || node->op_type() != other->op_type() ||
        node->domain() != other->domain() || node->overload() != other->overload())
      continue;
    kept_nodes_.emplace(other, nodes_.at(node));
    staying_.insert(nodes_.at(node));
    for (size_t slot = 0; slot < std::min(node->outputs().size(), other->outputs().size()); ++slot)
      if (node->output(slot) && other->output(slot)) keep(node->output(slot), other->output(slot));
  }
  graph_of_.emplace(&b, graphs_.at(&a));
}

void ScriptWriter::keep(const Value* value, const Value* other) {
  kept_values_.emplace(other, values_.at(value));
  wanted_names_.emplace(values_.at(value), other->name);
}

void ScriptWriter::opsets_and_texts() {
  // ONNX's own was converted before, where that could be done.
  for (const OpsetImport& opset : b_.opset_imports())
    if (const int64_t mine = a_.opset_version(opset.domain);
        mine != opset.version && (mine == 0 || !opset.domain.empty()))
      issue("set-opset", {std::to_string(opset.version), domain_text(opset.domain)});
  if (b_.ir_version() != edit_.model().ir_version())
    issue("set-ir-version", {std::to_string(b_.ir_version())});
  if (a_.producer_name() != b_.producer_name() || a_.producer_version() != b_.producer_version())
    issue("set-producer", {std::string(b_.producer_name()), std::string(b_.producer_version())});
  if (documentation(a_) != documentation(b_)) issue("set-doc", {std::string(documentation(b_))});
}

void ScriptWriter::metadata() {
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
}

void ScriptWriter::add_functions() {
  if (new_functions_.empty()) return;
  if (const auto file = word(words_.functions(new_functions_))) issue("add-function", {*file});
}

void ScriptWriter::remove_unneeded() {
  std::unordered_set<std::string> theirs;
  for (const Function& function : b_.functions()) theirs.insert(function_key(function));
  std::vector<std::string> gone;
  for (const Function& function : a_.functions())
    if (theirs.count(function_key(function)) == 0) gone.push_back(function_key(function));
  if (!gone.empty()) issue("remove-function", gone);
  std::vector<std::string> domains;
  for (const OpsetImport& import : edit_.model().opset_imports())
    if (b_.opset_version(import.domain) == 0) domains.push_back(domain_text(import.domain));
  for (const std::string& domain : domains) issue("remove-opset", {domain});
  if (b_.ir_version() != edit_.model().ir_version())
    issue("set-ir-version", {std::to_string(b_.ir_version())});
}

// As declared, or where that is refused as inferred. Those of inner values come last, since they
// hold until types are inferred again.
void ScriptWriter::types() {
  const auto declare = [&](const Value& port, const ValueType& known) {
    const auto kept = kept_values_.find(&port);
    if (kept == kept_values_.end() || port.type.kind == ValueType::Kind::Unknown) return;
    if (edit_.has_changed_types()) edit_.refresh_types();
    const std::string mine = type_word(kept->second->type), declared = type_word(port.type);
    if (mine == declared || issue_type(*kept->second, declared)) return;
    if (mine != type_word(known)) issue_type(*kept->second, type_word(known));
  };
  const Graph &b = b_.graph(), &known = inferred_.graph();
  for (size_t i = 0; i < b.inputs().size(); ++i) declare(*b.inputs()[i], known.inputs()[i]->type);
  // The first command infers types, those of outputs that were looked at before, too.
  for (int round = 0; round < 2; ++round)
    for (size_t i = 0; i < b.outputs().size(); ++i)
      declare(*b.outputs()[i], known.outputs()[i]->type);
  for (const Graph* graph : b_.all_graphs())
    if (!is_in_function(*graph)) inner_types(*graph);
}

// In bodies that came as a whole a value is found by its path, which is what it will be by now.
Value* ScriptWriter::made_value(const Value& other) {
  if (graph_of_.count(other.graph) != 0) {
    const auto kept = kept_values_.find(&other);
    return kept == kept_values_.end() ? nullptr : kept->second;
  }
  const auto found = resolve_value(edit_.model(), value_path(other));
  return found ? *found : nullptr;
}

void ScriptWriter::inner_types(const Graph& b) {
  for (const Value* value : b.values()) {
    if (value->initializer || value->type.kind == ValueType::Kind::Unknown) continue;
    if (&b == &b_.graph() && (value->is_input || value->is_output())) continue;
    const Value* made = made_value(*value);
    if (made == nullptr || made->initializer || made->type.kind == ValueType::Kind::Unknown)
      continue;
    const ValueType &mine = made->type, &wanted = value->type;
    if (mine.kind == wanted.kind && mine.element == wanted.element &&
        (!mine.shape || !wanted.shape || mine.shape == wanted.shape))
      continue;
    issue_type(*made, type_word(wanted));
  }
}

bool ScriptWriter::issue_type(const Value& value, const std::string& type) {
  return issue("set-type", {value_path(value), type});
}

}  // namespace acuate
