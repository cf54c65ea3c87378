#include "drill/server/throwaway_dir.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "core/repository/identity.h"
#include "core/system/error.h"
#include "core/system/files.h"

namespace pgassay::drill {
namespace {

constexpr std::string_view kPrefix = "pgassay-drill-", kUnnamed = "pgassay-unnamed-drill-";
constexpr char kMarker[] = "marker", kKept[] = "kept";
constexpr std::string_view kEngineLine = "engine: ", kBackupLine = "backup: ";

/// Long enough for whoever is between making it and giving it its name.
constexpr auto kUnnamedGrace = std::chrono::hours(1);

std::string value_of(std::string_view text, std::string_view key) {
  const auto at = text.find("\n" + std::string(key));
  if (at == std::string_view::npos) return {};
  const auto begin = at + 1 + key.size();
  return std::string(text.substr(begin, text.find('\n', begin) - begin));
}

/// Root's are told from everybody else's, so that nobody can have root remove things.
bool is_ours(const Path& dir) {
  return link_status_of(dir).type() == std::filesystem::file_type::directory && owner_of(dir) == ::geteuid();
}

void remove_unnamed(const Path& dir) {
  std::error_code gone;
  const auto changed = std::filesystem::last_write_time(dir, gone);
  if (!gone && std::filesystem::file_time_type::clock::now() - changed > kUnnamedGrace) remove_tree(dir);
}

std::optional<Time> kept_until(const Path& dir) {
  if (!exists(status_of(dir / kKept))) return std::nullopt;
  return parse_rfc3339(read_file(dir / kKept));
}

/// The marker goes last, so that a removal that is killed half way is taken up again. A process that is just
/// ending may still make a file: once more, then.
void remove_all_of(const Path& dir) {
  for (int tries = 1;; ++tries) {
    try {
      for (const std::string& name : list_names(dir)) {
        if (name != kMarker) remove_tree(dir / name);
      }
      return remove_tree(dir);
    } catch (const Error& error) {
      if (tries == 20) error.raise();
      ::usleep(50'000);
    }
  }
}

/// Nothing when its run lives, or it is kept for longer.
std::optional<AbandonedDir> take_if_abandoned(const Path& dir) {
  if (!exists(status_of(dir / kMarker))) {
    std::error_code not_empty;
    std::filesystem::remove(dir, not_empty);
    return std::nullopt;
  }
  Fd lock = open_for_reading(dir / kMarker);
  if (!try_lock(lock, LockMode::exclusive)) return std::nullopt;
  const auto until = kept_until(dir);
  if (until && *until > now()) return std::nullopt;
  const std::string marker = read_file(dir / kMarker);
  return AbandonedDir{dir, parse_engine(value_of(marker, kEngineLine)), value_of(marker, kBackupLine),
                      until.has_value(), std::move(lock)};
}

}  // namespace

Path throwaway_base(const Path& work_dir) {
  if (!work_dir.empty()) return std::filesystem::absolute(work_dir);
  const char* variable = std::getenv("TMPDIR");
  return variable != nullptr && *variable == '/' ? variable : "/var/tmp";
}

std::vector<Path> throwaway_bases(const Path& work_dir) {
  std::set<Path> bases;
  for (const Path& base : {throwaway_base(work_dir), throwaway_base({}), Path("/var/tmp")}) {
    std::error_code absent;
    const Path real = std::filesystem::canonical(base, absent);
    if (!absent) bases.insert(real);
  }
  return {bases.begin(), bases.end()};
}

ThrowawayDir::ThrowawayDir(Engine engine, const ThrowawayRequest& request, bool traversable,
                           Observer& observer)
    : observer_(observer) {
  std::error_code absent;
  const Path base = std::filesystem::canonical(throwaway_base(request.work_dir), absent);
  if (absent) {
    throw Unverified("no such directory for throwaway servers: " + throwaway_base(request.work_dir).string(),
                     "make it, or name another with --work-dir or TMPDIR");
  }
  // It gets its name once the lock is held: no gc looks at it before.
  const Path unnamed = make_unique_dir(base, kUnnamed);
  path_ = unnamed;
  const OnFailure remove_it([this] { remove_all_of(path_); });
  lock_ = open_lock_file(unnamed / kMarker);
  if (!try_lock(lock_, LockMode::exclusive)) throw Error("somebody locked a new file: " + unnamed.string());
  const std::string text = fmt::format(
      "A throwaway PostgreSQL server of pgassay. `pgassay drill --gc` removes it once its run is over.\n"
      "{}{}\n{}{}\nhost: {}\npid: {}\nstarted: {}\n",
      kEngineLine, to_string(engine), kBackupLine, request.backup_id, host_name(), ::getpid(),
      to_rfc3339(now()));
  write_all(lock_.get(), as_bytes(text), unnamed / kMarker);
  if (traversable) set_mode(unnamed, 0711);
  const std::string random = unnamed.filename().string().substr(kUnnamed.size());
  const Place named = Place(base) / (std::string(kPrefix) + random);
  if (!rename_noreplace(Place(base) / unnamed.filename().string(), named))
    throw Error("there is a directory of that name: " + named.string());
  path_ = named.path();
}

ThrowawayDir::~ThrowawayDir() {
  if (leave_) return;
  try {
    remove_all_of(path_);
  } catch (const Error& error) {
    observer_.message(Level::warning, error.what(), "`pgassay drill --gc` tries again");
  }
}

void ThrowawayDir::keep_until(Time expiry) {
  write_new_file(path_ / kKept, to_rfc3339(expiry));
  leave_ = true;
}

void AbandonedDir::remove() const {
  remove_all_of(path);
}

std::vector<AbandonedDir> abandoned_dirs(const Path& base) {
  std::vector<AbandonedDir> found;
  for (const std::string& name : list_names(base)) {
    const Path dir = base / name;
    try {
      if (name.starts_with(kUnnamed) && is_ours(dir)) remove_unnamed(dir);
      if (!name.starts_with(kPrefix) || !is_ours(dir)) continue;
      if (auto abandoned = take_if_abandoned(dir)) found.push_back(std::move(*abandoned));
    } catch (const Error&) {
      // Its own run, or another gc, was quicker; or it is not what we make.
    }
  }
  return found;
}

RunState state_of(const Path& dir) {
  if (!exists(status_of(dir / kMarker))) return RunState::dead;
  const Fd lock = open_for_reading(dir / kMarker);
  if (!try_lock(lock, LockMode::shared)) return RunState::alive;
  const auto until = kept_until(dir);
  return until && *until > now() ? RunState::kept : RunState::dead;
}

}  // namespace pgassay::drill
