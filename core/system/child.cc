#include "core/system/child.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "core/system/call_filter.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr auto kTermGrace = std::chrono::seconds(5);

/// char* arrays for execve; the strings must outlive it.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& string : strings) list.push_back(string.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> environment;
  for (char** entry = environ; !command.env_is_all && *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    if (!command.env.contains(std::string(text.substr(0, text.find('='))))) environment.emplace_back(text);
  }
  for (const auto& [name, value] : command.env) environment.push_back(name + "=" + value);
  return environment;
}

std::string program_of(const Command& command) {
  if (command.argv.empty()) throw Error("can't start a program: no name was given");
  const Path program = find_program(command.argv[0]);
  if (program.empty()) throw Error("can't start: " + command.argv[0] + ": not found in PATH");
  return program;
}

/// What the child tells when it could not become the program.
struct Failure {
  enum Step : int { user, directory, confinement, start } step;
  int error;
};

std::string_view words_for(Failure::Step step) {
  switch (step) {
    case Failure::user:
      return "can't change to the user that is to run";
    case Failure::directory:
      return "can't enter the working directory of";
    case Failure::confinement:
      return "can't confine";
    case Failure::start:
      break;
  }
  return "can't start";
}

[[noreturn]] void fail(const Launch& launch, Failure::Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(launch.failure_fd, &failure, sizeof failure);
  ::_exit(127);
}

void put_in_place(int fd, int place) {
  // dup2 onto itself would keep FD_CLOEXEC.
  if (fd == place ? ::fcntl(fd, F_SETFD, 0) < 0 : ::dup2(fd, place) < 0) ::_exit(127);
}

void limit_resources(const Launch& launch) {
  for (const ResourceLimit& limit : launch.command.confinement.limits) {
    rlimit now{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &now) != 0)
      fail(launch, Failure::confinement);
    // An ordinary user's hard limit goes down only.
    const rlim_t most = limit.most < now.rlim_max ? limit.most : now.rlim_max;
    const rlimit lower{most, most};
    if (::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &lower) != 0)
      fail(launch, Failure::confinement);
  }
}

void change_user(const Launch& launch, const UserId& id) {
  if (::setgroups(0, nullptr) != 0 || ::setgid(id.gid) != 0 || ::setuid(id.uid) != 0)
    fail(launch, Failure::user);
}

void trace_argv(TraceEvent& event, const std::vector<std::string>& argv) {
  std::vector<std::string> safe;
  for (const std::string& word : argv) safe.push_back(without_passwords(word));
  event.list("argv", safe);
}

[[noreturn]] void in_child(const Launch& launch) {
  const Command& command = launch.command;
  if (launch.own_session) ::setsid();
  limit_resources(launch);
  if (command.confinement.run_as) change_user(launch, *command.confinement.run_as);
  // Another user forgets the death signal, so it comes after.
  if (launch.signal_when_we_die != 0) {
    ::prctl(PR_SET_PDEATHSIG, launch.signal_when_we_die);
    if (::getppid() != launch.parent) ::_exit(127);
  }
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  put_in_place(launch.stdin_fd, 0);
  put_in_place(launch.stdout_fd, 1);
  put_in_place(launch.stderr_fd, 2);
  // Descriptors that we were started with have no O_CLOEXEC. Best effort: Linux 5.11.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int fd : command.inherited) put_in_place(fd, fd);
  if (!command.working_dir.empty() && ::chdir(command.working_dir.c_str()) != 0)
    fail(launch, Failure::directory);
  const Confinement& confinement = command.confinement;
  if (!confinement.call_filter.empty() && !install_call_filter(confinement.call_filter))
    fail(launch, Failure::confinement);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.env.data());
  fail(launch, Failure::start);
}

}  // namespace

Fd above_stderr(int fd, const char* what) {
  Fd owned(fd);
  if (!owned) throw_errno("can't make a descriptor", what);
  if (fd > 2) return owned;
  Fd moved(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!moved) throw_errno("can't make a descriptor", what);
  return moved;
}

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno("can't make a descriptor", "pipe");
  Fd second(fds[1]);
  Fd reader = above_stderr(fds[0], "pipe");
  return {std::move(reader), above_stderr(second.release(), "pipe")};
}

Launch::Launch(const Command& command, int signal_when_we_die)
    : program(program_of(command)),
      argv_strings(command.argv),
      env_strings(environment_of(command)),
      argv(pointers(argv_strings)),
      env(pointers(env_strings)),
      command(command),
      signal_when_we_die(signal_when_we_die),
      parent(::getpid()) {}

Child::Child(Launch& launch) {
  if (traced_) trace_argv(traced_, launch.argv_strings);
  Pipe failed = make_pipe();
  launch.failure_fd = failed.writer.get();
  // No handler of ours may run in the child before it has put the default ones in place.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_ = ::fork();
  if (pid_ == 0) in_child(launch);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid_ < 0) throw_errno("can't start", launch.program, error);
  traced_.number("pid", pid_);

  failed.writer.reset();
  Failure failure{};
  const OnFailure end_it([this] { end(); });
  if (read_some(failed.reader.get(), std::as_writable_bytes(std::span(&failure, 1)), "pipe") !=
      sizeof failure)
    return;
  throw_errno(std::string(words_for(failure.step)), launch.program, failure.error);
}

Child::~Child() {
  end();
}

void Child::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::optional<int> Child::reap() {
  int status = 0;
  pid_t ended;
  do {
    ended = ::waitpid(pid_, &status, WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return std::nullopt;
  pid_ = -1;
  if (ended < 0) throw_errno("can't wait for a child process", "waitpid");
  const int exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  traced_.number("exit", exit).end();
  return exit;
}

void Child::terminate() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kTermGrace;
  while (!reap()) {
    if (std::chrono::steady_clock::now() > deadline) return;
    ::usleep(10'000);
  }
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

pid_t Child::release() {
  return std::exchange(pid_, -1);
}

}  // namespace pgassay
