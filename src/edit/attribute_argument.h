#pragma once

#include <string>

#include "base/result.h"
#include "edit/command.h"

namespace acuate {

// Sets an attribute of any type from a word of a script:
//   `3`, `1.5`, `linear`, `[1, 2]`, `["a", "b"]`     int, float, string and lists of them
//   `tensor:…`                                       as parse_tensor_argument
//   `type_proto:float32[1, n]`                       as parse_type_text
//   `sparse_tensor:float32[100]:[0.5, 2]:[3, 17]`    type and dense shape, values, indices
//   `graph:FILE`, `graph:text:"…"`                   a body; names not defined in it are looked up
//                                                    around the node
//   `ref:NAME`                                       within a function: its own attribute NAME
// and lists of the four by `tensors:[…]` and so on. Without a prefix the type is the one that the
// attribute has or the operator declares, else the literal's. Refused: what the type does not hold,
// and what the operator's schema does not declare, with the closest name.
Result<void> set_attribute_argument(Edit& edit, Node& node, const Token& name, const Token& value);

}  // namespace acuate
