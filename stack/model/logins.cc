#include "stack/model/logins.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/postgres/connection.h"

namespace pgassay::stack {
namespace {

using Variables = std::map<std::string, std::string>;

std::string value_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

std::set<std::string> names_of(const ComposeModel& model, const std::string& service) {
  std::set<std::string> names = {service};
  for (const auto& [network, all] : names_on_networks(model))
    for (const auto& [name, whose] : all)
      if (whose == service) names.insert(name);
  return names;
}

/// Of a URL, such as SQLAlchemy's postgresql+asyncpg://….
std::optional<ConnInfo> as_connection(const std::string& value) {
  const std::size_t end = value.find("://");
  if (end == std::string::npos || (!value.starts_with("postgres:") && !value.starts_with("postgresql:") &&
                                   !value.starts_with("postgres+") && !value.starts_with("postgresql+")))
    return std::nullopt;
  // What follows the ? may be the driver's own.
  const std::string plain = "postgresql" + value.substr(end);
  try {
    return ConnInfo::parse(plain.substr(0, plain.find('?')));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<DatabaseLogin> logins_of(const ComposeModel& model, const std::string& database_service) {
  std::vector<DatabaseLogin> found;
  const auto add = [&](DatabaseLogin one) {
    const bool known = std::ranges::any_of(found, [&](const DatabaseLogin& other) {
      return other.user == one.user && other.password == one.password;
    });
    if (!known && !one.user.empty() && !one.password.empty()) found.push_back(std::move(one));
  };
  const ComposeService* database = model.find(database_service);
  if (database == nullptr) return found;
  std::string first = value_of(database->environment, "POSTGRES_USER");
  if (first.empty()) first = "postgres";
  add({database_service, "POSTGRES_PASSWORD", first, value_of(database->environment, "POSTGRES_PASSWORD"),
       true});
  const std::set<std::string> names = names_of(model, database_service);
  for (const auto& [service, one] : model.services) {
    if (names.contains(value_of(one.environment, "PGHOST"))) {
      const std::string user = value_of(one.environment, "PGUSER");
      add({service, "PGPASSWORD", user, value_of(one.environment, "PGPASSWORD"), user == first});
    }
    for (const auto& [variable, value] : one.environment) {
      const std::optional<ConnInfo> url = as_connection(value);
      if (!url || !names.contains(value_of(url->parameters, "host"))) continue;
      const std::string user = value_of(url->parameters, "user");
      add({service, variable, user, value_of(url->parameters, "password"), user == first});
    }
  }
  return found;
}

}  // namespace pgassay::stack
