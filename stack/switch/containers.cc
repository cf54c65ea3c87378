#include "stack/switch/containers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "core/system/cancellation.h"
#include "core/system/clock.h"
#include "core/system/split.h"

namespace pgassay::stack {
namespace {

/// What may be done about one that is not well in time.
std::string hint_for(const StackContainer& one) {
  const std::string logs = "docker logs " + one.name + " says why";
  if (!one.check || (one.health != "unhealthy" && one.health != "starting"))
    return logs + "; health_timeout in [switch.NAME]";
  return fmt::format("{}; {}", logs, longer_start_period(*one.check));
}

/// Of the fields as docker itself calls them: by those of its JSON, a State without Health is an error.
constexpr char kInspectFormat[] =
    "{{.ID}}\t{{.Name}}\t{{index .Config.Labels \"com.docker.compose.service\"}}\t{{.Image}}\t"
    "{{.State.Status}}\t{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}\t"
    "{{.HostConfig.RestartPolicy.Name}}\t{{.HostConfig.RestartPolicy.MaximumRetryCount}}\t"
    "{{.State.ExitCode}}\t{{index .Config.Labels \"com.docker.compose.oneoff\"}}\t"
    "{{with .Config.Healthcheck}}{{.StartPeriod.Nanoseconds}} {{.Interval.Nanoseconds}} "
    "{{.Timeout.Nanoseconds}} {{.Retries}}{{end}}";
constexpr std::size_t kFields = 11;
constexpr std::chrono::milliseconds kPauseOfLooks(250);

std::string policy_of(const std::string& name, const std::string& retries) {
  if (name.empty()) return "no";
  return name == "on-failure" && retries != "0" ? name + ":" + retries : name;
}

std::string shown(const StackContainer& one) {
  std::string text = fmt::format("{}: {}", one.name, one.status);
  if (one.status == "exited") text += fmt::format(" with {}", one.exit_status);
  return one.health == "none" ? text : text + ", " + one.health;
}

}  // namespace

Seconds patience_with(const StackContainer& container, std::optional<Seconds> health_timeout) {
  if (health_timeout) return *health_timeout;
  return container.check ? std::max(kUsualPatience, container.check->patience()) : kUsualPatience;
}

std::vector<StackContainer> parse_stack_containers(std::string_view text) {
  std::vector<StackContainer> found;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> row = split(line, '\t');
    if (row.size() != kFields || row[0].empty()) continue;
    StackContainer one;
    one.id = row[0];
    one.name = row[1].starts_with('/') ? row[1].substr(1) : row[1];
    one.service = row[2];
    one.image = row[3];
    one.status = row[4];
    one.health = row[5].empty() ? "none" : row[5];
    one.restart = policy_of(row[6], row[7]);
    std::from_chars(row[8].data(), row[8].data() + row[8].size(), one.exit_status);
    one.one_off = row[9] == "True";
    one.check = health_check_of(row[10]);
    found.push_back(std::move(one));
  }
  return found;
}

std::vector<StackContainer> StackContainers::of_project(const std::string& project,
                                                        const std::set<std::string>& services,
                                                        const std::stop_token& stop) const {
  std::vector<StackContainer> all = those(docker_.ids({"com.docker.compose.project=" + project}, stop), stop);
  if (!services.empty())
    std::erase_if(all, [&](const StackContainer& one) { return !services.contains(one.service); });
  return all;
}

std::vector<StackContainer> StackContainers::those(const std::vector<std::string>& ids,
                                                   const std::stop_token& stop) const {
  if (ids.empty()) return {};
  std::vector<std::string> inspect = {"container", "inspect", "--format", kInspectFormat};
  inspect.insert(inspect.end(), ids.begin(), ids.end());
  std::vector<StackContainer> found = parse_stack_containers(docker_.answer_in_part(inspect, stop));
  // One that is gone is not there; one that was not told of for another reason must not pass for that.
  for (const std::string& id : ids)
    if (std::ranges::find(found, id, &StackContainer::id) == found.end() && docker_.state(id))
      throw Error("can't look at the container " + id.substr(0, 12), "docker inspect says why");
  return found;
}

void StackContainers::set_restart(const std::string& id, const std::string& policy,
                                  const std::stop_token& stop) const {
  docker_.answer("can't set the restart policy of " + id.substr(0, 12), {"update", "--restart=" + policy, id},
                 stop);
}

void StackContainers::stop_for_good(const std::vector<std::string>& ids, std::optional<int> seconds,
                                    const std::stop_token& stop) const {
  std::vector<std::string> up;
  for (const StackContainer& one : those(ids, stop)) {
    if (one.restart != "no") set_restart(one.id, "no", stop);
    if (one.running()) up.push_back(one.id);
  }
  docker_.stop(up, seconds, stop);
  for (const StackContainer& one : those(ids, stop))
    if (one.running() || one.restart != "no")
      throw Error(fmt::format("the container {} was stopped, and is not: {}", one.name, one.status),
                  "see docker ps -a");
}

void StackContainers::start(const std::string& id, const std::stop_token& stop) const {
  docker_.answer("can't start the container " + id.substr(0, 12), {"start", id}, stop);
}

void StackContainers::await(const std::function<std::vector<StackContainer>()>& look,
                            const std::function<bool(const StackContainer&)>& settled,
                            const std::stop_token& stop) const {
  const StopFd stop_fd(stop);
  const Stopwatch watch;
  for (;;) {
    std::vector<std::string> not_yet;
    std::string hint = "see docker ps -a";
    Seconds patience = health_timeout_.value_or(kUsualPatience);
    const std::vector<StackContainer> seen = look();
    for (const StackContainer& one : seen) {
      if (settled(one)) continue;
      if (not_yet.empty()) hint = hint_for(one);
      not_yet.push_back(shown(one));
      patience = std::max(patience, patience_with(one, health_timeout_));
    }
    if (!seen.empty() && not_yet.empty()) return;
    if (watch.seconds() > patience.count())
      throw Error(
          fmt::format("not well after {:.0f} s: {}", patience.count(),
                      seen.empty() ? "no container is there" : fmt::to_string(fmt::join(not_yet, "; "))),
          hint);
    pause_for(kPauseOfLooks, stop_fd);
  }
}

void StackContainers::await_well(const std::vector<std::string>& ids, const std::stop_token& stop) const {
  if (ids.empty()) return;
  await([&] { return those(ids, stop); }, [](const StackContainer& one) { return one.well(); }, stop);
  if (those(ids, stop).size() != ids.size())
    throw Error("a container that was there is gone", "see docker ps -a");
}

}  // namespace pgassay::stack
