#include "drill/server/container_engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "core/repository/identity.h"
#include "core/system/cancellation.h"
#include "core/system/clock.h"
#include "core/system/error.h"
#include "core/system/files.h"
#include "drill/server/leftovers.h"
#include "drill/server/throwaway_dir.h"
#include "drill/server/throwaway_ready.h"
#include "drill/server/throwaway_settings.h"
#include "drill/server/whom.h"

namespace pgassay::drill {
namespace {

constexpr std::uint64_t kLeastForServer = 256 * kMiB, kWalInMemory = 512 * kMiB;
constexpr char kDataDir[] = "/pgassay/data";
constexpr char kImageSockets[] = "/var/run/postgresql";
/// Loopback of a container without network. The entrypoint's temporary server listens nowhere: by this they
/// are told apart.
constexpr char kListens[] = "127.0.0.1";
constexpr unsigned kLogLines = 100;
constexpr double kLookEvery = 0.5, kSocketPatience = 20, kRemovalPatience = 30;
constexpr char kLongTime[] = "86400";

const std::vector<std::string> kLabels = {"pgassay.drill", "pgassay.dir",    "pgassay.uid",
                                          "pgassay.host",  "pgassay.backup", "pgassay.expires"};

/// podman asks a terminal which registry a short name means; docker always means this one.
std::string with_registry(const std::string& reference) {
  const std::size_t slash = reference.find('/');
  if (slash == std::string::npos) return "docker.io/library/" + reference;
  const std::string first = reference.substr(0, slash);
  const bool registry = first.find_first_of(".:") != std::string::npos || first == "localhost";
  return registry ? reference : "docker.io/" + reference;
}

struct ChosenImage {
  std::string reference;
  ContainerImage facts;
};

std::string image_name(const ThrowawayRequest& request) {
  return request.image.empty() ? "postgres:" + std::to_string(request.source_version / 10000) : request.image;
}

std::string image_hint(const ContainerCli& cli, const std::string& name) {
  return fmt::format(
      "{} pull {}, or build an image of that name, or name another with --image (docs/engines.md)",
      cli.program(), name);
}

/// Nothing: it has to be pulled.
std::optional<ContainerImage> image_here(const ContainerCli& cli, const ThrowawayRequest& request,
                                         std::stop_token stop) {
  if (request.pull == Pull::always) return std::nullopt;
  const std::string name = image_name(request);
  std::optional<ContainerImage> image = cli.image(name, stop);
  if (!image && request.pull == Pull::never)
    throw Unverified(
        fmt::format("{} has no image {} on this host, and it may not be pulled", cli.program(), name),
        image_hint(cli, name));
  return image;
}

ChosenImage choose_image(const ContainerCli& cli, const ThrowawayRequest& request, Observer& observer,
                         std::stop_token stop) {
  const std::string name = image_name(request), hint = image_hint(cli, name);
  if (const auto image = image_here(cli, request, stop)) return {name, *image};
  observer.message(Level::info, fmt::format("pulling the image {}", name));
  const std::string reference = cli.program() == "podman" ? with_registry(name) : name;
  try {
    cli.pull(reference, stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::no_container_engine, ErrorKind::stopped);
    throw Unverified(error.what(), hint, error);
  }
  if (const auto image = cli.image(reference, stop)) return {reference, *image};
  throw Unverified(fmt::format("{} has no image {} though it was pulled", cli.program(), reference), hint);
}

/// How much of the memory is for what.
struct Shares {
  std::uint64_t all, data = 0, server, wal;  ///< data: 0 when it goes to a volume
};

Shares shares_of(const ThrowawayRequest& request) {
  Shares shares{memory_for(request), 0, 0, 0};
  // Indexes and page headers come on top of rows; the source's size has its own.
  const std::uint64_t needed = 2 * bytes_needed(request) + kWalInMemory;
  if (needed + kLeastForServer <= shares.all) {
    shares.server = std::max(kLeastForServer, (shares.all - needed) / 2);
    shares.data = shares.all - shares.server;
    shares.wal = kWalInMemory;
  } else {
    shares.server = shares.all;
    shares.wal = 4096 * kMiB;
  }
  return shares;
}

class ContainerEngine : public ThrowawayServer {
 public:
  ContainerEngine(Engine engine, const ThrowawayRequest& request, Observer& observer, std::stop_token stop)
      : engine_(engine),
        cli_(std::string(to_string(engine))),
        request_(request),
        observer_(observer),
        stop_(std::move(stop)),
        engine_version_(reach_for_drill(cli_, stop_)),
        image_(choose_image(cli_, request_, observer, stop_)),
        shares_(shares_of(request_)),
        dir_(engine, request_, false, observer),
        first_{request_.superuser, random_hex(16)},
        login_(new_login()) {}

  ~ContainerEngine() override {
    if (created_ && !kept_) remove();
  }

  void begin() {
    check_socket_path(dir_.socket_dir());
    if (shares_.data == 0) check_disk();
    make_private_dirs(dir_.socket_dir());
    make_private_dirs(run_dir());
    // Whatever user the image's server is. Only we get as far as here.
    set_mode(run_dir(), 0777);
    set_mode(dir_.socket_dir(), 0755);
    throw_if_stopped(stop_);
    created_ = true;
    cli_.create(spec());
    cli_.start(dir_.name());
    ready_ = wait_until_ready(
        throwaway_conninfo(run_dir(), first_, proof_of_a_socket(run_dir() / ".s.PGSQL.5432")), kListens,
        [this] { return look(); }, stop_);
    take_socket();
    if (ready_.version / 10000 < request_.source_version / 10000) {
      throw Unverified(fmt::format("the image {} has PostgreSQL {}, and the backup is of a newer release: {}",
                                   image_.reference, ready_.version_text, request_.source_version / 10000),
                       "name an image of that release with --image");
    }
  }

  ConnInfo conninfo() const override { return throwaway_conninfo(socket_dir_, login_, proof_); }

  PgTool tool(std::string_view program) const override {
    const auto fitting = [&](const std::vector<PgTool>& tools) {
      return fitting_pg_restore(ready_.version, request_.pg_dump_version, tools);
    };
    const auto on_host = fitting(find_pg_tools(std::string(program), stop_));
    if (on_host && on_host->major() == ready_.version / 10000) return *on_host;
    if (const auto inside = fitting(tools_inside(program))) return *inside;
    if (on_host) return *on_host;
    throw Unverified(
        fmt::format("no {} fits the throwaway server {}: neither on this host nor in the image {}", program,
                    ready_.version_text, image_.reference),
        fmt::format("install postgresql-client-{}",
                    std::max(ready_.version, request_.pg_dump_version) / 10000));
  }

  EngineFacts facts() const override {
    EngineFacts facts;
    facts.engine = engine_;
    facts.engine_version = engine_version_;
    facts.image = image_.reference;
    facts.image_id = image_.facts.id;
    facts.image_digest = image_.facts.digest;
    facts.server = dir_.name();
    facts.server_version = ready_.version_text;
    facts.server_version_num = ready_.version;
    facts.host = host_name();
    facts.storage = shares_.data != 0 ? "tmpfs" : "volume";
    facts.memory_bytes = shares_.all;
    facts.settings = settings();
    facts.sandbox = fmt::format(
        "a container of {} without network, the most of the capabilities, or new privileges", cli_.program());
    return facts;
  }

  std::string log_tail() const override { return cli_.logs(dir_.name(), kLogLines); }

  std::string how_to_connect(const std::string& database) const override {
    const std::string word = shell_word(database);
    if (!find_program("psql").empty())
      return fmt::format("PGPASSWORD={} psql -h {} -U {} -d {}", login_.password, socket_dir_.string(),
                         login_.user, word);
    return fmt::format("{} exec -it {} psql -U {} -d {}", cli_.program(), dir_.name(),
                       shell_word(first_.user), word);
  }

  void keep() override {
    dir_.keep_until(now() + request_.lifetime);
    kept_ = true;
  }

 private:
  Path run_dir() const { return dir_.path() / "run"; }

  /// Nobody's code has run so far but the image's. From here on the server can't put anything in the place of
  /// its socket: neither in its own directory, which belongs to us and not to it, nor, where the kernel lets
  /// us, in ours, where the same socket has another name.
  void take_socket() {
    set_mode(run_dir(), 0755);
    try {
      keep_socket(run_dir(), dir_.socket_dir());
      socket_dir_ = dir_.socket_dir();
    } catch (const SystemError& error) {
      // It belongs to another user, from whom the directory is kept by its mode.
      if (error.number() != EPERM) error.raise();
      socket_dir_ = run_dir();
    }
    const auto state = cli_.state(dir_.name());
    const pid_t ours = state ? state->pid : 0;
    proof_ = std::make_shared<ThrowawayProof>(ThrowawayProof::Wanted{
        socket_dir_ / ".s.PGSQL.5432",
        {},
        // 0: it is of a process namespace that we don't see into, for we run in a container ourselves.
        [ours](pid_t pid) { return pid == 0 || descends_from(pid, ours); },
        {}});
    Connection::open(throwaway_conninfo(socket_dir_, first_, proof_), "pgassay", stop_)
        .query("SET password_encryption TO 'scram-sha-256'; " + create_statement(login_));
  }

  Settings settings() const {
    Settings settings = throwaway_settings(request_, shares_.server, shares_.wal);
    settings["listen_addresses"] = kListens;
    return settings;
  }

  ContainerSpec spec() const {
    Settings all = settings();
    all["unix_socket_directories"] = fmt::format("{},\"{}\"", kImageSockets, run_dir().string());
    ContainerSpec spec;
    spec.name = dir_.name();
    spec.image = image_.facts.id;
    const std::vector<std::string> values = {
        dir_.name(), dir_.path(),        std::to_string(::geteuid()),
        host_name(), request_.backup_id, to_rfc3339(now() + request_.lifetime)};
    for (std::size_t i = 0; i < kLabels.size(); ++i) spec.labels[kLabels[i]] = values[i];
    spec.environment = {{"POSTGRES_USER", first_.user},
                        {"POSTGRES_DB", "postgres"},
                        {"POSTGRES_PASSWORD", first_.password},
                        {"POSTGRES_INITDB_ARGS", "--no-sync --no-locale --encoding=UTF8"},
                        {"PGDATA", kDataDir},
                        {"PGCTLTIMEOUT", kLongTime},
                        {"LC_ALL", "C"}};
    spec.binds = {{run_dir(), false}, {dir_.socket_dir(), true}};
    if (!request_.backup_dir.empty())
      spec.binds.push_back({std::filesystem::canonical(request_.backup_dir), true});
    spec.data_dir = kDataDir;
    spec.data_tmpfs_bytes = shares_.data;
    spec.memory_bytes = shares_.all;
    spec.shm_bytes = std::max(64 * kMiB, shares_.server / 2);
    spec.command = as_arguments(all);
    spec.command.insert(spec.command.begin(), "postgres");
    return spec;
  }

  void check_disk() const {
    const Path storage = cli_.storage_dir(stop_);
    std::error_code out_of_sight;
    if (!std::filesystem::exists(storage, out_of_sight)) return;
    check_room(
        storage, request_,
        fmt::format("free space there (`{} system df`), or give it memory with --memory", cli_.program()));
  }

  /// Called often; asks the engine now and then. Throws when the container has ended, or serves its socket
  /// elsewhere. Returns what changes as it gets on.
  std::uint64_t look() {
    const double seconds = watch_.seconds();
    if (seconds < next_look_) return progress_;
    next_look_ = seconds + kLookEvery;
    const auto state = cli_.state(dir_.name());
    const std::string where = "the image " + image_.reference;
    if (state && state->out_of_memory) {
      throw Unverified(fmt::format("the throwaway server of {} ran out of memory: it had {} MiB", where,
                                   shares_.all / kMiB),
                       "allow it more with --memory");
    }
    const std::string log = state ? log_tail() : "the container is gone";
    if (!state || !state->running()) throw_start_failure(where, log);
    const bool up = says_ready_after_init(log);
    // Of the server itself no work says that it gets on: it is up, and should answer.
    progress_ = std::hash<std::string>{}(log) + (up ? 0 : cpu_ticks(state->pid));
    const bool shows = exists(status_of(run_dir() / ".s.PGSQL.5432"));
    if (!up || shows) up_since_.reset();
    if (!up || shows) return progress_;
    if (!up_since_) up_since_ = seconds;
    if (seconds - *up_since_ < kSocketPatience) return progress_;
    throw Unverified(fmt::format("the throwaway server of {} runs, but its socket does not show in {}", where,
                                 run_dir().string()),
                     cli_.program() +
                         " sees another file system than pgassay does: run both on the same host, or name a "
                         "directory that both share with --work-dir");
  }

  std::vector<PgTool> tools_inside(std::string_view program) const {
    PgTool tool;
    tool.argv = cli_.exec(dir_.name(), program, kToolVariables);
    tool.place = "the container " + dir_.name();
    tool = examine_pg_tool(std::move(tool), std::string(program), stop_);
    return tool.version == 0 ? std::vector<PgTool>() : std::vector<PgTool>{tool};
  }

  /// The engine may be starting anew right now. What can't be removed is left for the next gc, with the
  /// directory.
  void remove() {
    const Stopwatch patience;
    for (;;) {
      try {
        return cli_.remove(dir_.name());
      } catch (const Error& error) {
        if (patience.seconds() > kRemovalPatience) {
          observer_.message(Level::warning, error.what(), "`pgassay drill --gc` removes it later");
          return dir_.leave();
        }
      }
      ::usleep(500'000);
    }
  }

  Engine engine_;
  ContainerCli cli_;
  ThrowawayRequest request_;
  Observer& observer_;
  std::stop_token stop_;
  std::string engine_version_;
  ChosenImage image_;
  Shares shares_;
  ThrowawayDir dir_;
  const Login first_;  ///< what the image's entrypoint makes
  const Login login_;
  Path socket_dir_;
  std::shared_ptr<ThrowawayProof> proof_;
  bool created_ = false, kept_ = false;
  ReadyServer ready_;
  Stopwatch watch_;
  double next_look_ = kLookEvery;
  std::optional<double> up_since_;  ///< it says that it is ready, and its socket does not show
  std::uint64_t progress_ = 0;
};

/// Why it is abandoned; empty: it is not, or not ours.
std::string why_abandoned(const LabelledContainer& container) {
  const Path dir = container.labels[1];
  if (dir.empty() || container.labels[2] != std::to_string(::geteuid())) return {};
  if (container.labels[3] == host_name()) return state_of(dir) == RunState::dead ? "its run was dead" : "";
  return parse_rfc3339(container.labels[5]) < now() ? "its time was over" : "";
}

}  // namespace

std::string reach_for_drill(const ContainerCli& cli, std::stop_token stop) {
  try {
    return cli.reach(std::move(stop));
  } catch (const NoContainerEngine& error) {
    if (!error.absent()) error.raise();
    const bool elsewhere = error.reason() == NoContainerEngine::Reason::on_another_host;
    throw NoContainerEngine(error.what(),
                            fmt::format("{}, or use another engine (--engine)",
                                        elsewhere ? "run the drill on that host" : "install it"),
                            error.reason());
  }
}

std::string look_at_container_server(Engine engine, const ThrowawayRequest& request, std::stop_token stop) {
  const ContainerCli cli{std::string(to_string(engine))};
  const std::string version = reach_for_drill(cli, stop);
  const bool here = image_here(cli, request, stop).has_value();
  return fmt::format("{} {} with the image {}{}", cli.program(), version, image_name(request),
                     here ? "" : ", which has to be pulled");
}

std::unique_ptr<ThrowawayServer> start_container_server(Engine engine, const ThrowawayRequest& request,
                                                        Observer& observer, std::stop_token stop) {
  auto server = std::make_unique<ContainerEngine>(engine, request, observer, stop);
  server->begin();
  return server;
}

std::vector<AbandonedContainer> abandoned_containers(Engine engine, std::stop_token stop) {
  const ContainerCli cli((std::string(to_string(engine))));
  std::vector<AbandonedContainer> abandoned;
  if (!cli.installed()) return abandoned;
  try {
    for (const LabelledContainer& container : cli.list(kLabels, stop)) {
      const std::string why = why_abandoned(container);
      if (!why.empty()) abandoned.push_back({cli, container.name, container.labels[4], why});
    }
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    // Out of reach: then nobody can drill with it either.
  }
  return abandoned;
}

}  // namespace pgassay::drill
