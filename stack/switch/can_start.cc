#include "stack/switch/can_start.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "core/system/split.h"
#include "stack/model/engine_view.h"

namespace pgassay::stack {
namespace {

constexpr char kNeeds[] =
    "{{range .Mounts}}{{.Type}}\t{{if eq .Type \"volume\"}}{{.Name}}{{else}}{{.Source}}{{end}}\n{{end}}"
    "{{range $name, $network := "
    ".NetworkSettings.Networks}}network\t{{$name}}\t{{$network.NetworkID}}\n{{end}}";

class Start {
 public:
  Start(const SwitchState& state, const ContainerCli& docker, const std::stop_token& stop)
      : state_(state), docker_(docker), stop_(stop), engine_(look_at_engine({}, stop)) {
    const std::string ids =
        docker.answer("can't list networks of docker", {"network", "ls", "--no-trunc", "--quiet"}, stop);
    for (std::string& id : split_nonempty(ids, '\n')) network_ids_.insert(std::move(id));
  }

  std::optional<Refused> in_the_way_of(const StackContainer& container) const {
    const std::string needs =
        docker_.answer("can't look at the container " + container.name,
                       {"container", "inspect", "--format", kNeeds, container.id}, stop_);
    for (const std::string& line : split_nonempty(needs, '\n'))
      if (const std::string gone = what_is_gone(split(line, '\t')); !gone.empty())
        return Refused(
            fmt::format("the container {} of the old stack can't be started: {} is gone", container.name,
                        gone),
            "bring it back under the same name; or bring the data back from a backup: pgassay list");
    const EngineContainer* ours = find(container.name);
    if (ours == nullptr) return std::nullopt;
    for (const PublishedPort& port : ours->ports)
      if (const std::string holder = holder_of(port, container.name); !holder.empty())
        return Refused(fmt::format("the container {} of the old stack can't be started: {} holds its port {}",
                                   container.name, holder, shown(port)),
                       "stop that, then again: pgassay stack rollback " + state_.fact(fact::kName));
    return std::nullopt;
  }

 private:
  std::string what_is_gone(const std::vector<std::string>& need) const {
    if (need.size() < 2) return {};
    if (need[0] == "volume" && !engine_.volumes.contains(need[1])) return "its volume " + need[1];
    if (need[0] == "bind" && !exists(status_of(need[1]))) return "its directory " + need[1];
    // One that was made anew under the same name is another.
    if (need[0] == "network" && need.size() == 3 && !need[2].empty() && !network_ids_.contains(need[2]))
      return "its network " + need[1];
    return {};
  }

  /// Empty: nobody, or one of the new stack that is stopped before the old one is started.
  std::string holder_of(const PublishedPort& port, const std::string& itself) const {
    bool makes_way = false;
    for (const EngineContainer& one : engine_.containers) {
      const bool holds =
          one.running && one.name != itself &&
          std::ranges::any_of(one.ports, [&](const auto& held) { return overlap(port, held); });
      if (!holds) continue;
      if (one.project != state_.fact(fact::kToProject)) return "the container " + one.name;
      makes_way = true;
    }
    return !makes_way && is_taken(port.address, port.first, port.protocol) ? "a process of this host" : "";
  }

  const EngineContainer* find(const std::string& name) const {
    const auto found = std::ranges::find(engine_.containers, name, &EngineContainer::name);
    return found == engine_.containers.end() ? nullptr : &*found;
  }

  const SwitchState& state_;
  const ContainerCli& docker_;
  const std::stop_token& stop_;
  EngineView engine_;
  std::set<std::string> network_ids_;
};

}  // namespace

bool is_taken(const std::string& address, unsigned port, const std::string& protocol) {
  const int kind = protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const auto refused = [&](int family, const sockaddr* name, socklen_t size) {
    const Fd fd(::socket(family, kind | SOCK_CLOEXEC, 0));
    if (!fd) return false;
    const int one = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return ::bind(fd.get(), name, size) != 0 && errno == EADDRINUSE;
  };
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1)
    return refused(AF_INET6, reinterpret_cast<const sockaddr*>(&six), sizeof six);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = six.sin6_port;
  if (!address.empty() && ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) != 1) return false;
  return refused(AF_INET, reinterpret_cast<const sockaddr*>(&four), sizeof four);
}

std::optional<Refused> in_the_way_of_starting(const SwitchState& state, const StackContainers& containers,
                                              const std::stop_token& stop) {
  const Start start(state, containers.docker(), stop);
  for (const StackContainer& one :
       containers.those(state.ids_that_ran([](const auto&) { return true; }), stop))
    if (!one.running())
      if (auto found = start.in_the_way_of(one)) return found;
  return std::nullopt;
}

}  // namespace pgassay::stack
