#include "drill/server/throwaway_ready.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/un.h>

#include <cstdlib>

#include "core/system/cancellation.h"
#include "core/system/clock.h"
#include "core/system/error.h"

namespace pgassay::drill {
namespace {

constexpr double kPatience = 120;
constexpr int kPauseMs = 15;

void pause(const std::stop_token& stop) {
  const StopFd stop_fd(stop);
  pollfd polled{stop_fd.get(), POLLIN, 0};
  ::poll(&polled, 1, kPauseMs);
  throw_if_stopped(stop);
}

/// Something in the environment (PGHOSTADDR, a service) can lead libpq past host: nothing may be restored
/// there.
void check_it_is_ours(Connection& connection, const Path& socket_dir) {
  const std::string dirs = connection.query("SELECT current_setting('unix_socket_directories')").text(0, 0);
  if (dirs.find(socket_dir.string()) != std::string::npos) return;
  throw Unverified(
      "another server answered instead of the throwaway one: its sockets are in \"" + dirs + "\"",
      "unset PGHOSTADDR, and hostaddr in the service that PGSERVICE names");
}

}  // namespace

void check_environment() {
  const char* address = std::getenv("PGHOSTADDR");
  if (address == nullptr || *address == '\0') return;
  throw Unverified(
      fmt::format("PGHOSTADDR is set: libpq would go to {} instead of the throwaway server", address),
      "unset PGHOSTADDR; name the source's address with -d 'hostaddr=…'");
}

ConnInfo throwaway_conninfo(const Path& socket_dir) {
  // The last ones keep the environment's wishes for the source's server away from this one.
  return {{{"host", socket_dir.string()},
           {"port", "5432"},
           {"user", "postgres"},
           {"dbname", "postgres"},
           {"sslmode", "disable"},
           {"gssencmode", "disable"},
           {"channel_binding", "disable"},
           {"target_session_attrs", "any"}}};
}

ReadyServer wait_until_ready(const Path& socket_dir, const std::string& listen_addresses,
                             const std::function<void()>& check_alive, std::stop_token stop) {
  const Stopwatch watch;
  std::string words = "it never answered";
  for (;;) {
    check_alive();
    try {
      Connection connection = Connection::open(throwaway_conninfo(socket_dir), "pgassay", stop);
      check_it_is_ours(connection, socket_dir);
      const Result facts =
          connection.query("SELECT current_setting('listen_addresses'), current_setting('server_version')");
      if (facts.text(0, 0) == listen_addresses) return {connection.server_version(), facts.text(0, 1)};
    } catch (const ConnectionLost& error) {
      words = error.what();
    } catch (const ServerError& error) {
      words = error.what();
    }
    if (watch.seconds() > kPatience)
      throw Unverified("the throwaway server was not ready within two minutes: " + words, {});
    pause(stop);
  }
}

void check_socket_path(const Path& socket_dir) {
  const std::string socket = socket_dir / ".s.PGSQL.5432";
  if (socket.size() < sizeof(sockaddr_un::sun_path)) return;
  throw Unverified("too long for the path of a unix socket: " + socket,
                   "name a directory with a shorter path with --work-dir or TMPDIR");
}

}  // namespace pgassay::drill
