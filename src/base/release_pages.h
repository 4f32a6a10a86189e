#pragma once

#include <cstddef>
#include <span>

namespace acuate {

// Lets go of the memory of bytes that lie in a MappedFile, whole pages of it; to read them again
// costs a page fault. Nothing happens for other bytes. So a large file that is read once, piece by
// piece, never becomes resident as a whole.
void release_pages(std::span<const std::byte> bytes);

}  // namespace acuate
