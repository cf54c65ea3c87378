#include "stack/model/database_volume.h"

#include <algorithm>

#include "core/system/error.h"

namespace pgassay::stack {
namespace {

constexpr char kData[] = "/var/lib/postgresql/data", kVersionFile[] = "PG_VERSION";

/// Where the official image keeps the data: PGDATA.
std::string data_dir(const ComposeService& service) {
  const auto pgdata = service.environment.find("PGDATA");
  return pgdata != service.environment.end() && !pgdata->second.empty() ? pgdata->second : kData;
}

}  // namespace

const Mount* database_mount(const ComposeService& service) {
  const std::string data = data_dir(service);
  const Mount* best = nullptr;
  for (const Mount& mount : service.mounts) {
    const bool holds = data == mount.target || data.starts_with(mount.target + "/");
    if (holds && (best == nullptr || mount.target.size() > best->target.size())) best = &mount;
  }
  return best;
}

DatabaseVolume database_volume(const ComposeModel& model, const ComposeService& service,
                               const std::optional<EngineView>& engine) {
  DatabaseVolume found;
  const Mount* mount = database_mount(service);
  if (mount == nullptr) return found;
  const std::string data = data_dir(service);
  if (data.size() > mount->target.size()) found.below = data.substr(mount->target.size() + 1);
  if (mount->kind == Mount::Kind::bind) {
    found.name = mount->source;
    found.on_host = mount->source;
  } else if (mount->kind == Mount::Kind::volume) {
    found.name = model.volumes.at(mount->source).name;
    if (engine)
      if (const auto seen = engine->volumes.find(found.name); seen != engine->volumes.end())
        found.on_host = seen->second.mountpoint;
  }
  return found;
}

std::string contents_of(const DatabaseVolume& volume) {
  try {
    const Path file = volume.on_host / volume.below / kVersionFile;
    if (exists(status_of(file))) {
      std::string version = read_file(file, 64);
      version.resize(std::min(version.find('\n'), version.size()));
      return "holds a database of PostgreSQL " + version;
    }
    return list_names(volume.on_host).empty() ? "is empty" : "holds no database";
  } catch (const Error&) {
    return "can't be looked into";
  }
}

std::optional<bool> holds_a_database(const DatabaseVolume& volume) {
  if (volume.on_host.empty()) return false;
  try {
    return exists(status_of(volume.on_host / volume.below / kVersionFile));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace pgassay::stack
