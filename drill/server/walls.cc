#include "drill/server/walls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>

#include "core/system/call_filter.h"
#include "core/system/error.h"
#include "core/system/files.h"
#include "drill/server/leftovers.h"
#include "drill/server/throwaway_settings.h"

namespace pgassay::drill {
namespace {

constexpr std::uint64_t kLargestFile = 4096 * kMiB;  ///< a table's files are 1 GB each
constexpr std::uint64_t kOpenFiles = 8192, kProcesses = 1024, kTmpBytes = 64 * kMiB;

/// Users that nobody was given: above what systemd-nspawn hands out, else, in a container that does not know
/// those, systemd's own for services without a user.
constexpr uid_t kFirstFree = 0x70000000, kLastFree = 0x7ffffffe, kFirstDynamic = 61184, kLastDynamic = 65519;

/// /etc is full of what others need not read; a server needs these.
constexpr const char* kOfEtc[] = {"/etc/alternatives", "/etc/ld.so.cache",   "/etc/locale.alias",
                                  "/etc/localtime",    "/etc/nsswitch.conf", "/etc/ssl/openssl.cnf",
                                  "/etc/timezone"};
/// Links on today's Debian, directories on older ones.
constexpr const char* kBesideUsr[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

constexpr char kOtherEngines[] =
    "or use --engine docker or podman; or, where you trust everybody who owns a table in the "
    "source, --allow-weak-sandbox (docs/security.md)";

/// Does this (user) namespace know that user? /proc/self/uid_map: first inside, first outside, how many.
bool is_mapped(uid_t uid) {
  std::istringstream lines(read_file("/proc/self/uid_map"));
  for (std::uint64_t inside, outside, count; lines >> inside >> outside >> count;)
    if (uid >= inside && uid - inside < count) return true;
  return false;
}

UserId made_up_user() {
  std::random_device random;
  const bool many = is_mapped(kFirstFree) && is_mapped(kLastFree);
  for (;;) {
    const uid_t uid = std::uniform_int_distribution<uid_t>(many ? kFirstFree : kFirstDynamic,
                                                           many ? kLastFree : kLastDynamic)(random);
    if (::getpwuid(uid) == nullptr) return {uid, uid};
  }
}

/// PostgreSQL refuses to run as root.
UserId known_user() {
  for (const char* name : {"nobody", "postgres"}) {
    const passwd* user = ::getpwnam(name);
    if (user != nullptr && user->pw_uid != 0) return {user->pw_uid, user->pw_gid};
  }
  throw Unverified("a throwaway server can't run as root, and there is neither a user postgres nor nobody",
                   "run pgassay as another user, or use --engine docker");
}

/// The kernel counts all of a user's processes against its limit.
std::uint64_t processes_of(uid_t uid) {
  std::uint64_t count = 0;
  for (const std::string& pid : list_names("/proc")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      count += owner_of("/proc/" + pid) == uid;
    } catch (const Error&) {
      // It has ended.
    }
  }
  return count;
}

/// Inside, where it is mounted.
constexpr char kOurselves[] = "/pgassay";
constexpr std::string_view kBehindLandlock = "--behind-landlock";
constexpr char kRun = 'x', kRead = 'r', kWrite = 'w';
/// Starts every program that is not linked statically: of x86-64 and arm64, glibc's and musl's.
constexpr const char* kLoaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1",
                                    "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"};

bool is_beside_usr(const Path& path) {
  return std::find(std::begin(kBesideUsr), std::end(kBesideUsr), path) != std::end(kBesideUsr);
}

Fd our_program() {
  Fd fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!fd) throw_errno("can't open", "/proc/self/exe");
  return fd;
}

bool has_a_path(const Fd& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && status.st_nlink != 0;
}

Fd in_memory(const char* name, const std::string& contents) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw_errno("can't make a file in memory", name);
  write_all(fd.get(), as_bytes(contents), name);
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno("can't rewind", name);
  return fd;
}

}  // namespace

Walls::Walls(const Path& bin_dir, const WallsWanted& wanted, std::stop_token stop)
    : bin_dir_(bin_dir), bwrap_(find_program("bwrap")) {
  const bool root = ::geteuid() == 0;
  const unsigned release = std::min(landlock_release(), wanted.landlock);
  // The first releases let no file be renamed between directories.
  const unsigned usable = release < kLandlockRenames ? 0 : release;
  constexpr char kCalls[] = "a filter of system calls, limits of resources";
  const auto landlock = [this] {
    return landlock_ == 0 ? std::string() : fmt::format("Landlock (release {}), ", landlock_);
  };
  std::string why, hint;
  if (bwrap_.empty()) {
    why = "bwrap is not installed";
    hint = "apt install bubblewrap, ";
  } else {
    if (root) run_as_ = made_up_user();
    // Where something lies over a part of /proc (a container's engine and systemd's ProtectKernelTunables see
    // to that), the kernel lets nobody mount a new one. A server can do without.
    // And the server's user may not be able to get to where this program lies, nor run a copy.
    struct Way {
      bool proc, copied;
      unsigned landlock;
    };
    std::vector<Way> ways;
    for (const bool proc : {true, false}) {
      if (usable != 0) ways.insert(ways.end(), {{proc, false, usable}, {proc, true, usable}});
      ways.push_back({proc, false, 0});
    }
    for (const Way& way : ways) {
      proc_ = way.proc;
      copied_ = way.copied;
      landlock_ = way.landlock;
      if (!trial(why, stop)) continue;
      described_ = fmt::format("namespaces of users, mounts, processes, IPC and network (bwrap), {}{}; as {}",
                               landlock(), kCalls, root ? "a user of its own" : "pgassay's user");
      return;
    }
    why = "bwrap can't make namespaces here: " + why;
    hint =
        "let ordinary users make them (sysctl kernel.unprivileged_userns_clone and user.max_user_namespaces, "
        "AppArmor; in a container: its seccomp profile), ";
    bwrap_.clear();
  }
  if (root) run_as_ = known_user();
  landlock_ = usable;
  std::string no_landlock;
  if (landlock_ != 0 && !trial(no_landlock, stop)) landlock_ = 0;
  // It leaves to the filter what it lacks.
  if (landlock_ >= kLandlockScopes && !server_call_filter().empty()) {
    described_ = fmt::format("{}{}; as {}; no namespaces, for {}", landlock(), kCalls,
                             root ? "another user" : "pgassay's user", why);
    return;
  }
  if (!wanted.weak_ones_will_do) {
    throw Unverified(
        fmt::format("nothing would keep the code that a restore runs away from this host: {}, and Landlock, "
                    "without namespaces, would have to be of release {} (Linux 6.12) and is {}",
                    why, kLandlockScopes, release == 0 ? "not there" : fmt::format("of release {}", release)),
        hint + kOtherEngines);
  }
  described_ = fmt::format("weak, as it was allowed: {}{} only, for {}", landlock(), kCalls, why);
}

/// Does a server's program start behind them?
bool Walls::trial(std::string& why, const std::stop_token& stop) const {
  Command command;
  command.argv = {bin_dir_ / "postgres", "--version"};
  command.env = {{"LC_ALL", "C"}, {"PATH", "/usr/bin:/bin"}};
  command.env_is_all = true;
  Walled walled = around(std::move(command),
                         {.writable = {}, .readable = {}, .working_dir = "/", .memory_bytes = kMiB}, true);
  if (!bwrap_.empty()) {
    const std::string our_number = std::to_string(::getpid());
    walled.command.argv.insert(walled.command.argv.begin() + 1, {"--setenv", kTrialOf, our_number});
  }
  const Completed done = run(walled.command, stop);
  if (!done.ok()) why = done.complaint();
  return done.ok();
}

uid_t Walls::uid() const {
  return run_as_ ? run_as_->uid : ::geteuid();
}

Walled Walls::around(Command command, const Inside& inside, bool dies_with_us) const {
  Confinement& confinement = command.confinement;
  confinement.run_as = run_as_;
  confinement.limits = {{RLIMIT_CORE, 0},
                        {RLIMIT_FSIZE, kLargestFile},
                        {RLIMIT_NOFILE, kOpenFiles},
                        {RLIMIT_NPROC, processes_of(uid()) + kProcesses}};
  const std::string filter = server_call_filter();
  std::vector<std::string> server = std::move(command.argv);
  if (landlock_ != 0) {
    const std::vector<std::string> first =
        through_landlock(bwrap_.empty() ? "/proc/self/exe" : kOurselves, server.front(), inside);
    server.insert(server.begin(), first.begin(), first.end());
  }
  if (bwrap_.empty()) {
    command.argv = std::move(server);
    confinement.call_filter = filter;
    command.working_dir = inside.working_dir;
    return {std::move(command), {}};
  }
  Walled walled{std::move(command), {}};
  std::vector<std::string> argv = namespaces(inside, dies_with_us);
  const auto hold = [&walled](Fd fd) {
    walled.command.inherited.push_back(fd.get());
    return std::to_string(walled.held.emplace_back(std::move(fd)).get());
  };
  const auto add = [&argv](std::initializer_list<std::string> more) { argv.insert(argv.end(), more); };
  if (!filter.empty()) add({"--seccomp", hold(in_memory("seccomp", filter))});
  const std::string users = fmt::format("postgres:x:{0}:{0}::/:/usr/sbin/nologin\n", uid());
  add({"--file", hold(in_memory("passwd", users)), "/etc/passwd"});
  if (landlock_ != 0) {
    Fd program = our_program();
    // Another program may have taken its place by now.
    const bool copied = copied_ || !has_a_path(program);
    const std::string number = hold(std::move(program));
    if (copied)
      add({"--perms", "0555", "--ro-bind-data", number, kOurselves});
    else
      add({"--ro-bind", "/proc/self/fd/" + number, kOurselves});
  }
  // What bwrap itself made to mount upon is memory without a limit.
  add({"--remount-ro", "/dev", "--remount-ro", "/", "--chdir", inside.working_dir, "--"});
  argv.insert(argv.end(), server.begin(), server.end());
  walled.command.argv = std::move(argv);
  walled.command.working_dir = "/";
  return walled;
}

/// What a server needs of this host. It may be absent.
std::vector<Path> Walls::programs() const {
  std::vector<Path> paths = {"/usr", "/var/cache/postgresql"};  // there are Debian's text search dictionaries
  paths.insert(paths.end(), std::begin(kBesideUsr), std::end(kBesideUsr));
  paths.insert(paths.end(), std::begin(kOfEtc), std::end(kOfEtc));
  // A server that was not installed by a package has its libraries beside its programs.
  for (const Path& bin : {bin_dir_, std::filesystem::weakly_canonical(bin_dir_)})
    if (!bin.string().starts_with("/usr/")) paths.push_back(bin.parent_path());
  if (const char* libraries = std::getenv("LD_LIBRARY_PATH")) {
    std::istringstream dirs(libraries);
    for (std::string dir; std::getline(dirs, dir, ':');)
      if (dir.starts_with('/') && !dir.starts_with("/usr/")) paths.push_back(dir);
  }
  return paths;
}

std::vector<std::string> Walls::namespaces(const Inside& inside, bool dies_with_us) const {
  std::vector<std::string> argv = {
      bwrap_,          "--unshare-user",       "--unshare-ipc", "--unshare-pid", "--unshare-net",
      "--unshare-uts", "--unshare-cgroup-try", "--new-session", "--cap-drop",    "ALL"};
  const auto add = [&argv](std::initializer_list<std::string> more) { argv.insert(argv.end(), more); };
  if (dies_with_us) add({"--die-with-parent"});
  for (const Path& path : programs()) {
    std::error_code no_link;
    if (const Path target = std::filesystem::read_symlink(path, no_link); !no_link && is_beside_usr(path))
      add({"--symlink", target, path});
    else
      add({"--ro-bind-try", path, path});
  }
  // To forbid user namespaces for good takes a /proc/sys to write to. The filter refuses them in any case.
  if (proc_) add({"--proc", "/proc", "--disable-userns"});
  add({"--dev", "/dev"});
  add({"--size", std::to_string(std::max(inside.memory_bytes, kMiB)), "--tmpfs", "/dev/shm"});
  add({"--size", std::to_string(kTmpBytes), "--tmpfs", "/tmp"});
  for (const Path& path : inside.readable) add({"--ro-bind", path, path});
  for (const Path& path : inside.writable) add({"--bind", path, path});
  return argv;
}

/// What comes before the server's own words: see go_behind_landlock.
std::vector<std::string> Walls::through_landlock(const Path& ourselves, const Path& program,
                                                 const Inside& inside) const {
  std::vector<std::string> argv = {ourselves, std::string(kBehindLandlock), std::to_string(landlock_)};
  const auto add = [&argv](char right, const Path& path) { argv.push_back(right + path.string()); };
  // In namespaces nothing else is there.
  std::vector<Path> readable = {"/"};
  if (bwrap_.empty()) {
    readable = programs();
    readable.insert(readable.end(), {"/etc/passwd", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"});
  } else {
    for (const char* path : {"/tmp", "/dev/shm"}) add(kWrite, path);
  }
  for (const Path& path : readable) {
    add(kRead, path);
    if (inside.starts_programs) add(kRun, path);
  }
  for (const Path& path : inside.readable) add(kRead, path);
  for (const Path& path : inside.writable) add(kWrite, path);
  add(kWrite, "/dev/null");
  add(kRun, program);
  for (const char* loader : kLoaders) add(kRun, loader);
  argv.push_back("--");
  return argv;
}

std::optional<int> go_behind_landlock(int argc, char** argv) {
  if (argc < 4 || argv[1] != kBehindLandlock) return std::nullopt;
  try {
    Reach reach;
    int next = 3;
    for (; next < argc && std::string_view(argv[next]) != "--"; ++next) {
      const char right = argv[next][0];
      (right == kRun ? reach.run : right == kRead ? reach.read : reach.write).emplace_back(argv[next] + 1);
    }
    if (++next >= argc) throw Error("no program was given");
    const Fd rules = landlock_rules(reach, static_cast<unsigned>(std::stoul(argv[2])));
    if (!take_on(rules)) throw_errno("can't take on rules of", "Landlock");
    // The descriptor by which bwrap mounted us is still open.
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execv(argv[next], argv + next);
    throw_errno("can't start", argv[next]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pgassay: %s\n", error.what());
    return 126;
  }
}

}  // namespace pgassay::drill
