// Check 1.
#include "stack/check/checks.h"

namespace pgassay::stack {

void check_engine(const StackFacts&, const Surroundings& around, Findings& out) {
  if (around.engine) {
    out.note("docker " + around.engine->version);
  } else {
    out.unchecked(around.engine_problem, around.engine_hint);
  }
  if (around.compose_version) {
    out.note(*around.compose_version);
  } else {
    out.unchecked("neither `docker compose` nor docker-compose is installed",
                  "install the compose plugin of docker, or Debian's docker-compose");
  }
}

}  // namespace pgassay::stack
