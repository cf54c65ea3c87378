// Check 11.
#include <algorithm>

#include "core/system/error.h"
#include "stack/checks.h"

namespace pgassay {
namespace {

constexpr char kData[] = "/var/lib/postgresql/data";

/// Where the official image keeps the data: PGDATA, and what it is in.
const Mount* data_mount(const ComposeService& service) {
  const auto pgdata = service.environment.find("PGDATA");
  const std::string data =
      pgdata != service.environment.end() && !pgdata->second.empty() ? pgdata->second : kData;
  const Mount* best = nullptr;
  for (const Mount& mount : service.mounts) {
    const bool holds = data == mount.target || data.starts_with(mount.target + "/");
    if (holds && (best == nullptr || mount.target.size() > best->target.size())) best = &mount;
  }
  return best;
}

/// "PostgreSQL 15", "nothing", or why nobody knows.
std::string contents(const Path& volume, const std::string& below) {
  try {
    const Path file = volume / below / "PG_VERSION";
    if (exists(status_of(file))) {
      std::string version = read_file(file, 64);
      version.resize(std::min(version.find('\n'), version.size()));
      return "holds a database of PostgreSQL " + version;
    }
    return list_names(volume).empty() ? "is empty" : "holds no database";
  } catch (const Error&) {
    return "can't be looked into";
  }
}

}  // namespace

void check_database_volume(const StackFacts& stack, const Surroundings& around, Findings& out) {
  if (!stack.settings.database_service) return out.note("no database_service is configured");
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  const std::string& name = *stack.settings.database_service;
  const ComposeService* service = model->find(name);
  if (service == nullptr)
    return out.refuse(stack.settings.compose_files[0].string(), "services." + name,
                      "there is no such service, which database_service names",
                      "correct database_service in [stack." + stack.name() + "]");
  const std::string key = "services." + name + ".volumes";
  const Mount* mount = data_mount(*service);
  if (mount == nullptr || mount->kind == Mount::Kind::anonymous || mount->kind == Mount::Kind::other)
    return out.refuse(
        stack.file_with(name), key,
        "the database's data is in no named volume: a new container begins with an empty database",
        "write a volume of its own, such as " + stack.name() + "_postgres_data:" + kData);
  if (mount->kind == Mount::Kind::bind) return out.note("in the directory " + mount->source);
  const std::string volume = model->volumes.at(mount->source).name;
  const bool external = model->volumes.at(mount->source).external;
  if (!around.engine) return out.note(volume);
  const auto seen = around.engine->volumes.find(volume);
  if (seen == around.engine->volumes.end() && external)
    return out.refuse(stack.file_with(mount->source), "volumes." + mount->source,
                      "the volume " + volume + " is external, and is not there",
                      "docker volume create " + volume + ", or correct its name");
  if (seen == around.engine->volumes.end())
    return out.note(volume + " is not there yet: the database will be new");
  std::string below;
  const auto pgdata = service->environment.find("PGDATA");
  if (pgdata != service->environment.end() && pgdata->second.size() > mount->target.size())
    below = pgdata->second.substr(mount->target.size() + 1);
  out.note(volume + " " + contents(seen->second.mountpoint, below));
}

}  // namespace pgassay
