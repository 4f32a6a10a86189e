#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "graph/tensor.h"
#include "graph/wire.h"

namespace acuate {

// A weight where it lies: a TensorProto in the mapped model (or a buffer of ours), or a range of a
// data file. Nothing is copied until load().
struct TensorRef {
  ElementType type = ElementType::Undefined;
  Shape shape;
  Bytes wire;  // TensorProto without tag and length, as it stands in the model
  std::shared_ptr<const Tensor> resident;  // content made here (then `wire` lacks raw_data)

  // External data (onnx.proto3, TensorProto.external_data). `location` is relative to the model's
  // folder.
  struct External {
    std::string location;
    std::filesystem::path path;  // resolved inside the model's folder
    uint64_t offset = 0;
    uint64_t size_bytes = 0;
  };
  std::optional<External> external;

  bool is_external() const { return external.has_value(); }
  int64_t size() const { return element_count(shape).value_or(0); }
  // Bytes of the content in raw_data layout; 0 for strings.
  uint64_t size_bytes() const { return tensor_size_bytes(type, shape).value_or(0); }

  // The content as a host tensor: a view of the mapping where layout and alignment allow, else
  // decoded into a copy. `owner` keeps `wire` alive. Errors: strings, a payload that does not fit
  // the shape, an unreadable data file.
  Result<Tensor> load(std::shared_ptr<const void> owner) const;
};

// Parses a TensorProto; `model_folder` is where external data is looked up (checked against the
// data file's size here).
Result<TensorRef> parse_tensor(Bytes wire, const std::filesystem::path& model_folder);

// A TensorProto (raw_data) for `tensor`; refers to its bytes, which must outlive the rope.
WireRope encode_tensor(const Tensor& tensor, std::string_view name);

}  // namespace acuate
