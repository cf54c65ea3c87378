#include "drill/server/local_engine.h"

#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/repository/identity.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"
#include "drill/server/throwaway_ready.h"
#include "drill/server/throwaway_settings.h"

namespace pgassay::drill {
namespace {

constexpr std::chrono::seconds kEndPatience(15), kRestartPatience(600);
constexpr std::chrono::milliseconds kPause(10);
constexpr std::size_t kLogTail = 8192;

std::string shown_major(int version) {
  return std::to_string(version / 10000);
}

/// The postgres to run, and who runs it.
struct Programs {
  PgTool postgres;
  std::optional<UserId> run_as;

  Path bin_dir() const { return Path(postgres.argv.back()).parent_path(); }
};

/// PostgreSQL refuses to run as root.
std::optional<UserId> unprivileged_user() {
  if (::geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    const passwd* user = ::getpwnam(name);
    if (user != nullptr && user->pw_uid != 0) return UserId{user->pw_uid, user->pw_gid};
  }
  throw Unverified("a throwaway server can't run as root, and there is neither a user postgres nor nobody",
                   "run pgassay as another user, or use --engine docker");
}

Programs choose_programs(const ThrowawayRequest& request, std::stop_token stop) {
  const std::vector<PgTool> found = find_pg_tools("postgres", stop);
  const auto fitting = fitting_server(request.source_version, found);
  if (!fitting) {
    std::string there = found.empty() ? "none was found in PATH and /usr/lib/postgresql/*/bin" : "found only";
    for (const PgTool& tool : found) there += " " + tool.version_text;
    const std::string major = shown_major(request.source_version);
    throw Unverified(
        fmt::format("no PostgreSQL server of release {} or newer on this host: {}", major, there),
        fmt::format("install postgresql-{} (Debian, Ubuntu: apt install postgresql-{}), or use "
                    "--engine docker or podman",
                    major, major));
  }
  sibling(*fitting, "initdb", stop);
  return {*fitting, unprivileged_user()};
}

void check_disk(const Path& base, const ThrowawayRequest& request, Observer* observer) {
  constexpr char kHint[] = "free space there, or name a larger place with --work-dir or TMPDIR";
  const std::uint64_t there = check_room(base, request, kHint);
  if (observer != nullptr && there < 2 * bytes_needed(request)) {
    observer->message(
        Level::warning,
        fmt::format("{} may be too small for the drill: {} MiB are free", base.string(), there / kMiB),
        kHint);
  }
}

PgTool fitting_tool(std::string_view program, int server, const std::string& server_text,
                    const ThrowawayRequest& request, std::stop_token stop) {
  const std::vector<PgTool> tools = find_pg_tools(std::string(program), stop);
  if (const auto fitting = fitting_pg_restore(server, request.pg_dump_version, tools)) return *fitting;
  throw Unverified(fmt::format("no {} on this host fits the throwaway server {}", program, server_text),
                   "install postgresql-client-" + shown_major(std::max(server, request.pg_dump_version)));
}

/// The postmaster that runs in that data directory; 0: none. By its pid file, and by where it really is.
pid_t postmaster_of(const Path& data) {
  if (!exists(status_of(data / "postmaster.pid"))) return 0;
  const pid_t pid = std::atoi(read_tail(data / "postmaster.pid", 4096).c_str());
  if (pid <= 1) return 0;
  std::error_code gone;
  const Path where = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone);
  return !gone && where == data ? pid : 0;
}

class LocalEngine : public ThrowawayServer {
 public:
  LocalEngine(const ThrowawayRequest& request, Programs programs, Observer& observer, std::stop_token stop)
      : request_(request),
        programs_(std::move(programs)),
        stop_(std::move(stop)),
        dir_(Engine::local, request, programs_.run_as.has_value(), observer) {}

  void begin(Observer& observer) {
    check_socket_path(socket_dir());
    check_disk(dir_.path().parent_path(), request_, &observer);
    memory_ = memory_for(request_);
    settings_ = throwaway_settings(request_, memory_, free_bytes(dir_.path()) / 8);
    settings_["listen_addresses"] = "";
    log_ = create_file(dir_.path() / "log");
    make_dir(data_dir());
    make_dir(socket_dir());
    initdb();
    start(SIGQUIT);
  }

  ~LocalEngine() override { end(SIGQUIT, kEndPatience); }

  ConnInfo conninfo() const override { return throwaway_conninfo(socket_dir()); }

  PgTool tool(std::string_view program) const override {
    return fitting_tool(program, ready_.version, ready_.version_text, request_, stop_);
  }

  EngineFacts facts() const override {
    EngineFacts facts;
    facts.engine = Engine::local;
    facts.server = programs_.postgres.argv.back();
    facts.server_version = ready_.version_text;
    facts.server_version_num = ready_.version;
    facts.host = host_name();
    facts.storage = is_in_memory(dir_.path()) ? "tmpfs" : "disk";
    facts.memory_bytes = memory_;
    facts.settings = settings_;
    return facts;
  }

  std::string log_tail() const override { return read_tail(dir_.path() / "log", kLogTail); }

  std::string how_to_connect(const std::string& database) const override {
    return fmt::format("psql -h {} -U postgres -d {}", socket_dir().string(), shell_word(database));
  }

  /// The running one would be told to end when we do, and can't be told otherwise: a new one takes its place.
  void keep() override {
    end(SIGINT, kRestartPatience);
    start(0);
    dir_.keep_until(now() + request_.lifetime);
    process_->release();
    process_.reset();
  }

 private:
  Path data_dir() const { return dir_.path() / "data"; }
  Path socket_dir() const { return dir_.socket_dir(); }

  void make_dir(const Path& dir) const {
    make_private_dirs(dir);
    if (programs_.run_as) give_to(dir, programs_.run_as->uid, programs_.run_as->gid);
  }

  /// Nothing of our environment: it may hold the source's password.
  Command command(std::vector<std::string> argv) const {
    Command command;
    command.argv = std::move(argv);
    command.env = {{"PATH", programs_.bin_dir().string() + ":/usr/bin:/bin"},
                   {"HOME", data_dir().string()},
                   {"LC_ALL", "C"},
                   {"PGHOST", socket_dir().string()}};
    if (const char* libraries = std::getenv("LD_LIBRARY_PATH")) command.env["LD_LIBRARY_PATH"] = libraries;
    command.env_is_all = true;
    command.working_dir = data_dir();
    command.confinement = {programs_.run_as, true};
    return command;
  }

  void initdb() const {
    // Names and rows bring their own encodings and locales with CREATE DATABASE; the cluster's need only
    // exist.
    const Completed done = run(command({programs_.bin_dir() / "initdb", "-D", data_dir(), "-U", "postgres",
                                        "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"}),
                               stop_);
    if (done.ok()) return;
    throw Unverified(
        fmt::format("initdb of the throwaway server failed in {}: {}", data_dir().string(), done.complaint()),
        programs_.run_as ? "the user postgres must be able to get there: see --work-dir and TMPDIR" : "");
  }

  void start(int signal_when_we_die) {
    Settings all = settings_;
    all["unix_socket_directories"] = socket_dir();
    std::vector<std::string> argv = {programs_.postgres.argv.back(), "-D", data_dir()};
    const std::vector<std::string> arguments = as_arguments(all);
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Command starting = command(std::move(argv));
    starting.stdout_fd = log_.get();
    process_.emplace(starting, signal_when_we_die);
    ready_ = wait_until_ready(
        socket_dir(), "",
        [&] {
          if (!process_->ended_within({}, stop_)) return;
          throw_start_failure("this host's PostgreSQL " + programs_.postgres.version_text, log_tail());
        },
        stop_);
  }

  /// SIGQUIT ends it at once, SIGINT after it wrote everything. One that does not end in time is killed.
  void end(int signal, std::chrono::milliseconds patience) {
    if (!process_) return;
    process_->signal(signal);
    process_->ended_within(patience, {});
    process_.reset();
  }

  ThrowawayRequest request_;
  Programs programs_;
  std::stop_token stop_;
  ThrowawayDir dir_;  ///< before the process: it goes last
  std::uint64_t memory_ = 0;
  Settings settings_;
  Fd log_;
  std::optional<Process> process_;
  ReadyServer ready_;
};

}  // namespace

bool has_local_server_of_same_major(const ThrowawayRequest& request, std::stop_token stop) {
  const auto fitting = fitting_server(request.source_version, find_pg_tools("postgres", stop));
  return fitting && fitting->major() == request.source_version / 10000;
}

std::unique_ptr<ThrowawayServer> start_local_server(const ThrowawayRequest& request, Observer& observer,
                                                    std::stop_token stop) {
  auto server = std::make_unique<LocalEngine>(request, choose_programs(request, stop), observer, stop);
  server->begin(observer);
  return server;
}

std::string look_at_local_server(const ThrowawayRequest& request, std::stop_token stop) {
  const PgTool postgres = choose_programs(request, stop).postgres;
  const PgTool pg_restore =
      fitting_tool("pg_restore", postgres.version, postgres.version_text, request, stop);
  const Path base = throwaway_base(request.work_dir);
  if (::access(base.c_str(), W_OK | X_OK) != 0) throw_errno("can't make a directory in", base);
  check_disk(base, request, nullptr);
  return fmt::format("this host's PostgreSQL {}, with pg_restore {}, in {} ({} MiB free)",
                     postgres.version_text, pg_restore.version_text, base.string(), free_bytes(base) / kMiB);
}

void end_local_server(const Path& dir) {
  const Path data = dir / "data";
  const pid_t pid = postmaster_of(data);
  if (pid == 0) return;
  ::kill(pid, SIGQUIT);
  const Stopwatch watch;
  for (bool killed = false; postmaster_of(data) == pid; std::this_thread::sleep_for(kPause)) {
    if (!killed && watch.seconds() > kEndPatience.count()) killed = ::kill(pid, SIGKILL) == 0;
    if (watch.seconds() > 2.0 * kEndPatience.count())
      throw Error(fmt::format("a throwaway server does not end: pid {}", pid));
  }
}

}  // namespace pgassay::drill
