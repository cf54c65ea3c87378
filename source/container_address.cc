#include "source/container_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/system/can_connect.h"

namespace pgassay::source {
namespace {

constexpr std::chrono::milliseconds kPatience(3000);  // for an address to answer

/// In most images /var/run is a link to /run, and either may be what is mounted.
std::vector<Path> names_of_directory(const std::string& said) {
  if (said.empty()) return {};
  const std::string dir = Path(said).lexically_normal().string();
  if (dir.starts_with("/var/run/")) return {dir, dir.substr(4)};
  if (dir.starts_with("/run/")) return {dir, "/var" + dir};
  return {dir};
}

}  // namespace

unsigned parse_port(std::string_view text) {
  unsigned port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port <= 65535 ? port : 0;
}

std::optional<ServerInside> parse_postmaster_pid(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line(text.substr(at, end - at));
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
    at = end + 1;
  }
  // process, data directory, start, port, socket directory, address: PostgreSQL's miscadmin.h,
  // LOCK_FILE_LINE_*.
  if (lines.size() < 6 || parse_port(lines[3]) == 0) return std::nullopt;
  return ServerInside{parse_port(lines[3]), lines[4].starts_with('/') ? lines[4] : "", lines[5]};
}

std::string ContainerAddress::shown() const {
  if (host.starts_with('/')) return fmt::format("{}/.s.PGSQL.{}", host, port);
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::vector<ContainerAddress> addresses_of(const InspectedContainer& container,
                                           const InspectedContainer& network, const ServerInside& inside) {
  std::vector<ContainerAddress> addresses;
  const auto add = [&](const std::string& host, unsigned port) {
    const ContainerAddress one{host, port};
    if (std::ranges::find(addresses, one) == addresses.end()) addresses.push_back(one);
  };
  const auto local = [](const std::string& all) {
    return all.empty() || all == "0.0.0.0" || all == "*" || all == "localhost" ? std::string("127.0.0.1")
           : all == "::"                                                       ? std::string("::1")
                                                                               : all;
  };
  if (!inside.listens.empty()) {
    // IPv4 first: an engine may publish on IPv6 what its network then does not carry.
    for (const bool v6 : {false, true})
      for (const InspectedContainer::Published& one : network.published)
        if (one.port == inside.port && (one.address.find(':') != std::string::npos) == v6)
          add(local(one.address), one.host_port);
    if (network.network_mode == "host") add(local(inside.listens), inside.port);
    for (const std::string& address : network.addresses) add(address, inside.port);
  }
  for (const Path& sockets : names_of_directory(inside.socket_dir)) {
    for (const InspectedContainer::Mount& mount : container.mounts) {
      const Path below = sockets.lexically_relative(mount.inside);
      if (below.empty() || *below.begin() == "..") continue;
      add(below == "." ? mount.outside.string() : (mount.outside / below).string(), inside.port);
    }
  }
  return addresses;
}

bool answers(const ContainerAddress& address, const std::stop_token& stop) {
  if (!address.host.starts_with('/')) return can_connect(address.host, address.port, kPatience, stop);
  const Path socket = Path(address.host) / fmt::format(".s.PGSQL.{}", address.port);
  std::error_code unseen;
  // A link could lead to another server: the container's files are its own.
  return std::filesystem::symlink_status(socket, unseen).type() == std::filesystem::file_type::socket &&
         can_connect(socket);
}

}  // namespace pgassay::source
