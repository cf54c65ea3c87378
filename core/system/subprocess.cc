#include "core/system/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/system/cancellation.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr auto kTermGrace = std::chrono::seconds(5);
constexpr std::size_t kErrLimit = 1 << 20;

/// Descriptors from 3 on, so that putting them in the places 0 to 2 never overwrites another.
Fd above_stderr(int fd, const char* what) {
  Fd owned(fd);
  if (!owned) throw_errno("can't make a descriptor", what);
  if (fd > 2) return owned;
  Fd moved(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!moved) throw_errno("can't make a descriptor", what);
  return moved;
}

struct Pipe {
  Fd reader, writer;
};

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno("can't make a descriptor", "pipe");
  Fd second(fds[1]);
  Fd reader = above_stderr(fds[0], "pipe");
  return {std::move(reader), above_stderr(second.release(), "pipe")};
}

/// A file in memory and not a pipe: nobody has to write it while the child runs, and no SIGPIPE can come.
Fd make_stdin(const std::string& input) {
  if (input.empty()) return above_stderr(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
  Fd fd = above_stderr(::memfd_create("stdin", MFD_CLOEXEC), "memfd");
  write_all(fd.get(), as_bytes(input), "memfd");
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno("can't rewind", "memfd");
  return fd;
}

/// char* arrays for execve; the strings must outlive it.
std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& string : strings) list.push_back(string.data());
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    if (!added.contains(std::string(text.substr(0, text.find('='))))) environment.emplace_back(text);
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

/// All that the child needs, made before fork: after it only async-signal-safe calls may be made.
struct Launch {
  std::string program;
  std::vector<std::string> argv_strings, env_strings;
  std::vector<char*> argv, env;
  int stdin_fd, stdout_fd, stderr_fd, failure_fd;
  pid_t parent = ::getpid();

  Launch(const Command& command, const Path& path)
      : program(path),
        argv_strings(command.argv),
        env_strings(environment_with(command.env)),
        argv(pointers(argv_strings)),
        env(pointers(env_strings)) {}
};

void put_in_place(int fd, int place) {
  // dup2 onto itself would keep FD_CLOEXEC.
  if (fd == place ? ::fcntl(fd, F_SETFD, 0) < 0 : ::dup2(fd, place) < 0) ::_exit(127);
}

[[noreturn]] void in_child(const Launch& launch) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != launch.parent) ::_exit(127);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  put_in_place(launch.stdin_fd, 0);
  put_in_place(launch.stdout_fd, 1);
  put_in_place(launch.stderr_fd, 2);
  // Descriptors that we were started with have no O_CLOEXEC. Best effort: Linux 5.11.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.env.data());
  int error = errno;
  [[maybe_unused]] ssize_t written = ::write(launch.failure_fd, &error, sizeof error);
  ::_exit(127);
}

/// A child that is killed and reaped when nobody waited for it.
class Child {
 public:
  explicit Child(const Launch& launch) {
    // No handler of ours may run in the child before it has put the default ones in place.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_ = ::fork();
    if (pid_ == 0) in_child(launch);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid_ < 0) throw_errno("can't start", launch.program, error);
  }
  Child(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  /// The status once it has ended.
  std::optional<int> reap() {
    int status = 0;
    pid_t ended;
    do {
      ended = ::waitpid(pid_, &status, WNOHANG);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) return std::nullopt;
    pid_ = -1;
    if (ended < 0) throw_errno("can't wait for a child process", "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  void terminate() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    const auto deadline = Clock::now() + kTermGrace;
    while (!reap()) {
      if (Clock::now() > deadline) return;
      ::usleep(10'000);
    }
  }

 private:
  pid_t pid_ = -1;
};

/// Text of which the middle goes when it grows past the limit.
class BoundedText {
 public:
  void add(std::string_view text) {
    const std::size_t room = kErrLimit / 2 - std::min(kErrLimit / 2, head_.size());
    head_ += text.substr(0, room);
    tail_ += text.substr(std::min(room, text.size()));
    if (tail_.size() > kErrLimit) cut();
  }
  std::string take() {
    if (tail_.size() > kErrLimit / 2) cut();
    return head_ + (cut_ ? "\n[...]\n" : "") + tail_;
  }

 private:
  void cut() {
    tail_.erase(0, tail_.size() - kErrLimit / 2);
    cut_ = true;
  }
  std::string head_, tail_;
  bool cut_ = false;
};

/// The output pipes of one child.
class Pump {
 public:
  Pump(Fd out, Fd err, const std::function<void(Bytes)>& on_stdout)
      : fds_{std::move(out), std::move(err)}, on_stdout_(on_stdout) {
    for (Fd& fd : fds_) {
      if (fd && ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("can't set up", "pipe");
    }
  }

  bool open() const { return fds_[0] || fds_[1]; }

  /// Waits for output, at most so long, and takes it. False: nothing came. Throws Stopped.
  bool take_some(const StopFd& stop, milliseconds timeout) {
    pollfd polled[] = {{stop.get(), POLLIN, 0}, {fds_[0].get(), POLLIN, 0}, {fds_[1].get(), POLLIN, 0}};
    const int ready = ::poll(polled, 3, static_cast<int>(timeout.count()));
    if (ready < 0 && errno != EINTR) throw_errno("can't wait for a child process", "poll");
    if (ready <= 0) return false;
    if (polled[0].revents != 0) throw Stopped();
    for (std::size_t i = 0; i < fds_.size(); ++i) {
      if (polled[i + 1].revents != 0) take(i);
    }
    return true;
  }

  void drain() {
    for (std::size_t i = 0; i < fds_.size(); ++i) {
      while (fds_[i] && take(i)) {
      }
    }
  }

  std::string out;
  BoundedText err;

 private:
  bool take(std::size_t index) {
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(fds_[index].get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) throw_errno("can't read the output of", "a child process");
    if (got == 0) fds_[index].reset();
    const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    if (index == 1)
      err.add(text);
    else if (on_stdout_ && got > 0)
      on_stdout_(as_bytes(text));
    else
      out += text;
    return got > 0;
  }

  std::array<Fd, 2> fds_;
  const std::function<void(Bytes)>& on_stdout_;
};

/// Until the child has ended. A grandchild that keeps the pipes open is not waited for.
int wait_until_ended(Child& child, Pump& pump, const StopFd& stop) {
  milliseconds pause{1};
  for (;;) {
    const bool came = pump.take_some(stop, pump.open() ? milliseconds{100} : pause);
    if (came && pump.open()) continue;
    if (auto status = child.reap()) {
      pump.drain();
      return *status;
    }
    pause = std::min(2 * pause, milliseconds{20});
  }
}

Path program_of(const Command& command) {
  if (command.argv.empty()) throw Error("can't start a program: no name was given");
  Path program = find_program(command.argv[0]);
  if (program.empty()) throw Error("can't start: " + command.argv[0] + ": not found in PATH");
  return program;
}

}  // namespace

std::string Completed::complaint() const {
  constexpr std::size_t kLines = 3, kLength = 600;
  std::string text;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < err.size() && lines < kLines && text.size() < kLength;) {
    const std::size_t end = std::min(err.find('\n', at), err.size());
    const std::size_t first = err.find_first_not_of(" \t\r", at);
    if (first < end) {
      const std::size_t last = err.find_last_not_of(" \t\r", end - 1);
      text += (text.empty() ? "" : "; ") + err.substr(first, last + 1 - first);
      ++lines;
    }
    at = end + 1;
  }
  if (text.size() > kLength) text.replace(kLength, std::string::npos, "...");
  if (!text.empty()) return text;
  return status > 128 ? "ended by signal " + std::to_string(status - 128)
                      : "exit status " + std::to_string(status);
}

Completed run(const Command& command, std::stop_token stop) {
  throw_if_stopped(stop);
  Launch launch(command, program_of(command));
  Fd input = make_stdin(command.input);
  Pipe out, err = make_pipe(), failure = make_pipe();
  if (command.stdout_fd < 0) out = make_pipe();
  launch.stdin_fd = input.get();
  launch.stdout_fd = out.writer ? out.writer.get() : command.stdout_fd;
  launch.stderr_fd = err.writer.get();
  launch.failure_fd = failure.writer.get();

  StopFd stop_fd(stop);
  Child child(launch);
  for (Fd* fd : {&input, &out.writer, &err.writer, &failure.writer}) fd->reset();
  int error = 0;
  if (read_some(failure.reader.get(), std::as_writable_bytes(std::span(&error, 1)), "pipe") == sizeof error) {
    throw_errno("can't start", launch.program, error);
  }

  Pump pump(std::move(out.reader), std::move(err.reader), command.on_stdout);
  Completed completed;
  try {
    completed.status = wait_until_ended(child, pump, stop_fd);
  } catch (const Stopped&) {
    child.terminate();
    throw;
  }
  completed.out = std::move(pump.out);
  completed.err = pump.err.take();
  return completed;
}

Path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* variable = std::getenv("PATH");
  const std::string path = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const Path candidate = Path(end == at ? "." : path.substr(at, end - at)) / name;
    std::error_code unreadable;
    if (std::filesystem::is_regular_file(candidate, unreadable) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
    at = end + 1;
  }
  return {};
}

}  // namespace pgassay
