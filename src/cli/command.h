#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/registry.h"
#include "base/result.h"

namespace acuate {

// Exit statuses of blueprint §1 that a command may return itself; 2 comes of an Error, 3 of an
// InternalError, 130 of an interrupt.
inline constexpr int kDone = 0;
inline constexpr int kConditionFailed =
    1;  // done, but a required condition failed; for `diff`: different

// Runs the parsed command and returns its exit status.
using Action = std::function<Result<int>()>;

// A command of the command line: one file of commands/ each.
struct CliCommand {
  std::string id;
  std::string summary;   // one line, for the list of commands
  std::string examples;  // shown below the flags by --help
  // Declares flags and positional arguments on its own sub-command; the returned action owns what
  // they are parsed into.
  std::function<Action(CLI::App&)> declare;
};
using CliCommandRegistry = Registry<CliCommand>;
void register_all_commands(CliCommandRegistry& registry);

// The whole command line; `arguments` without the program's name. Writes to stdout and stderr.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace acuate
