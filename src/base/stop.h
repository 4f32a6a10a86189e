#pragma once

namespace acuate {

// Set by the command line on SIGINT; long work polls it between pieces and returns through its
// ordinary error path.
void request_stop();
bool stop_requested();
// For a front end that goes on after it has reported the interruption.
void clear_stop();

}  // namespace acuate
