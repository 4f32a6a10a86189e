#include "cli/command.h"

int main(int argc, char** argv) {
  return acuate::run_command_line(std::vector<std::string>(argv + 1, argv + argc));
}
