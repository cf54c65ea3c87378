#include "stack/model/database_volume.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/system/error.h"

namespace pgassay::stack {
namespace {

constexpr char kVersionFile[] = "PG_VERSION";
constexpr int kFirstWithReleaseInPath = 18;

/// Of the Docker official image and Bitnami's, by its reference.
std::optional<ImageData> known_image(std::string reference) {
  for (const std::string_view prefix : {"docker.io/", "library/"})
    if (reference.starts_with(prefix)) reference.erase(0, prefix.size());
  const std::size_t colon = reference.find(':');
  const std::string repository = reference.substr(0, colon),
                    tag = colon == std::string::npos ? "" : reference.substr(colon + 1);
  if (repository == "bitnami/postgresql")
    return ImageData{"/bitnami/postgresql/data", {"/bitnami/postgresql"}};
  int major = 0;
  std::from_chars(tag.data(), tag.data() + tag.size(), major);
  if (repository != "postgres" || major == 0) return std::nullopt;
  if (major < kFirstWithReleaseInPath)
    return ImageData{"/var/lib/postgresql/data", {"/var/lib/postgresql/data"}};
  return ImageData{fmt::format("/var/lib/postgresql/{}/docker", major), {"/var/lib/postgresql"}};
}

bool is_at_or_below(const std::string& path, const std::string& dir) {
  return path == dir || path.starts_with(dir + "/");
}

}  // namespace

std::optional<ImageData> database_place(const ComposeService& service,
                                        const std::optional<EngineView>& engine) {
  std::optional<ImageData> place;
  if (engine)
    if (const auto seen = engine->image_data.find(service.image); seen != engine->image_data.end())
      place = seen->second;
  if (!place) place = known_image(service.image);
  const auto pgdata = service.environment.find("PGDATA");
  if (pgdata != service.environment.end() && !pgdata->second.empty()) {
    if (!place) place.emplace();
    place->pgdata = pgdata->second;
  }
  return place && !place->pgdata.empty() ? place : std::nullopt;
}

const Mount* database_mount(const ComposeService& service, const ImageData& place) {
  const Mount* best = nullptr;
  for (const Mount& mount : service.mounts)
    if (is_at_or_below(place.pgdata, mount.target) &&
        (best == nullptr || mount.target.size() > best->target.size()))
      best = &mount;
  for (const std::string& anonymous : place.volumes)
    if (best != nullptr && is_at_or_below(place.pgdata, anonymous) && anonymous.size() > best->target.size())
      return nullptr;
  return best;
}

DatabaseVolume database_volume(const ComposeModel& model, const ComposeService& service,
                               const std::optional<EngineView>& engine) {
  DatabaseVolume found;
  const std::optional<ImageData> place = database_place(service, engine);
  const Mount* mount = place ? database_mount(service, *place) : nullptr;
  if (mount == nullptr) return found;
  const std::string& data = place->pgdata;
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

bool is_half_made(const DatabaseVolume& volume) {
  constexpr int kMadeByInitdb = 3;  // template1, template0, postgres, the last one at the end
  if (volume.on_host.empty()) return false;
  try {
    const Path data = volume.on_host / volume.below, base = data / "base";
    if (!exists(status_of(data)) || list_names(data).empty()) return false;
    if (!exists(status_of(data / kVersionFile)) && !volume.below.empty()) return true;
    if (!exists(status_of(data / kVersionFile))) return false;  // somebody's other files
    if (!exists(status_of(data / "global" / "pg_control")) || !exists(status_of(base))) return true;
    const std::vector<std::string> databases = list_names(base);
    return std::ranges::count_if(databases, [&](const std::string& one) {
             return exists(status_of(base / one / kVersionFile));
           }) < kMadeByInitdb;
  } catch (const Error&) {
    return false;
  }
}

std::string contents_of(const DatabaseVolume& volume) {
  try {
    if (is_half_made(volume)) return "holds a half-made database";
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
