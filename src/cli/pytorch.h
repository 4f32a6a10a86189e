#pragma once

#include <optional>
#include <string>
#include <vector>

namespace acuate {

// Whether the command line is one for a PyTorch model: `convert` or `diagnose` whose model, the
// first argument that belongs to no flag before it, is `package.module:factory` and no file.
bool is_for_pytorch(const std::vector<std::string>& arguments);

// Runs `python -m acuate.pytorch` with these arguments, under the Python that ACUATE_PYTHON names,
// else that of the environment beside this program; its exit status is the result. It shares this
// program's terminal: Ctrl-C reaches it. 2 and a message where it cannot be started.
int run_pytorch_command(const std::vector<std::string>& arguments);

}  // namespace acuate
