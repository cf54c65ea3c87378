#include "source/container_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <utility>

#include "core/postgres/connection_refused.h"
#include "source/application_name.h"
#include "source/container_address.h"

namespace pgassay::source {
namespace {

constexpr char kUsualSockets[] = "/var/run/postgresql", kUsualData[] = "/var/lib/postgresql/data";

std::string from_environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

/// The official image takes each of its variables also as NAME_FILE: a file that holds the value.
struct Variable {
  std::string value, name;  ///< which variable said it; empty: none
};

Variable variable_of(const FoundContainer& found, const std::string& name, const std::stop_token& stop) {
  const std::string value = found.facts.variable(name), file = found.facts.variable(name + "_FILE");
  if (!value.empty()) return {value, name};
  if (file.empty()) return {};
  const Completed read = found.engine.run_inside(found.facts.id, {"cat", "--", file}, stop);
  if (!read.ok()) return {};
  std::string text = read.out;
  while (text.ends_with('\n')) text.pop_back();
  return {text, name + "_FILE"};
}

/// The one whose network it has: a container may share another's.
InspectedContainer network_of(const FoundContainer& found, const std::stop_token& stop) {
  constexpr std::string_view kShared = "container:";
  const std::string& mode = found.facts.network_mode;
  if (!mode.starts_with(kShared)) return found.facts;
  return found.engine.inspect(mode.substr(kShared.size()), stop).value_or(found.facts);
}

ServerInside look_inside(const FoundContainer& found, const std::stop_token& stop) {
  const std::string data = found.facts.variable("PGDATA");
  const Completed read = found.engine.run_inside(
      found.facts.id, {"cat", "--", (data.empty() ? kUsualData : data) + "/postmaster.pid"}, stop);
  if (read.ok())
    if (const auto inside = parse_postmaster_pid(read.out)) return *inside;
  const unsigned port = parse_port(found.facts.variable("PGPORT"));
  return {port == 0 ? 5432 : port, kUsualSockets, "*"};
}

ContainerAddress find_address(const FoundContainer& found, const InspectedContainer& network,
                              const ServerInside& inside, const std::stop_token& stop) {
  const std::vector<ContainerAddress> candidates = addresses_of(found.facts, network, inside);
  std::vector<std::string> tried;
  for (const ContainerAddress& candidate : candidates) {
    if (answers(candidate, stop)) return candidate;
    tried.push_back(candidate.shown());
  }
  std::string why;
  if (inside.listens.empty()) {
    why = "its server listens on no TCP port";
  } else if (network.network_mode == "none") {
    why = "it has no network";
  } else {
    why = fmt::format("port {} is not published", inside.port);
  }
  why += tried.empty() ? ", and no socket is in its mounts"
                       : fmt::format("; nobody answers at {}", fmt::join(tried, ", "));
  throw Error(
      fmt::format("the container {} has no address that this host can reach: {}", found.facts.name, why),
      fmt::format("publish its port (-p 127.0.0.1:{0}:{0}), or mount a directory of this host at {1}: "
                  "docs/containers.md",
                  inside.port, inside.socket_dir.empty() ? kUsualSockets : inside.socket_dir));
}

std::optional<PgTool> pg_dump_of(const FoundContainer& found, const ServerInside& inside,
                                 const std::stop_token& stop) {
  PgTool tool;
  tool.argv = found.engine.exec(found.facts.id, "pg_dump", kToolVariables);
  tool.server_address = {{"host", inside.socket_dir.empty() ? "localhost" : inside.socket_dir},
                         {"port", std::to_string(inside.port)}};
  tool.place = "the container " + found.facts.name;
  tool = examine_pg_tool(std::move(tool), "pg_dump", stop);
  return tool.version == 0 ? std::nullopt : std::optional(std::move(tool));
}

class Approach {
 public:
  Approach(ConnInfo& connection, const FoundContainer& found, std::stop_token stop)
      : parameters_(connection.parameters),
        connection_(connection),
        found_(found),
        stop_(std::move(stop)),
        inside_(look_inside(found_, stop_)) {}

  const ServerInside& inside() const { return inside_; }

  void set_address() {
    if (parameters_.contains("host") || parameters_.contains("hostaddr")) return;
    if (const auto port = parameters_.find("port"); port != parameters_.end())
      inside_.port = parse_port(port->second);
    const ContainerAddress address = find_address(found_, network_of(found_, stop_), inside_, stop_);
    parameters_["host"] = address.host;
    parameters_["port"] = std::to_string(address.port);
    // That variable is about another server.
    if (!address.host.starts_with('/') && std::getenv("PGHOSTADDR")) parameters_["hostaddr"] = address.host;
  }

  void set_user_and_database() {
    const std::string theirs = variable_of(found_, "POSTGRES_USER", stop_).value;
    superuser_ = theirs.empty() ? "postgres" : theirs;
    const std::string user = from_environment({"PGUSER"}), database = from_environment({"PGDATABASE"});
    parameters_.insert({"user", user.empty() ? superuser_ : user});
    if (parameters_.contains("dbname")) return;
    const std::string named = variable_of(found_, "POSTGRES_DB", stop_).value;
    parameters_["dbname"] = !database.empty() ? database : named.empty() ? superuser_ : named;
  }

  /// What the operator says of it outranks what the container says; and that is of its first user only.
  void set_password() {
    for (const char* said : {"password", "passfile", "service"})
      if (parameters_.contains(said)) return;
    if (!from_environment({"PGPASSWORD", "PGPASSFILE"}).empty() || parameters_.at("user") != superuser_)
      return;
    Variable password = variable_of(found_, "POSTGRES_PASSWORD", stop_);
    if (password.value.empty()) return;
    parameters_["password"] = password.value;
    password_by_ = password.name;
  }

  void connect() {
    try {
      Connection::open(connection_, kApplicationName, stop_);
      return;
    } catch (const ConnectionRefused& error) {
      if (!error.by_password()) error.raise();
      if (password_by_.empty())
        throw Error(
            error.what(),
            fmt::format("the container {} does not say the password of {}: put it into ~/.pgpass, or into "
                        "PGPASSWORD",
                        found_.facts.name, parameters_.at("user")),
            error);
      const std::string by = std::exchange(password_by_, {});
      parameters_.erase("password");
      if (connects()) return;
      throw Error(
          error.what(),
          fmt::format("the password that {} of the container {} says is not in force (it counts only when "
                      "the data directory is made): put the right one into ~/.pgpass, or into PGPASSWORD",
                      by, found_.facts.name),
          error);
    }
  }

  std::string told() const {
    return fmt::format("the container {} ({}): {} port {}, user {}, database {}{}", found_.facts.name,
                       found_.engine.program(), parameters_.contains("host") ? parameters_.at("host") : "",
                       parameters_.contains("port") ? parameters_.at("port") : "5432", parameters_.at("user"),
                       parameters_.at("dbname"), password_by_.empty() ? "" : ", password by " + password_by_);
  }

 private:
  /// By ~/.pgpass.
  bool connects() {
    try {
      Connection::open(connection_, kApplicationName, stop_);
      return true;
    } catch (const ConnectionLost&) {
      return false;
    }
  }

  std::map<std::string, std::string>& parameters_;
  ConnInfo& connection_;
  const FoundContainer& found_;
  std::stop_token stop_;
  ServerInside inside_;
  std::string superuser_, password_by_;
};

}  // namespace

Server reach(const ConnInfo& connection, const ContainerName& container, Observer& observer,
             const std::stop_token& stop) {
  Server server{connection, {}};
  if (!container.given()) return server;
  const FoundContainer found = find_container(container, stop);
  Approach approach(server.connection, found, stop);
  approach.set_address();
  approach.set_user_and_database();
  approach.set_password();
  approach.connect();
  observer.message(Level::info, approach.told());
  server.pg_dump = pg_dump_of(found, approach.inside(), stop);
  return server;
}

}  // namespace pgassay::source
