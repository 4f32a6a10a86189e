#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "graph/tensor.h"

namespace acuate {

// The arrays of a NumPy archive (numpy.savez, savez_compressed): a zip of `.npy` members, stored or
// deflated, zip64 included; in archive order, named without `.npy`. Every length is checked against
// the file and every member against its CRC-32, so damage is an Error that names the member. Stored
// members view the mapped file where aligned.
Result<std::vector<std::pair<std::string, Tensor>>> read_npz(const std::filesystem::path& path);

}  // namespace acuate
