#include "core/system/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/system/cancellation.h"
#include "core/system/child.h"
#include "core/system/error.h"
#include "core/system/printable.h"

namespace pgassay {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kErrLimit = 1 << 20;

/// A file in memory and not a pipe: nobody has to write it while the child runs, and no SIGPIPE can come.
Fd make_stdin(const std::string& input) {
  if (input.empty()) return above_stderr(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null");
  Fd fd = above_stderr(::memfd_create("stdin", MFD_CLOEXEC), "memfd");
  write_all(fd.get(), as_bytes(input), "memfd");
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) throw_errno("can't rewind", "memfd");
  return fd;
}

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
  Launch launch(command, SIGTERM);
  Fd input = make_stdin(command.input);
  Pipe out, err = make_pipe();
  if (command.stdout_fd < 0) out = make_pipe();
  launch.stdin_fd = input.get();
  launch.stdout_fd = out.writer ? out.writer.get() : command.stdout_fd;
  launch.stderr_fd = err.writer.get();

  StopFd stop_fd(stop);
  Child child(launch);
  for (Fd* fd : {&input, &out.writer, &err.writer}) fd->reset();

  Pump pump(std::move(out.reader), std::move(err.reader), command.on_stdout);
  Completed completed;
  try {
    completed.status = wait_until_ended(child, pump, stop_fd);
  } catch (const Stopped& error) {
    child.terminate();
    error.raise();
  }
  completed.out = std::move(pump.out);
  completed.err = pump.err.take();
  return completed;
}

Process::Process(const Command& command, int signal_when_we_die) {
  Launch launch(command, signal_when_we_die);
  const Fd input = make_stdin(command.input);
  launch.stdin_fd = input.get();
  launch.stdout_fd = launch.stderr_fd = command.stdout_fd;
  launch.own_session = true;
  child_ = std::make_unique<Child>(launch);
}

Process::Process(Process&&) noexcept = default;
Process::~Process() = default;

void Process::signal(int number) const {
  child_->signal(number);
}

std::optional<int> Process::ended_within(milliseconds time, const std::stop_token& stop) {
  const auto deadline = Clock::now() + time;
  const StopFd stop_fd(stop);
  while (!status_ && !(status_ = child_->reap())) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd polled{stop_fd.get(), POLLIN, 0};
    ::poll(&polled, 1, static_cast<int>(std::min(left, milliseconds(10)).count()));
    if (polled.revents != 0) throw Stopped();
  }
  return status_;
}

pid_t Process::pid() const {
  return child_->pid();
}

void Process::release() {
  child_->release();
}

namespace {
std::string backslashed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '\'') out += '\\';
    out += c;
  }
  return out;
}
}  // namespace

std::string shell_word(std::string_view text) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 || (c != 0 && std::strchr("/._-+:,@%=", c) != nullptr);
  };
  if (printable(text) != text) return "$'" + printable(backslashed(text)) + "'";
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
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
