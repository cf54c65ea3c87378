// Check 11.
#include "stack/model/database_volume.h"
#include "stack/check/checks.h"

namespace pgassay::stack {

namespace {

/// Where the image itself has a volume, else its data.
std::string where_to_mount(const ImageData& place) {
  for (const std::string& volume : place.volumes)
    if ((place.pgdata + "/").starts_with(volume + "/")) return volume;
  return place.pgdata;
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
  const std::optional<ImageData> place = database_place(*service, around.engine);
  if (!place)
    return out.unchecked(
        service->image.empty()
            ? "it is not known where the image that is built keeps the database's data"
            : "it is not known where the image " + service->image + " keeps the database's data",
        service->image.empty() ? "build it, or set PGDATA in the service's environment"
                               : "docker pull " + service->image);
  const Mount* mount = database_mount(*service, *place);
  if (mount == nullptr || mount->kind == Mount::Kind::anonymous || mount->kind == Mount::Kind::other)
    return out.refuse(
        stack.file_with(name), key,
        "the database's data is in no named volume: PGDATA is " + place->pgdata +
            ", so a new container begins with an empty database",
        "write a volume of its own, such as " + stack.name() + "_postgres_data:" + where_to_mount(*place));
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
  out.note(volume + " " + contents_of(database_volume(*model, *service, around.engine)));
}

}  // namespace pgassay::stack
