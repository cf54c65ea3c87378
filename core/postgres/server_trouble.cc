#include "core/postgres/server_trouble.h"

#include <utility>

namespace pgassay {
namespace {

// https://www.postgresql.org/docs/current/errcodes-appendix.html
// What is not here, and why: class 08, which a function gets from another server (when we lose ours, that is
// a ConnectionLost); 58P01 and 58P02, the files that a function or a dictionary looks for; XX000, by which
// extensions refuse a value; XX001 and XX002, by which amcheck names the relation that is broken.
constexpr std::pair<std::string_view, ServerTrouble> kTroubles[] = {
    {"53000", ServerTrouble::other},   // insufficient_resources
    {"53100", ServerTrouble::disk},    // disk_full
    {"53200", ServerTrouble::memory},  // out_of_memory
    {"53300", ServerTrouble::other},   // too_many_connections
    {"53400", ServerTrouble::other},   // configuration_limit_exceeded
    {"57014", ServerTrouble::other},   // query_canceled
    {"57P01", ServerTrouble::other},   // admin_shutdown
    {"57P02", ServerTrouble::other},   // crash_shutdown
    {"57P03", ServerTrouble::other},   // cannot_connect_now
    {"57P04", ServerTrouble::other},   // database_dropped
    {"57P05", ServerTrouble::other},   // idle_session_timeout
    {"58000", ServerTrouble::other},   // system_error
    {"58030", ServerTrouble::other},   // io_error
};

}  // namespace

ServerTrouble server_trouble(std::string_view sqlstate, std::string_view words) {
  for (const auto& [trouble, what] : kTroubles)
    if (sqlstate == trouble) return what;
  // An internal error for the server; the words are those of the C library.
  const bool full_quota = sqlstate == "XX000" && words.find("Disk quota exceeded") != std::string_view::npos;
  return full_quota ? ServerTrouble::disk : ServerTrouble::none;
}

}  // namespace pgassay
