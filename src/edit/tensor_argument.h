#pragma once

#include "base/result.h"
#include "edit/command.h"

namespace acuate {

// A tensor as scripts write it:
//   `3`, `[1, 2]`, `[[1, 2], [3, 4]]`, `["a", "b"]`  numbers, true/false or texts, row by row
//   `float16:[1, 2]`                                 the same in a stated element type
//   `w.npy`, `npy:FILE`                              an array of NumPy
//   `raw:TYPE[DIMS]:FILE`                            little-endian bytes, as ONNX's raw_data
// Without a type: that of `old` where there is one, else int64, float32 or string by the literal;
// a flat list keeps the shape of `old` where the count fits. Numbers stay in the file (mapped).
// The result has `resident`, or for strings the whole `wire`, in the model's memory.
Result<TensorRef> parse_tensor_argument(Edit& edit, const Token& token,
                                        const TensorRef* old = nullptr);

// The TensorProto of such a tensor; refers to its bytes, which must outlive the rope.
WireRope tensor_argument_wire(const TensorRef& tensor, std::string_view name);

// The initializer of a value of the model; the model keeps what it refers to.
void give_initializer(Value& value, const TensorRef& tensor);

// The file that a script names, in its folder or below it; links that lead out are refused.
Result<std::filesystem::path> script_file(const Edit& edit, std::string_view name);

// What stands behind a prefix or `=` as a word of its own: quotes are taken off.
Token word_of(std::string_view text, size_t column);

}  // namespace acuate
