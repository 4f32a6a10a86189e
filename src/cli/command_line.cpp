#include <csignal>
#include <cstdio>
#include <new>
#include <system_error>

#include <fmt/format.h>

#include "base/stop.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/pytorch.h"

namespace acuate {
namespace {

constexpr int kCallersMistake = 2;
constexpr int kOurBug = 3;
constexpr int kInterrupted = 130;

int report_error(const std::string& command, const std::string& message, int status) {
  fmt::print(stderr, "acuate {}: {}\n", command, message);
  return status;
}

int run_action(const std::string& command, const Action& action) {
  try {
    auto status = action();
    if (stop_requested())
      return report_error(command, status ? "interrupted" : status.error().message, kInterrupted);
    if (!status) return report_error(command, status.error().message, kCallersMistake);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return report_error(command, "cannot write to stdout; is the disk full?", kCallersMistake);
    return *status;
  } catch (const InternalError& error) {
    return report_error(command, std::string("this is a bug in acuate: ") + error.what(), kOurBug);
  } catch (const std::system_error& error) {                             // of fmt::print
    if (error.code() == std::errc::broken_pipe) return kCallersMistake;  // the reader has enough
    return report_error(command, std::string("cannot write the output: ") + error.what(),
                        kCallersMistake);
  } catch (const std::bad_alloc&) {
    return report_error(command, "out of memory", kCallersMistake);
  } catch (const std::exception& error) {
    return report_error(command,
                        std::string("this is a bug in acuate: unexpected failure: ") + error.what(),
                        kOurBug);
  }
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments) {
  if (is_for_pytorch(arguments)) return run_pytorch_command(arguments);
  CLI::App app{
      "acuate makes a neural network that an accelerator refuses or damages run there, and proves "
      "it."};
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  CliCommandRegistry commands;
  register_all_commands(commands);
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const CliCommand& command : commands.all()) {
    CLI::App* sub = app.add_subcommand(to_kebab_case(command.id), command.summary);
    sub->footer("Examples:\n" + command.examples);
    actions.emplace_back(sub, command.declare(*sub));
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kCallersMistake;
  }
  std::signal(SIGINT, [](int) { request_stop(); });
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is told as a full disk is
  for (const auto& [sub, action] : actions)
    if (sub->parsed()) return run_action(sub->get_name(), action);
  return kCallersMistake;
}

}  // namespace acuate
