// What Traefik says of itself: the HTTP API of v2 and v3 (https://doc.traefik.io/traefik/operations/api/).
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/clock.h"
#include "stack/model/settings.h"

namespace pgassay::stack {

struct TraefikRouter {
  std::string name;  ///< "api@docker"
  std::string rule, service, status;
  std::vector<std::string> errors;
  std::int64_t priority = 0;  ///< its own routers' come close to 2^63; 0: by the rule's length
  bool tls = false;

  bool enabled() const { return status != "disabled"; }  ///< with a warning it works, too
  std::string provider() const { return name.substr(name.find('@') + 1); }
  std::string qualified_service() const;  ///< "api@docker"
  std::int64_t effective_priority() const;
};

struct TraefikService {
  std::string name, status, type;
  std::vector<std::string> errors;
  std::vector<std::string> servers;                  ///< URLs
  std::map<std::string, std::string> server_status;  ///< URL → UP, DOWN
  std::vector<std::string> parts;  ///< services that it is made of, where it is no load balancer
};

struct TraefikView {
  std::string version;
  std::vector<TraefikRouter> routers;
  std::vector<TraefikService> services;

  const TraefikRouter* router(const std::string& name) const;
  const TraefikService* service(const std::string& name) const;
  /// URLs of all servers behind a service, those of its parts included.
  std::vector<std::string> servers_behind(const std::string& service) const;
};

/// Asks the API at this address, page for page. Throws Unverified, Stopped.
TraefikView ask_traefik(const std::string& api, const TraefikSettings& settings, Seconds timeout,
                        const std::stop_token& stop);

// One page of each list. Throw Error when it is none.
std::vector<TraefikRouter> parse_routers(std::string_view text);
std::vector<TraefikService> parse_services(std::string_view text);

/// The page that follows; 0: this was the last. Of the last page Traefik says 1.
unsigned next_page(unsigned page, std::string_view header);

}  // namespace pgassay::stack
