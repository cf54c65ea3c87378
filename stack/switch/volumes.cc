#include "stack/switch/volumes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/system/cancellation.h"
#include "core/system/split.h"
#include "stack/model/database_volume.h"

namespace pgassay::stack {
namespace {

constexpr std::chrono::milliseconds kPauseOfCopies(200);
constexpr int kNotEmpty = 3, kDiffers = 4;
constexpr unsigned kLogLines = 20;

/// In the new volume while its copy is not whole: such a one may be written over.
constexpr char kMark[] = ".pgassay-copying";

/// Runs in a container, with either of GNU's or busybox's programs. What find and sha256sum say is kept in
/// files, so that no exit status is lost in a pipe.
constexpr char kScript[] = R"sh(set -eu
mark=/to/.pgassay-copying
list() {
  cd "$1"
  find . ! -path ./.pgassay-copying -exec stat -c '%A %u %g %N' {} + > "$2.names"
  find . -type f ! -path ./.pgassay-copying -exec sha256sum {} + > "$2.sums"
  sort "$2.names" > "$2.list"
  sort "$2.sums" >> "$2.list"
}
list /from /old
if [ ! -e "$mark" ] && [ -n "$(ls -A /to)" ]; then
  list /to /new
  cmp -s /old.list /new.list || exit 3
else
  : > "$mark"
  find /to -mindepth 1 -maxdepth 1 ! -path "$mark" -exec rm -rf {} +
  cp -a /from/. /to/
  list /to /new
  cmp -s /old.list /new.list || exit 4
  sync
  rm "$mark"
fi
wc -l < /old.sums
)sh";

std::string copier_of(const VolumePair& pair) {
  return "pgassay-copies-" + pair.to;
}

/// Removed, whatever happens.
class Copier {
 public:
  Copier(const ContainerCli& docker, std::string name) : docker_(docker), name_(std::move(name)) {}
  Copier(const Copier&) = delete;
  ~Copier() {
    try {
      docker_.remove(name_);
    } catch (const std::exception&) {  // its name says what it is
    }
  }

 private:
  const ContainerCli& docker_;
  std::string name_;
};

const ComposeResource* find_volume(const ComposeModel& model, const std::string& key) {
  const auto found = model.volumes.find(key);
  return found == model.volumes.end() ? nullptr : &found->second;
}

std::string database_volume_of(const StackFacts& stack, const std::optional<EngineView>& engine) {
  const auto& service = stack.settings.database_service;
  const ComposeService* database = service ? stack.model()->find(*service) : nullptr;
  return database == nullptr ? "" : database_volume(*stack.model(), *database, engine).name;
}

class VolumePlanner {
 public:
  VolumePlanner(const SwitchSettings& settings, const SwitchScene& scene)
      : settings_(settings), scene_(scene), old_(*scene.from.model()), new_(*scene.to.model()) {}

  PlannedVolumes plan() {
    for (const auto& [from, to] : settings_.volumes) judge(from, to);
    const std::string data = database_volume_of(scene_.from, scene_.engine);
    for (const auto& [key, volume] : old_.volumes) {
      if (volume.name == data ||
          std::ranges::find(planned_.pairs, volume.name, &VolumePair::from) != planned_.pairs.end())
        continue;
      if (is_of_new(volume.name)) {
        planned_.notes.push_back(fmt::format("the volume {} is in both stacks", volume.name));
        continue;
      }
      planned_.notes.push_back(fmt::format("the volume {} is not carried over, and stays", volume.name));
      planned_.left.push_back(volume.name);
    }
    return std::move(planned_);
  }

 private:
  void obstacle(std::string text, std::string hint) {
    planned_.obstacles.push_back({std::move(text), std::move(hint)});
  }
  bool is_of_new(const std::string& name) const {
    return std::ranges::any_of(new_.volumes, [&](const auto& one) { return one.second.name == name; });
  }

  void judge(const std::string& from, const std::string& to) {
    const ComposeResource *old = find_volume(old_, from), *fresh = find_volume(new_, to);
    const auto missing = [&](const std::string& key, const std::string& stack) {
      obstacle(fmt::format("volumes of [switch.{}]: no service of the stack {} has a volume {}",
                           settings_.name, stack, key),
               "write the name that stands below volumes: in its compose file");
    };
    if (old == nullptr) missing(from, settings_.from);
    if (fresh == nullptr) missing(to, settings_.to);
    if (old == nullptr || fresh == nullptr) return;
    if (old->name == database_volume_of(scene_.from, scene_.engine) ||
        fresh->name == database_volume_of(scene_.to, scene_.engine))
      return obstacle(
          fmt::format("volumes of [switch.{}]: {} = {} is a database's volume", settings_.name, from, to),
          "leave it out: the database is carried over by backup and restore");
    if (is_of_new(old->name))
      return obstacle(fmt::format("the volume {} is in both stacks", old->name),
                      fmt::format("leave it out of volumes in [switch.{}]", settings_.name));
    if (std::ranges::find(planned_.pairs, fresh->name, &VolumePair::to) != planned_.pairs.end())
      return obstacle(fmt::format("two volumes are to be carried over into {}", fresh->name),
                      fmt::format("correct volumes in [switch.{}]", settings_.name));
    planned_.pairs.push_back({old->name, fresh->name});
    if (scene_.engine) judge_on_engine(old->name, fresh->name);
  }

  void judge_on_engine(const std::string& old, const std::string& fresh) {
    const auto& volumes = scene_.engine->volumes;
    if (!volumes.contains(old))
      obstacle(fmt::format("the volume {} is not there, so it can't be carried over", old),
               "docker volume ls; or leave it out");
    const auto seen = volumes.find(fresh);
    if (seen == volumes.end()) return;
    try {
      const std::vector<std::string> names = list_names(seen->second.mountpoint);
      if (names.empty()) return;
      if (std::ranges::find(names, kMark) != names.end())
        return planned_.notes.push_back(
            fmt::format("the volume {} holds a copy that was interrupted: it is made anew", fresh));
      obstacle(
          fmt::format("the volume {} is not empty: {} can't be carried over into it", fresh, old),
          fmt::format("when nothing in it is needed, remove it with the containers that hold it: docker ps "
                      "-a --filter volume={0}; docker volume rm {0}",
                      fresh));
    } catch (const Error&) {
      planned_.notes.push_back(
          fmt::format("{} can't be looked into: should it hold anything, the switch goes back", fresh));
    }
  }

  const SwitchSettings& settings_;
  const SwitchScene& scene_;
  const ComposeModel &old_, &new_;
  PlannedVolumes planned_;
};

}  // namespace

std::string to_text(const std::vector<VolumePair>& pairs) {
  std::string text;
  for (const VolumePair& one : pairs)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", one.from, one.to);
  return text;
}

std::vector<VolumePair> parse_volume_pairs(std::string_view text) {
  std::vector<VolumePair> pairs;
  for (const std::string& one : split(text, ','))
    if (const std::size_t colon = one.find(':'); colon != std::string::npos)
      pairs.push_back({one.substr(0, colon), one.substr(colon + 1)});
  return pairs;
}

PlannedVolumes plan_volumes(const SwitchSettings& settings, const SwitchScene& scene) {
  return VolumePlanner(settings, scene).plan();
}

std::vector<std::string> services_on(const ComposeModel& model, const std::string& volume) {
  std::vector<std::string> found;
  for (const auto& [name, service] : model.services)
    if (std::ranges::any_of(service.mounts, [&](const Mount& one) {
          return one.kind == Mount::Kind::volume && model.volumes.at(one.source).name == volume;
        }))
      found.push_back(name);
  return found;
}

std::string VolumeCopies::command(const VolumePair& pair, const std::string& image) {
  return fmt::format(
      "docker run --rm --network none -v {}:/from:ro -v {}:/to --entrypoint cp {} -a /from/. /to/", pair.from,
      pair.to, image);
}

bool VolumeCopies::exists(const std::string& volume, const std::stop_token& stop) const {
  const std::string names = docker_.answer("can't list volumes of docker",
                                           {"volume", "ls", "-q", "--filter", "name=" + volume}, stop);
  const std::vector<std::string> all = split(names, '\n');
  return std::ranges::find(all, volume) != all.end();
}

void VolumeCopies::check_unused(const std::string& volume, const std::stop_token& stop) const {
  const std::vector<std::string> users =
      split_nonempty(docker_.answer("can't list containers of docker",
                                    {"ps", "--filter", "volume=" + volume, "--format", "{{.Names}}"}, stop),
                     '\n');
  if (!users.empty())
    throw Refused(fmt::format("the volume {} is in use: {}", volume, fmt::join(users, ", ")),
                  "stop what uses it, and begin anew");
}

std::string VolumeCopies::copy(const VolumePair& pair, const std::stop_token& stop) const {
  stop_copying(pair);
  check_unused(pair.from, stop);
  check_unused(pair.to, stop);
  const std::string name = copier_of(pair);
  const Copier copier(docker_, name);
  docker_.answer("can't create a container that copies " + pair.from,
                 {"create",
                  "--name",
                  name,
                  "--network",
                  "none",
                  "--user",
                  "0:0",
                  "--security-opt",
                  "label=disable",
                  "--log-driver",
                  "json-file",
                  "--mount",
                  fmt::format("type=volume,src={},dst=/from,readonly,volume-nocopy", pair.from),
                  "--mount",
                  fmt::format("type=volume,src={},dst=/to,volume-nocopy", pair.to),
                  "--entrypoint",
                  "sh",
                  image_,
                  "-c",
                  kScript},
                 {});
  docker_.start(name);
  const StopFd stop_fd(stop);
  std::optional<ContainerState> state;
  for (;;) {
    state = docker_.state(name);
    if (!state || !state->running()) break;
    pause_for(kPauseOfCopies, stop_fd);
  }
  const std::string said = state ? docker_.logs(name, kLogLines) : "its container is gone";
  const std::string what = fmt::format("the volume {} could not be copied into {}", pair.from, pair.to);
  if (state && state->exit_status == kNotEmpty)
    throw Refused(fmt::format("{}: that one holds something else", what),
                  "docker volume rm, when nothing in it is needed");
  if (state && state->exit_status == kDiffers)
    throw Error(fmt::format("{}: they differ afterwards", what), "see dmesg, and docker volume inspect");
  if (!state || state->exit_status != 0)
    throw Error(fmt::format("{}: {}", what, Completed{1, {}, said}.complaint()), "see docker info, and df");
  return fmt::format("{} into {}: {} files, every one compared", pair.from, pair.to,
                     std::strtoull(said.c_str(), nullptr, 10));
}

void VolumeCopies::stop_copying(const VolumePair& pair) const {
  docker_.remove(copier_of(pair));
}

}  // namespace pgassay::stack
