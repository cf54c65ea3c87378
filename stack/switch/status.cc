#include "stack/switch/status.h"

#include "core/system/disk_use.h"
#include "stack/model/compose.h"
#include "stack/model/engine_view.h"

namespace pgassay::stack {
namespace {

std::optional<std::uint64_t> bytes_in(const Path& volume) {
  try {
    return bytes_freed({disk_use(Place(volume))})[0];
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

StackStatus stack_status(const StackSettings& stack, const std::stop_token& stop) {
  StackStatus status;
  status.name = stack.name;
  status.project = project_of(stack);
  try {
    status.containers = StackContainers(Seconds(0)).of_project(status.project, {}, stop);
    const EngineView engine = look_at_engine({}, stop);
    for (const auto& [name, volume] : engine.volumes)
      if (volume.project == status.project) status.volumes.push_back({name, bytes_in(volume.mountpoint)});
    for (const auto& [name, project] : engine.networks)
      if (project == status.project) status.networks.push_back(name);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    status.problem = error.what();
  }
  return status;
}

SwitchStatus switch_status(const Repository& repository, const std::string& name) {
  SwitchStatus status;
  status.name = name;
  try {
    const auto journal = SwitchJournal::newest(repository, name);
    if (!journal) return status;
    status.journal = journal->file();
    status.state = replay(journal->entries());
    status.under_way = (status.state.open() || status.state.standing == SwitchStage::untouched) &&
                       SwitchLock::is_held(repository);
    if (!status.under_way) status.next = ways_from(status.state);
  } catch (const Error& error) {
    status.problem = error.what();
  }
  return status;
}

}  // namespace pgassay::stack
