#include "drill/server/throwaway_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "core/system/error.h"
#include "core/system/files.h"

namespace pgassay::drill {
namespace {

constexpr std::uint64_t kGiB = 1 << 30;
constexpr std::uint64_t kLeastMemory = 256 * kMiB;
constexpr std::uint64_t kFreshCluster = 128 * kMiB;  ///< initdb's 40 MB, and the first WAL segments
constexpr std::uint64_t kConnections = 64, kLeastLocksEach = 1024;

/// As SHOW writes it.
std::string size_setting(std::uint64_t bytes, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t mib = std::clamp(bytes, least, most) / kMiB;
  return mib % 1024 == 0 ? std::to_string(mib / 1024) + "GB" : std::to_string(mib) + "MB";
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

/// What a control group leaves us, where there is one with a limit. In a container it is mounted here.
std::uint64_t left_in_control_group() {
  try {
    const auto limit = number_after(read_file("/sys/fs/cgroup/memory.max"), "");
    const auto used = number_after(read_file("/sys/fs/cgroup/memory.current"), "");
    if (limit && used) return *limit - std::min(*limit, *used);
  } catch (const Error&) {
    // The root group has no limit, version 1 has other files.
  }
  return UINT64_MAX;
}

std::uint64_t free_memory() {
  const auto kib = number_after(read_file("/proc/meminfo"), "MemAvailable:");
  if (!kib) throw Error("no MemAvailable in /proc/meminfo");
  return std::min(*kib * 1024, left_in_control_group());
}

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n') + 1);
}

}  // namespace

Settings throwaway_settings(const ThrowawayRequest& request, std::uint64_t memory, std::uint64_t wal) {
  const std::uint64_t locks_each = std::max(kLeastLocksEach, 2 * request.relations / kConnections);
  Settings settings = {
      {"autovacuum", "off"},
      {"checkpoint_timeout", "1h"},
      {"fsync", "off"},
      {"full_page_writes", "off"},
      {"jit", "off"},
      {"lc_messages", "C"},
      {"log_line_prefix", ""},
      {"logging_collector", "off"},
      {"maintenance_work_mem", size_setting(memory / 4 / std::max(request.jobs, 1u), 64 * kMiB, kGiB)},
      {"max_connections", std::to_string(kConnections)},
      {"max_locks_per_transaction", std::to_string(locks_each)},
      {"max_logical_replication_workers", "0"},
      {"max_wal_senders", "0"},
      {"max_wal_size", size_setting(wal, 256 * kMiB, 8 * kGiB)},
      {"port", "5432"},
      {"shared_buffers", size_setting(memory / 4, 64 * kMiB, 8 * kGiB)},
      {"ssl", "off"},
      {"synchronous_commit", "off"},
      {"wal_level", "minimal"},
      {"work_mem", size_setting(memory / 64, 4 * kMiB, 64 * kMiB)},
  };
  if (request.shared_preload_libraries.empty()) return settings;
  settings["shared_preload_libraries"] = request.shared_preload_libraries;
  // Schedulers, which would run the restored jobs. pg_cron knows the first since 1.6; before that it is left
  // with connections of its own that lead nowhere, and must not write of them to a table that is compared.
  settings.insert({{"cron.launch_active_jobs", "off"},
                   {"cron.use_background_workers", "off"},
                   {"cron.host", "/nonexistent"},
                   {"cron.log_run", "off"},
                   {"timescaledb.max_background_workers", "0"}});
  if (!request.database.empty()) settings["cron.database_name"] = request.database;
  return settings;
}

std::vector<std::string> as_arguments(const Settings& settings) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : settings) {
    arguments.emplace_back("-c");
    arguments.push_back(name + "=" + value);
  }
  return arguments;
}

std::uint64_t memory_for(const ThrowawayRequest& request) {
  const std::uint64_t memory = request.memory_bytes != 0 ? request.memory_bytes : free_memory() / 2;
  if (memory >= kLeastMemory) return memory;
  throw Unverified(fmt::format("not enough memory for a throwaway server: {} MiB, and it needs {} MiB",
                               memory / kMiB, kLeastMemory / kMiB),
                   request.memory_bytes != 0 ? "allow it more with --memory"
                                             : "free memory, or say with --memory what it may use");
}

std::uint64_t bytes_needed(const ThrowawayRequest& request) {
  return kFreshCluster + std::max(request.raw_bytes, request.database_bytes);
}

std::uint64_t check_room(const Path& data, const ThrowawayRequest& request, const std::string& hint) {
  const std::uint64_t needed = bytes_needed(request), there = free_bytes(data);
  if (there >= needed) return there;
  throw Unverified(fmt::format("not enough disk for a throwaway server in {}: {} MiB are free, and the data "
                               "needs {} MiB at least",
                               data.string(), there / kMiB, needed / kMiB),
                   hint);
}

std::string last_complaint(const std::string& log) {
  std::size_t best = std::string::npos;
  for (const std::string_view level : {"FATAL:  ", "PANIC:  ", "ERROR:  ", "rror: "}) {
    const std::size_t at = log.rfind(level);
    if (at != std::string::npos && (best == std::string::npos || at > best)) best = at;
  }
  if (best == std::string::npos) return std::string(last_line(log));
  const std::size_t begin = log.rfind('\n', best) + 1;
  return log.substr(begin, log.find('\n', begin) - begin);
}

std::string missing_library(const std::string& log) {
  constexpr std::string_view kBefore = "could not access file \"", kAfter = "\": No such file or directory";
  const std::size_t begin = log.rfind(kBefore);
  if (begin == std::string::npos) return {};
  const std::size_t name = begin + kBefore.size(), end = log.find('"', name);
  return end != std::string::npos && log.compare(end, kAfter.size(), kAfter) == 0
             ? log.substr(name, end - name)
             : std::string();
}

void throw_start_failure(const std::string& where, const std::string& log) {
  if (const std::string library = missing_library(log); !library.empty()) {
    throw Unverified(
        fmt::format("the source preloads the library \"{}\", and {} does not have it", library, where),
        "install the package that holds it, or take an image that has it (--image)");
  }
  throw Unverified(fmt::format("the throwaway server of {} did not start: {}", where, last_complaint(log)),
                   {});
}

}  // namespace pgassay::drill
