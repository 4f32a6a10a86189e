#pragma once

namespace acuate {

// Set by the command line on SIGINT; long work polls it between pieces and returns through its ordinary error path.
void request_stop();
bool stop_requested();

}  // namespace acuate
