#include "drill/server/disk_guard.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "core/system/error.h"
#include "drill/server/throwaway_settings.h"

namespace pgassay::drill {
namespace {

constexpr std::uint64_t kMostReserve = 1024 * kMiB;
constexpr auto kLookAtDiskEvery = std::chrono::milliseconds(200);

void guard(const std::stop_token& stop, const Path& dir, std::uint64_t reserve, pid_t process,
           Observer& observer) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!never.wait_for(lock, stop, kLookAtDiskEvery, [&] { return stop.stop_requested(); })) {
    std::error_code gone;
    const std::uint64_t left = std::filesystem::space(dir, gone).available;
    if (gone || left >= reserve) continue;
    ::kill(process, SIGKILL);
    observer.message(
        Level::warning,
        fmt::format("the throwaway server was killed: it left {} MiB free where {} is, and {} MiB stay free",
                    left / kMiB, dir.string(), reserve / kMiB),
        "free space there, or name a larger place with --work-dir or TMPDIR");
    return;
  }
}

}  // namespace

DiskGuard::DiskGuard(const Path& dir, pid_t process, Observer& observer) {
  const std::uint64_t reserve =
      std::min<std::uint64_t>(std::filesystem::space(dir).capacity / 100, kMostReserve);
  thread_ =
      std::jthread([=, &observer](std::stop_token stop) { guard(stop, dir, reserve, process, observer); });
}

}  // namespace pgassay::drill
