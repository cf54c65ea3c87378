#include "drill/server/walls.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
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
  for (const char* name : {"postgres", "nobody"}) {
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

void add_programs(std::vector<std::string>& argv, const Path& bin_dir) {
  const auto bind = [&](const std::string& path) { argv.insert(argv.end(), {"--ro-bind-try", path, path}); };
  bind("/usr");
  for (const char* dir : kBesideUsr) {
    std::error_code absent;
    if (const Path target = std::filesystem::read_symlink(dir, absent); !absent)
      argv.insert(argv.end(), {"--symlink", target, dir});
    else
      bind(dir);
  }
  for (const char* path : kOfEtc) bind(path);
  bind("/var/cache/postgresql");  // where Debian's text search dictionaries are
  // A server that was not installed by a package has its libraries beside its programs.
  for (const Path& bin : {bin_dir, std::filesystem::weakly_canonical(bin_dir)})
    if (!bin.string().starts_with("/usr/")) bind(bin.parent_path());
  if (const char* libraries = std::getenv("LD_LIBRARY_PATH")) {
    std::istringstream dirs(libraries);
    for (std::string dir; std::getline(dirs, dir, ':');)
      if (dir.starts_with('/') && !dir.starts_with("/usr/")) bind(dir);
  }
}

Fd in_memory(const char* name, const std::string& contents) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw_errno("can't make a file in memory", name);
  write_all(fd.get(), as_bytes(contents), name);
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno("can't rewind", name);
  return fd;
}

}  // namespace

Walls::Walls(const Path& bin_dir, bool weak_ones_will_do, std::stop_token stop)
    : bin_dir_(bin_dir), bwrap_(find_program("bwrap")) {
  const bool root = ::geteuid() == 0;
  std::string why, hint;
  if (bwrap_.empty()) {
    why = "bwrap is not installed";
    hint = "apt install bubblewrap, ";
  } else {
    if (root) run_as_ = made_up_user();
    // Where something lies over a part of /proc (a container's engine and systemd's ProtectKernelTunables see
    // to that), the kernel lets nobody mount a new one. A server can do without.
    for (const bool proc : {true, false}) {
      proc_ = proc;
      Command trial;
      trial.argv = {bin_dir / "postgres", "--version"};
      trial.env = {{"LC_ALL", "C"}, {"PATH", "/usr/bin:/bin"}};
      trial.env_is_all = true;
      Walled walled = around(trial, {{}, {}, "/", kMiB}, true);
      const std::string our_number = std::to_string(::getpid());
      walled.command.argv.insert(walled.command.argv.begin() + 1, {"--setenv", kTrialOf, our_number});
      const Completed done = run(walled.command, stop);
      if (done.ok()) {
        described_ = fmt::format(
            "namespaces of users, mounts, processes, IPC and network (bwrap), a filter of system calls, "
            "limits of "
            "resources; as {}",
            root ? "a user of its own" : "pgassay's user");
        return;
      }
      why = fmt::format("bwrap can't make namespaces here: {}", done.complaint());
    }
    hint =
        "let ordinary users make them (sysctl kernel.unprivileged_userns_clone and user.max_user_namespaces, "
        "AppArmor; in a container: its seccomp profile), ";
  }
  if (!weak_ones_will_do)
    throw Unverified("nothing would keep the code that a restore runs away from this host: " + why,
                     hint + kOtherEngines);
  bwrap_.clear();
  if (root) run_as_ = known_user();
  described_ = fmt::format(
      "weak, as it was allowed: a filter of system calls and limits of resources only, for {}", why);
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
  if (weak()) {
    confinement.call_filter = filter;
    command.working_dir = inside.working_dir;
    return {std::move(command), {}};
  }
  Walled walled{std::move(command), {}};
  std::vector<std::string> argv = arguments(inside, dies_with_us);
  const auto give = [&](const char* option, const std::string& contents) {
    walled.held.push_back(in_memory(option, contents));
    walled.command.inherited.push_back(walled.held.back().get());
    argv.insert(argv.end(), {option, std::to_string(walled.held.back().get())});
  };
  if (!filter.empty()) give("--seccomp", filter);
  give("--file", fmt::format("postgres:x:{0}:{0}::/:/usr/sbin/nologin\n", uid()));
  // What bwrap itself made to mount upon is memory without a limit.
  argv.insert(argv.end(), {"/etc/passwd", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir",
                           inside.working_dir, "--"});
  argv.insert(argv.end(), walled.command.argv.begin(), walled.command.argv.end());
  walled.command.argv = std::move(argv);
  walled.command.working_dir = "/";
  return walled;
}

std::vector<std::string> Walls::arguments(const Inside& inside, bool dies_with_us) const {
  std::vector<std::string> argv = {
      bwrap_,          "--unshare-user",       "--unshare-ipc", "--unshare-pid", "--unshare-net",
      "--unshare-uts", "--unshare-cgroup-try", "--new-session", "--cap-drop",    "ALL"};
  const auto add = [&argv](std::initializer_list<std::string> more) { argv.insert(argv.end(), more); };
  if (dies_with_us) add({"--die-with-parent"});
  add_programs(argv, bin_dir_);
  // To forbid user namespaces for good takes a /proc/sys to write to. The filter refuses them in any case.
  if (proc_) add({"--proc", "/proc", "--disable-userns"});
  add({"--dev", "/dev"});
  add({"--size", std::to_string(std::max(inside.memory_bytes, kMiB)), "--tmpfs", "/dev/shm"});
  add({"--size", std::to_string(kTmpBytes), "--tmpfs", "/tmp"});
  for (const Path& path : inside.readable) add({"--ro-bind", path, path});
  for (const Path& path : inside.writable) add({"--bind", path, path});
  return argv;
}

}  // namespace pgassay::drill
