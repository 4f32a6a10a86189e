#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "edit/command.h"
#include "edit/match_graphs.h"
#include "edit/word_writer.h"

namespace acuate {

// Writes the commands that make one model of another. Runs each on a copy of the first as it is
// written, so that every word means what it will mean then. What a command refuses is found by who
// checks the result.
class ScriptWriter {
 public:
  // How bodies of control flow and functions that differ are written: node by node, or as a whole.
  enum class Bodies { ByNode, Whole };

  // `inferred` is `b` with all types inferred.
  ScriptWriter(const Model& a, const Model& b, const Model& inferred, const ModelMatch& match,
               const EditContext& context, const std::string& weights, Bodies bodies);

  Result<std::string> run();

  const std::string& refused() const { return refused_; }  // the first command that was

 private:
  bool issue(std::string_view command, const std::vector<std::string>& arguments);
  std::optional<std::string> word(WordWriter::Word text);

  // What stays, and what of it is replaced as a whole.
  void find_replaced();
  bool is_replaced(const Graph& a) const;
  bool fits(const Graph& a, const Graph& b) const;
  void find_pairs(const Graph& a, const Graph& b);
  void keep(const Value* value, const Value* other);

  // What is not in the graphs.
  void opsets_and_texts();
  void metadata();
  void add_functions();
  void remove_unneeded();
  void types();
  void inner_types(const Graph& b);
  Value* made_value(const Value& other);
  bool issue_type(const Value& value, const std::string& type);

  // Graph by graph.
  void rename(const Graph& a, const Graph& b);
  void add_inputs(const Graph& b);
  void add_constants(const Graph& b);
  void set_constant(const Value& mine, const Value& other);
  void add_nodes(const Graph& b);
  void add_node(Graph& graph, const Node& node);
  void add_outputs_of(const Node& node);
  void change_nodes(const Graph& b);
  void change_node(Node& mine, const Node& other);
  void change_attributes(Node& mine, const Node& other);
  bool is_same_attribute(const Attribute& mine, const Attribute& other);
  void describe(Node& mine, const Node& other);
  void set_outputs(const Graph& b);
  void remove(const Graph& a);

  std::string free_name(const Graph& graph);
  void found_value(const Graph& graph, const Value* value);

  const Model& a_;
  const Model& b_;
  const Model& inferred_;
  const ModelMatch& match_;
  Bodies bodies_;
  ModelHistory history_;
  Edit edit_;
  WordWriter words_;
  std::string text_;
  std::optional<Error> failed_;
  std::string refused_;
  size_t temporaries_ = 0;
  std::vector<ModelMatch::Graphs> pairs_;      // those that are edited node by node
  std::unordered_set<const Graph*> replaced_;  // of the first model: outermost ones that are not
  std::vector<const Function*> new_functions_;
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

}  // namespace acuate
