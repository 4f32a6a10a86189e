#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/registry.h"
#include "base/result.h"
#include "graph/model.h"
#include "numeric/graph_changes.h"

namespace acuate {

struct ImportedEncodings {
  Encodings encodings;
  GraphChanges changes;
  // Entries that say nothing about a tensor of the model, or nothing that can be applied: name and
  // reason.
  std::vector<std::pair<std::string, std::string>> left_out;
};

// A file format for encodings: one file of formats/ each. `model` is the float graph that they are
// for; it tells weights from activations and along which axis a list of scales goes.
struct EncodingFormat {
  std::string id;
  std::string doc;
  std::function<bool(std::string_view text)> recognizes;  // by its beginning or its keys
  // Errors name `file` and the entry.
  std::function<Result<ImportedEncodings>(std::string_view text, std::string_view file,
                                          const Model& model)>
      read;
  // Errors: what the format cannot say.
  std::function<Result<std::string>(const ImportedEncodings& encodings, const Model& model)> write;
};

using EncodingFormatRegistry = Registry<EncodingFormat>;
void register_all_formats(EncodingFormatRegistry& registry);
// All of them, made once.
const EncodingFormatRegistry& encoding_formats();

// In whatever format it is. Errors: none; as the format; and nothing in it that is for this model.
Result<ImportedEncodings> read_encodings(std::string_view text, std::string_view file,
                                         const Model& model);

// What formats of others say, from which the encoding follows: integers from 0 on, x = (q −
// zero_point) · scale. A zero point in the middle is the symmetric scheme. Several scales go along
// the axis of the tensor's channels. The error is a reason.
Result<TensorEncoding> encoding_from_unsigned(const Model& model, const std::string& tensor,
                                              int bits, std::vector<float> scale,
                                              const std::vector<int64_t>& zero_point);
// The other way: zero points as if all integers began at 0.
std::vector<int64_t> unsigned_zero_points(const Quantization& quantization);

// Formats of others hold no changes of the float graph, no scales in blocks and no 4 bits.
Result<void> refuse_unsayable(const ImportedEncodings& file, std::string_view format);

}  // namespace acuate
