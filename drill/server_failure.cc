#include "drill/server_failure.h"

namespace pgassay::drill {

// https://www.postgresql.org/docs/current/errcodes-appendix.html
bool is_server_failure(std::string_view sqlstate) {
  const std::string_view kind = sqlstate.substr(0, 2);
  return kind == "53" || kind == "57" || kind == "58";
}

bool wants_another_server(const ServerError& error) {
  const std::string kind = error.sqlstate().substr(0, 2);
  return kind == "08" || kind == "HV" ||
         (error.sqlstate() == "55000" &&
          std::string_view(error.what()).find("has no handler") != std::string::npos);
}

std::string_view server_failure_in(std::string_view line) {
  for (const std::string_view words :
       {"No space left on device", "out of memory", "Cannot allocate memory",
        "could not resize shared memory segment", "out of shared memory", "too many clients",
        "server closed the connection", "terminating connection", "the database system is",
        "connection to server was lost", "Disk quota exceeded"}) {
    if (line.find(words) != std::string_view::npos) return words;
  }
  return {};
}

}  // namespace pgassay::drill
