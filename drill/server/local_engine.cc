#include "drill/server/local_engine.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "core/repository/identity.h"
#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/subprocess.h"
#include "drill/server/disk_guard.h"
#include "drill/server/leftovers.h"
#include "drill/server/throwaway_ready.h"
#include "drill/server/throwaway_settings.h"
#include "drill/server/walls.h"
#include "drill/server/whom.h"

namespace pgassay::drill {
namespace {

constexpr std::chrono::seconds kEndPatience(15), kRestartPatience(600);
constexpr std::chrono::milliseconds kPause(10);
constexpr std::size_t kLogTail = 8192;

std::string shown_major(int version) {
  return std::to_string(version / 10000);
}

PgTool choose_server(const ThrowawayRequest& request, std::stop_token stop) {
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
  return *fitting;
}

Path bin_dir_of(const PgTool& postgres) {
  return Path(postgres.argv.back()).parent_path();
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

/// In its directory: data/ and run/, which the server may write; conf/, which it may read; socket/, log and
/// the marker, which it does not see.
class LocalEngine : public ThrowawayServer {
 public:
  LocalEngine(const ThrowawayRequest& request, PgTool postgres, Walls walls, Observer& observer,
              std::stop_token stop)
      : request_(request),
        postgres_(std::move(postgres)),
        walls_(std::move(walls)),
        observer_(observer),
        stop_(std::move(stop)),
        dir_(Engine::local, request, walls_.run_as().has_value(), observer),
        login_(new_login()) {}

  void begin(Observer& observer) {
    check_socket_path(run_dir());
    check_disk(dir_.path().parent_path(), request_, &observer);
    memory_ = memory_for(request_);
    settings_ = throwaway_settings(request_, memory_, free_bytes(dir_.path()) / 8);
    settings_["listen_addresses"] = "";
    settings_["unix_socket_permissions"] = "0700";  // the filter of system calls gives files to nobody else
    if (!walls_.own_shared_memory()) settings_["dynamic_shared_memory_type"] = "mmap";
    log_ = create_file(dir_.path() / "log");
    make_private_dirs(dir_.socket_dir());
    make_dir(data_dir());
    make_dir(run_dir());
    make_conf(
        "local all all scram-sha-256\n");  // nobody else has a password, but logins of the restore for owners
    initdb();
    make_login();
    start(true);
  }

  ~LocalEngine() override { end(SIGQUIT, kEndPatience); }

  ConnInfo conninfo() const override { return throwaway_conninfo(dir_.socket_dir(), login_, proof_); }

  PgTool tool(std::string_view program) const override {
    return fitting_tool(program, ready_.version, ready_.version_text, request_, stop_);
  }

  EngineFacts facts() const override {
    EngineFacts facts;
    facts.engine = Engine::local;
    facts.server = postgres_.argv.back();
    facts.server_version = ready_.version_text;
    facts.server_version_num = ready_.version;
    facts.host = host_name();
    facts.storage = is_in_memory(dir_.path()) ? "tmpfs" : "disk";
    facts.memory_bytes = memory_;
    facts.settings = settings_;
    facts.sandbox = walls_.described();
    return facts;
  }

  std::string log_tail() const override { return read_tail(dir_.path() / "log", kLogTail); }

  std::string how_to_connect(const std::string& database) const override {
    return fmt::format("PGPASSWORD={} psql -h {} -U {} -d {}", login_.password, dir_.socket_dir().string(),
                       login_.user, shell_word(database));
  }

  /// The running one would be killed when we end, and can't be told otherwise: a new one takes its place.
  /// Whoever gets to its socket then needs no password, whichever role they want to be.
  void keep() override {
    end(SIGINT, kRestartPatience);
    remove_tree(dir_.socket_dir());
    make_private_dirs(dir_.socket_dir());
    remove_tree(conf_dir());
    make_conf("local all all trust\n");
    start(false);
    dir_.keep_until(now() + request_.lifetime);
    process_->release();
    process_.reset();
  }

 private:
  Path data_dir() const { return dir_.path() / "data"; }
  Path run_dir() const { return dir_.path() / "run"; }
  Path conf_dir() const { return dir_.path() / "conf"; }

  void make_dir(const Path& dir) const {
    make_private_dirs(dir);
    if (walls_.run_as()) give_to(dir, walls_.run_as()->uid, walls_.run_as()->gid);
  }

  void make_conf(const std::string& hba) const {
    make_private_dirs(conf_dir());
    write_new_file(conf_dir() / "pg_hba.conf", hba);
    set_mode(conf_dir() / "pg_hba.conf", 0644);
    set_mode(conf_dir(), 0755);
  }

  /// Behind the walls. Nothing of our environment: it may hold the source's password.
  Walled walled(std::vector<std::string> argv, bool dies_with_us, bool starts_programs = false) const {
    Command command;
    command.argv = std::move(argv);
    command.env = {{"PATH", bin_dir_of(postgres_).string() + ":/usr/bin:/bin"},
                   {"HOME", data_dir().string()},
                   {"LC_ALL", "C"},
                   {"PGHOST", run_dir().string()}};
    if (const char* libraries = std::getenv("LD_LIBRARY_PATH")) command.env["LD_LIBRARY_PATH"] = libraries;
    command.env_is_all = true;
    return walls_.around(std::move(command),
                         {.writable = {data_dir(), run_dir()},
                          .readable = {conf_dir()},
                          .working_dir = data_dir(),
                          .memory_bytes = memory_,
                          .starts_programs = starts_programs},
                         dies_with_us);
  }

  void initdb() const {
    // Names and rows bring their own encodings and locales with CREATE DATABASE; the cluster's need only
    // exist.
    const Completed done =
        run(walled({bin_dir_of(postgres_) / "initdb", "-D", data_dir(), "-U", request_.superuser, "-A",
                    "trust", "-E", "UTF8", "--no-locale", "--no-sync"},
                   true, true)
                .command,
            stop_);
    if (done.ok()) return;
    throw Unverified(
        fmt::format("initdb of the throwaway server failed in {}: {}", data_dir().string(), done.complaint()),
        walls_.run_as() ? "other users must be able to get there: see --work-dir and TMPDIR" : "");
  }

  void make_login() const {
    Walled single = walled({postgres_.argv.back(), "--single", "-D", data_dir(), "-c", "fsync=off", "-c",
                            "password_encryption=scram-sha-256", "-c", "log_min_messages=error", "postgres"},
                           true);
    single.command.input = create_statement(login_) + "\n";
    const Completed done = run(single.command, stop_);
    if (!done.ok() || done.err.find("ERROR:") != std::string::npos)
      throw Unverified(fmt::format("can't make pgassay's role in the throwaway server: {}", done.complaint()),
                       {});
  }

  void start(bool dies_with_us) {
    Settings all = settings_;
    all["unix_socket_directories"] = run_dir();
    all["hba_file"] = conf_dir() / "pg_hba.conf";
    std::vector<std::string> argv = {postgres_.argv.back(), "-D", data_dir()};
    const std::vector<std::string> arguments = as_arguments(all);
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Walled starting = walled(std::move(argv), dies_with_us);
    starting.command.stdout_fd = log_.get();
    process_.emplace(starting.command, dies_with_us ? SIGKILL : 0);
    const uid_t user = walls_.run_as() ? walls_.run_as()->uid : ::geteuid();
    const pid_t ours = process_->pid();
    proof_ = std::make_shared<ThrowawayProof>(ThrowawayProof::Wanted{
        dir_.socket_dir() / ".s.PGSQL.5432", user, [ours](pid_t pid) { return descends_from(pid, ours); },
        system_identifier_of(data_dir())});
    bool kept = false;
    ready_ = wait_until_ready(
        conninfo(), "",
        [&]() -> std::uint64_t {
          kept = kept || keep_socket(run_dir(), dir_.socket_dir());
          if (!process_->ended_within({}, stop_)) return size_of_file(dir_.path() / "log");
          throw_start_failure("this host's PostgreSQL " + postgres_.version_text, log_tail());
        },
        stop_);
    if (dies_with_us) guard_.emplace(dir_.path(), process_->pid(), observer_);
  }

  /// SIGQUIT ends it at once, SIGINT after it wrote everything. One that does not end in time is killed.
  void end(int signal, std::chrono::milliseconds patience) {
    if (!process_) return;
    guard_.reset();
    // Not bwrap: it would end before the server.
    const pid_t server = proof_ ? proof_->server() : 0;
    server != 0 && signal != SIGQUIT ? static_cast<void>(::kill(server, signal)) : process_->signal(SIGKILL);
    process_->ended_within(patience, {});
    process_.reset();
    try {
      end_processes_in(dir_.path());
    } catch (const Error& error) {
      observer_.message(Level::warning, error.what(), "`pgassay drill --gc` tries again");
    }
  }

  ThrowawayRequest request_;
  PgTool postgres_;
  Walls walls_;
  Observer& observer_;
  std::stop_token stop_;
  ThrowawayDir dir_;  ///< before the process: it goes last
  Login login_;
  std::uint64_t memory_ = 0;
  Settings settings_;
  Fd log_;
  std::optional<Process> process_;
  std::optional<DiskGuard> guard_;
  std::shared_ptr<ThrowawayProof> proof_;
  ReadyServer ready_;
};

}  // namespace

bool has_local_server_of_same_major(const ThrowawayRequest& request, std::stop_token stop) {
  const auto fitting = fitting_server(request.source_version, find_pg_tools("postgres", stop));
  return fitting && fitting->major() == request.source_version / 10000;
}

std::unique_ptr<ThrowawayServer> start_local_server(const ThrowawayRequest& request, Observer& observer,
                                                    std::stop_token stop) {
  PgTool postgres = choose_server(request, stop);
  Walls walls(bin_dir_of(postgres), {request.allow_weak_sandbox, request.landlock}, stop);
  auto server = std::make_unique<LocalEngine>(request, std::move(postgres), std::move(walls), observer, stop);
  server->begin(observer);
  return server;
}

std::string look_at_local_server(const ThrowawayRequest& request, std::stop_token stop) {
  const PgTool postgres = choose_server(request, stop);
  const PgTool pg_restore =
      fitting_tool("pg_restore", postgres.version, postgres.version_text, request, stop);
  const Path base = throwaway_base(request.work_dir);
  if (::access(base.c_str(), W_OK | X_OK) != 0) throw_errno("can't make a directory in", base);
  check_disk(base, request, nullptr);
  const Walls walls(bin_dir_of(postgres), {request.allow_weak_sandbox, request.landlock}, stop);
  return fmt::format("this host's PostgreSQL {}, with pg_restore {}, in {} ({} MiB free); behind it: {}",
                     postgres.version_text, pg_restore.version_text, base.string(), free_bytes(base) / kMiB,
                     walls.described());
}

}  // namespace pgassay::drill
