#include "drill/server/leftovers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/system/clock.h"
#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/split.h"

namespace pgassay::drill {
namespace {

constexpr double kKillPatience = 30;

/// An editor in that directory is none of them.
bool is_a_servers(std::string_view program) {
  constexpr std::string_view kPrograms[] = {"bwrap\n", "initdb\n", "postgres\n"};
  return std::ranges::find(kPrograms, program) != std::end(kPrograms);
}

bool is_in(const Path& process, const std::string& below) {
  if (!is_a_servers(read_file(process / "comm"))) return false;
  std::error_code unreadable;
  const Path where = std::filesystem::read_symlink(process / "cwd", unreadable);
  if (!unreadable && where.string().starts_with(below)) return true;
  // What was started for it and is not there yet: words end with a zero byte.
  return read_file(process / "cmdline").find('\0' + below) != std::string::npos;
}

template <typename Condition>
std::vector<pid_t> processes_that(const Condition& condition) {
  std::vector<pid_t> found;
  for (const std::string& pid : list_names("/proc")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      if (condition(Path("/proc") / pid)) found.push_back(std::stoi(pid));
    } catch (const Error&) {
      // It has ended.
    }
  }
  return found;
}

/// Fields of /proc/PID/stat from the third on; names may hold blanks and parentheses. Empty: it is gone.
std::vector<std::string> stat_of(pid_t process) {
  try {
    const std::string stat = read_file(fmt::format("/proc/{}/stat", process));
    const auto name_end = stat.rfind(") ");
    return name_end == std::string::npos ? std::vector<std::string>() : split(stat.substr(name_end + 2), ' ');
  } catch (const Error&) {
    return {};
  }
}

/// Whose trial that process is; 0: it is none.
pid_t trial_of(const Path& process) {
  if (read_file(process / "comm") != "bwrap\n") return 0;
  const std::vector<std::string> words = split(read_file(process / "cmdline"), '\0');
  const auto name = std::ranges::find(words, kTrialOf);
  return words.end() - name < 2 ? 0 : std::atoi(name[1].c_str());
}

}  // namespace

bool descends_from(pid_t process, pid_t ancestor) {
  while (process > 1 && process != ancestor) {
    const std::vector<std::string> stat = stat_of(process);
    process = stat.size() > 1 ? std::atoi(stat[1].c_str()) : 0;
  }
  return process == ancestor && process > 0;
}

std::uint64_t cpu_ticks(pid_t ancestor) {
  constexpr std::size_t kUserTime = 11, kChildrensSystemTime = 14;
  std::uint64_t ticks = 0;
  for (const std::string& name : list_names("/proc")) {
    const pid_t pid = std::atoi(name.c_str());
    if (ancestor == 0 || pid == 0 || !descends_from(pid, ancestor)) continue;
    const std::vector<std::string> stat = stat_of(pid);
    for (std::size_t at = kUserTime; at <= kChildrensSystemTime && at < stat.size(); ++at)
      ticks += std::strtoull(stat[at].c_str(), nullptr, 10);
  }
  return ticks;
}

std::vector<pid_t> processes_in(const Path& throwaway_dir) {
  const std::string below = throwaway_dir.string() + "/";
  return processes_that([&](const Path& process) { return is_in(process, below); });
}

void end_processes_in(const Path& throwaway_dir) {
  const Stopwatch watch;
  for (;;) {
    const std::vector<pid_t> left = processes_in(throwaway_dir);
    if (left.empty()) return;
    if (watch.seconds() > kKillPatience)
      throw Error(fmt::format("a throwaway server does not end: processes {}", fmt::join(left, ", ")));
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    ::usleep(10'000);
  }
}

void end_abandoned_trials() {
  const auto abandoned = processes_that([](const Path& process) {
    const pid_t whose = trial_of(process);
    return whose > 0 && ::kill(whose, 0) != 0 && errno == ESRCH;
  });
  for (const pid_t pid : abandoned) ::kill(pid, SIGKILL);
}

}  // namespace pgassay::drill
