#include "tests/bench/engine_start.h"

#include <fmt/format.h>

#include "core/system/clock.h"
#include "core/system/error.h"
#include "drill/server/throwaway_server.h"
#include "tests/bench/results.h"

namespace pgassay::bench {

void engine_start(Lab& lab) {
  Results results("engine_start: a throwaway server, from the call to ready and gone again");
  Observer silent;
  drill::ThrowawayRequest request;
  request.source_version = 150000;
  request.backup_id = "bench";
  request.pull = drill::Pull::never;
  for (const drill::Engine engine : {drill::Engine::local, drill::Engine::docker, drill::Engine::podman}) {
    const std::string start = fmt::format("{}: start", to_string(engine)),
                      end = fmt::format("{}: end", to_string(engine));
    try {
      for (int run = 0; run < lab.options().runs; ++run) {
        const Stopwatch starting;
        auto server = start_throwaway_server(engine, request, silent, {});
        results.add(start, {starting.seconds()});
        const Stopwatch ending;
        server.reset();
        results.add(end, {ending.seconds()});
      }
    } catch (const Unverified& error) {
      fmt::print("{}: not measured: {}\n", to_string(engine), error.what());
    }
  }
  results.print_series();
}

}  // namespace pgassay::bench
