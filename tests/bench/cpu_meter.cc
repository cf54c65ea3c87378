#include "tests/bench/cpu_meter.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

namespace pgassay::bench {

namespace {

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

/// Of /proc/PID/stat, proc(5), what comes after the command's name.
struct Stat {
  pid_t parent = 0;
  long own = 0, of_ended_children = 0;  ///< clock ticks
};

Stat stat_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  Stat stat;
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return stat;  // it has ended
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  fields >> skipped >> stat.parent;
  for (int i = 0; i < 9; ++i) fields >> skipped;
  long user = 0, system = 0, children_user = 0, children_system = 0;
  fields >> user >> system >> children_user >> children_system;
  stat.own = user + system;
  stat.of_ended_children = children_user + children_system;
  return stat;
}

double used(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double used_by_server(pid_t postmaster) {
  const Stat all = stat_of(std::to_string(postmaster));
  long ticks = all.own + all.of_ended_children;
  const std::unique_ptr<DIR, CloseDir> processes(opendir("/proc"));
  while (const dirent* entry = processes ? readdir(processes.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const Stat stat = stat_of(name);
    if (stat.parent == postmaster) ticks += stat.own + stat.of_ended_children;
  }
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

CpuMeter::CpuMeter(pid_t postmaster)
    : postmaster_(postmaster), before_(total()), server_before_(used_by_server(postmaster)) {}

double CpuMeter::seconds() const {
  // A backend ends a moment after its client, and is nobody's while the postmaster takes it over.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  return total() - before_;
}

double CpuMeter::server_seconds() const {
  return used_by_server(postmaster_) - server_before_;
}

double CpuMeter::total() const {
  return used(RUSAGE_SELF) + used(RUSAGE_CHILDREN) + used_by_server(postmaster_);
}

}  // namespace pgassay::bench
