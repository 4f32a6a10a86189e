#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "edit/command.h"

namespace acuate {

// `OP INPUT… -> OUTPUT… [ATTR=VALUE…]` with flags of the form `--name VALUE` anywhere behind the
// arrow.
struct NewNode {
  std::string op_type, domain;
  std::vector<Value*> inputs;  // null: omitted, written ""
  std::vector<Token> outputs;
  std::vector<std::pair<std::string, Token>> attributes;
  std::vector<std::pair<std::string, Token>> flags;  // `--name` and what stands behind it

  const Token* flag(std::string_view name) const;
};

// Looks the inputs up. Errors: words in another order, an unknown flag or value.
Result<NewNode> parse_new_node(Edit& edit, std::span<const Token> arguments,
                               std::span<const std::string_view> flags);

// Adds it to the graph that its outputs name, in front of `before`, with attributes, and checks it
// by the operator's schema. `--name` gives its name. Outputs are new names, or values that are read
// and that nothing defines. Domains that the model does not import are imported.
Result<Node*> add_new_node(Edit& edit, const NewNode& parsed, Node* before = nullptr);

// Checks a node that was edited by the operator's schema. A node that was refused before may still
// be; that is noted.
Result<void> check_edited(Edit& edit, const Node& node, bool was_refused);

// Puts the nodes of the graph in order; refuses a cycle, which the last change must have made.
Result<void> keep_order(Graph& graph);
// The same where `reader`, or whoever reads the value, came to read it: in the time that the nodes
// take which move, once the graph is known to be in order.
Result<void> keep_in_front(Edit& edit, const Value& value, Node& reader);
Result<void> keep_in_front(Edit& edit, const Value& value);

// The value, which a node of `graph` is to read: of that graph or one around it.
Result<void> check_visible(const Value& value, const Graph& graph);

}  // namespace acuate
