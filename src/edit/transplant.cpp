#include "edit/transplant.h"

#include <unordered_map>

#include "base/text.h"
#include "edit/declare.h"
#include "edit/model_argument.h"
#include "edit/new_node.h"

namespace acuate {
namespace {

Result<void> check_types(const Value& to, const Value& from) {
  if (types_agree(to.type, from.type)) return {};
  return fail("'{}' is {} and cannot stand for '{}', which is {}", to_valid_utf8(from.name),
              from.type.text(), to_valid_utf8(to.name), to.type.text());
}

}  // namespace

Result<void> transplant(const Graph& source, Graph& into, const std::vector<Connection>& inputs,
                        const std::vector<Connection>& outputs, Splice& copy, Node* before) {
  for (const Connection& input : inputs) {
    if (auto agree = check_types(*input.theirs, *input.mine); !agree) return agree;
    if (auto visible = check_visible(*input.mine, into); !visible) return visible;
    copy.values.emplace(input.theirs, input.mine);
  }
  std::vector<Connection> passed;  // outputs that no node of the source computes, or a second time
  for (const Connection& output : outputs) {
    if (auto agree = check_types(*output.mine, *output.theirs); !agree) return agree;
    const bool computed = output.theirs->producer != nullptr;
    if (!computed || !copy.values.emplace(output.theirs, output.mine).second)
      passed.push_back(output);
  }
  if (auto free = check_names_free(source, into, copy); !free) return free;
  if (auto copied = splice(source, into, copy, before); !copied) return copied;
  for (const Connection& output : passed)
    into.add_node("Identity", "", "", {copy.values.at(output.theirs)}, {output.mine}, before);
  return keep_order(into);
}

}  // namespace acuate
