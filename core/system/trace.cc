#include "core/system/trace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "core/system/clock.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

std::atomic<Trace*> current = nullptr;

/// How many bytes the UTF-8 sequence at the beginning has; 0: it is none.
std::size_t sequence_at(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (const char c : text.substr(1, length - 1))
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return 0;
  return length;
}

/// In quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::size_t length = sequence_at(text);
    const char c = text[0];
    if (length == 0)
      quoted += "\\ufffd";
    else if (c == '"' || c == '\\')
      quoted.append({'\\', c});
    else if (length == 1 && static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      quoted += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return quoted + "\"";
}

std::string this_thread() {
  if (::gettid() == ::getpid()) return "main";
  char name[16] = "";
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

Fd open_trace(const Path& file) {
  Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!fd) throw_errno("can't write the trace", file);
  struct stat status {};
  const bool is_file = ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode);
  if (is_file && ::fchmod(fd.get(), 0600) != 0) throw_errno("can't set the mode of", file);
  return fd;
}

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool ends_like_a_secret(std::string_view key) {
  constexpr std::string_view kSecrets[] = {"password", "passwd",     "secret",
                                           "token",    "client_key", "server_key"};
  return std::ranges::any_of(kSecrets, [&](std::string_view secret) {
    return key.size() >= secret.size() &&
           std::ranges::equal(key.substr(key.size() - secret.size()), secret, {}, lower);
  });
}

/// Where the value that begins at `at` ends: a conninfo's may be in quotes.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  if (at < text.size() && text[at] == '\'') {
    for (++at; at < text.size() && text[at] != '\''; ++at)
      if (text[at] == '\\') ++at;
    return std::min(at + 1, text.size());
  }
  for (; at < text.size() && text[at] != ' ' && text[at] != '&'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at, text.size());
}

/// Of "scheme://user:password@host".
std::string without_url_password(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  const std::size_t begin = scheme + 3, end = std::min(text.find_first_of("/?#", begin), text.size());
  const std::size_t at = text.substr(0, end).rfind('@'), colon = text.find(':', begin);
  if (at == std::string_view::npos || at < begin || colon > at) return std::string(text);
  return std::string(text.substr(0, colon + 1)) + "***" + std::string(text.substr(at));
}

}  // namespace

std::string without_passwords(std::string_view word) {
  const std::string text = without_url_password(word);
  std::string safe;
  std::size_t done = 0;
  for (std::size_t sign = text.find('='); sign != std::string::npos; sign = text.find('=', sign + 1)) {
    if (sign < done) continue;
    const std::size_t last = text.find_last_not_of(' ', sign == 0 ? 0 : sign - 1);
    if (sign == 0 || last == std::string::npos ||
        !ends_like_a_secret(std::string_view(text).substr(0, last + 1)))
      continue;
    const std::size_t value = std::min(text.find_first_not_of(' ', sign + 1), text.size());
    safe += text.substr(done, value - done) + "***";
    done = end_of_value(text, value);
  }
  return safe + text.substr(std::min(done, text.size()));
}

Trace::Trace(const Path& file, const std::vector<std::string>& words, std::string_view version)
    : file_(file), fd_(open_trace(file)) {
  current = this;
  std::vector<std::string> safe;
  for (const std::string& word : words) safe.push_back(without_passwords(word));
  TraceEvent("start")
      .text("time", to_rfc3339(now()))
      .text("version", version)
      .number("pid", ::getpid())
      .list("argv", safe);
}

Trace::~Trace() {
  current = nullptr;
}

void Trace::exit(int status) {
  TraceEvent("exit").number("status", status);
}

std::string Trace::problem() const {
  const std::lock_guard guard(mutex_);
  return problem_;
}

void Trace::write(std::string_view line) {
  const std::lock_guard guard(mutex_);
  if (!problem_.empty()) return;
  try {
    write_all(fd_.get(), as_bytes(line), file_);
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

TraceEvent::TraceEvent(const char* name) : trace_(current) {
  if (trace_ == nullptr) return;
  start_ = std::chrono::steady_clock::now();
  exceptions_ = std::uncaught_exceptions();
  fields_ = fmt::format("{{\"at\":{:.6f},\"thread\":{},\"event\":{}", seconds(start_ - trace_->start_),
                        json(this_thread()), json(name));
}

TraceEvent::TraceEvent(TraceEvent&& other) noexcept
    : trace_(std::exchange(other.trace_, nullptr)),
      start_(other.start_),
      exceptions_(other.exceptions_),
      fields_(std::move(other.fields_)) {}

TraceEvent::~TraceEvent() {
  end();
}

TraceEvent& TraceEvent::text(const char* key, std::string_view value) {
  if (trace_ != nullptr) fields_ += fmt::format(",{}:{}", json(key), json(value));
  return *this;
}

TraceEvent& TraceEvent::number(const char* key, std::int64_t value) {
  if (trace_ != nullptr) fields_ += fmt::format(",{}:{}", json(key), value);
  return *this;
}

TraceEvent& TraceEvent::list(const char* key, const std::vector<std::string>& values) {
  if (trace_ == nullptr) return *this;
  fields_ += fmt::format(",{}:[", json(key));
  for (const std::string& value : values) fields_ += (fields_.back() == '[' ? "" : ",") + json(value);
  fields_ += ']';
  return *this;
}

void TraceEvent::end() {
  Trace* trace = std::exchange(trace_, nullptr);
  if (trace == nullptr) return;
  if (std::uncaught_exceptions() > exceptions_) fields_ += ",\"failed\":true";
  trace->write(
      fmt::format("{},\"took\":{:.6f}}}\n", fields_, seconds(std::chrono::steady_clock::now() - start_)));
}

void trace_published(const Path& file) {
  TraceEvent event("published");
  if (event) event.text("file", file.string());
}

}  // namespace pgassay
