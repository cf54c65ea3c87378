#include "drill/server/garbage.h"

#include <fmt/format.h>

#include <utility>

#include "core/container/container_cli.h"
#include "core/system/cancellation.h"
#include "core/system/error.h"
#include "drill/server/container_engine.h"
#include "drill/server/leftovers.h"
#include "drill/server/throwaway_dir.h"

namespace pgassay::drill {
namespace {

void remove_abandoned(const AbandonedDir& dir) {
  if (dir.engine == Engine::local) {
    end_processes_in(dir.path);
  } else if (const ContainerCli cli((std::string(to_string(dir.engine)))); cli.installed()) {
    cli.remove(dir.path.filename());
  }
  dir.remove();
}

std::string line_for(const AbandonedDir& dir) {
  return fmt::format("{} server of {} in {} ({})", to_string(dir.engine), dir.backup_id, dir.path.string(),
                     dir.kept ? "its time was over" : "its run was dead");
}

/// What can't be removed now is said, and left for the next time.
template <typename Remove>
bool removed(Observer& observer, const Remove& remove) {
  try {
    remove();
    return true;
  } catch (const Error& error) {
    observer.message(Level::warning, "can't remove a throwaway server: " + std::string(error.what()),
                     error.hint());
    return false;
  }
}

}  // namespace

std::vector<std::string> collect_dirs(const Path& work_dir, Observer& observer, std::stop_token stop) {
  end_abandoned_trials();
  std::vector<std::string> gone;
  for (const Path& base : throwaway_bases(work_dir)) {
    for (const AbandonedDir& dir : abandoned_dirs(base)) {
      throw_if_stopped(stop);
      if (removed(observer, [&] { remove_abandoned(dir); })) gone.push_back(line_for(dir));
    }
  }
  return gone;
}

std::vector<std::string> collect_containers(Engine engine, Observer& observer, std::stop_token stop) {
  std::vector<std::string> gone;
  for (const AbandonedContainer& container : abandoned_containers(engine, stop)) {
    throw_if_stopped(stop);
    if (!removed(observer, [&] { container.cli.remove(container.name); })) continue;
    gone.push_back(fmt::format("{} container {} of {} ({})", to_string(engine), container.name,
                               container.backup_id, container.why));
  }
  return gone;
}

std::vector<std::string> collect_garbage(const Path& work_dir, Observer& observer, std::stop_token stop) {
  std::vector<std::string> gone = collect_dirs(work_dir, observer, stop);
  for (const Engine engine : {Engine::docker, Engine::podman}) {
    for (std::string& line : collect_containers(engine, observer, stop)) gone.push_back(std::move(line));
  }
  return gone;
}

}  // namespace pgassay::drill
