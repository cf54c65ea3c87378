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

}  // namespace

void check_environment() {
  const char* address = std::getenv("PGHOSTADDR");
  if (address == nullptr || *address == '\0') return;
  throw Unverified(
      fmt::format("PGHOSTADDR is set: libpq would go to {} instead of the throwaway server", address),
      "unset PGHOSTADDR; name the source's address with -d 'hostaddr=…'");
}

ConnInfo throwaway_conninfo(const Path& socket_dir, const Login& login,
                            std::shared_ptr<const ServerProof> proof) {
  // The last ones keep the environment's wishes for the source's server away from this one.
  ConnInfo info{{{"host", socket_dir.string()},
                 {"port", "5432"},
                 {"user", login.user},
                 {"password", login.password},
                 {"dbname", "postgres"},
                 {"sslmode", "disable"},
                 {"gssencmode", "disable"},
                 {"channel_binding", "disable"},
                 {"target_session_attrs", "any"}}};
  info.proof = std::move(proof);
  return info;
}

ReadyServer wait_until_ready(const ConnInfo& conninfo, const std::string& listen_addresses,
                             const std::function<std::uint64_t()>& look, std::stop_token stop) {
  const Stopwatch watch;
  std::string words = "it never answered";
  std::uint64_t state = look();
  double got_on = 0;
  for (;;) {
    try {
      Connection connection = Connection::open(conninfo, "pgassay", stop);
      const Result facts =
          connection.query("SELECT current_setting('listen_addresses'), current_setting('server_version')");
      if (facts.text(0, 0) == listen_addresses) return {connection.server_version(), facts.text(0, 1)};
    } catch (const ConnectionLost& error) {
      words = error.what();
    } catch (const ServerError& error) {
      words = error.what();
    }
    if (watch.seconds() - got_on > kPatience)
      throw Unverified("the throwaway server was not ready, and did not get on for two minutes: " + words,
                       {});
    pause(stop);
    const std::uint64_t now = look();
    if (now != state) got_on = watch.seconds();
    state = now;
  }
}

bool says_ready_after_init(const std::string& log) {
  const std::size_t init = log.rfind("init process complete");
  return init != std::string::npos && log.find("ready to accept connections", init) != std::string::npos;
}

void check_socket_path(const Path& socket_dir) {
  const std::string socket = socket_dir / ".s.PGSQL.5432";
  if (socket.size() < sizeof(sockaddr_un::sun_path)) return;
  throw Unverified("too long for the path of a unix socket: " + socket,
                   "name a directory with a shorter path with --work-dir or TMPDIR");
}

}  // namespace pgassay::drill
