#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "graph/tensor.h"

namespace acuate {

// NumPy's array file (numpy.lib.format, versions 1.0 to 3.0): C order, little-endian, numbers and
// booleans. Fortran order, big-endian, object and structured arrays are refused with what to do.
// The tensor views the mapped file.
Result<Tensor> read_npy(const std::filesystem::path& path);

// The same from bytes in memory, which `owner` keeps alive; `source` names them in messages.
Result<Tensor> parse_npy(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                         const std::string& source);

// Version 1.0, by atomic rename. The element type must have a NumPy equal (not bfloat16, float8 or
// sub-byte types).
Result<void> write_npy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace acuate
