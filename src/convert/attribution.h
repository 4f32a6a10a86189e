#pragma once

#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "targets/engine.h"

namespace acuate {

// The node whose kernel this is: engines append to the names of nodes that they change.
std::string_view without_engine_suffix(std::string_view kernel_name);

// A node that a kernel computed, and its part of the kernel's time.
struct KernelShare {
  const Node* node = nullptr;
  double part = 0;  // of all nodes of a kernel: 1 together
};

// For each kernel of the profile the nodes of `graph` whose work it did: those that the engine
// lists; otherwise the one that it names, and those before it that no kernel names and that it
// alone reads, since engines call a fusion after its last node; then those behind it that were
// taken into it. A kernel that quantizes a tensor counts to who makes the tensor. Parts follow the
// multiply-accumulates and, where there are none, are equal. Empty for kernels of none of its
// nodes.
std::vector<std::vector<KernelShare>> attribute_kernels(const Graph& graph, const Profile& profile);

}  // namespace acuate
