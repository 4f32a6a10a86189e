#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"
#include "graph/model.h"

namespace acuate {

// The small messages of a model, decoded; names and wire bytes refer to `wire`. Errors: malformed
// bytes.
Result<ValueType> parse_type(Bytes wire);     // TypeProto
Result<OpsetImport> parse_opset(Bytes wire);  // OperatorSetIdProto
Result<std::pair<std::string_view, std::string_view>> parse_entry(
    Bytes wire);  // StringStringEntryProto

// "" for "ai.onnx", which is another name of the default domain.
std::string_view normal_domain(std::string_view domain);

}  // namespace acuate
