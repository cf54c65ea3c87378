#include "stack/routes/traefik_api.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <functional>
#include <set>

#include "core/http/http.h"
#include "core/system/error.h"

namespace pgassay::stack {
namespace {

constexpr unsigned kPerPage = 100, kMostPages = 1000;

/// Of a map; empty where there is none.
std::string text_of(const YAML::Node& map, const char* key) {
  const YAML::Node node = map[key];
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string();
}

std::vector<std::string> texts_of(const YAML::Node& map, const char* key) {
  std::vector<std::string> found;
  const YAML::Node node = map[key];
  if (!node.IsDefined() || !node.IsSequence()) return found;
  for (const auto& one : node)
    if (one.IsScalar()) found.push_back(one.Scalar());
  return found;
}

/// The map, or an empty one.
YAML::Node map_of(const YAML::Node& map, const char* key) {
  const YAML::Node node = map[key];
  return node.IsDefined() && node.IsMap() ? node : YAML::Node(YAML::NodeType::Map);
}

/// Calls `read` for each object of a list. JSON is YAML, and this reader is here already.
void each(std::string_view text, const std::function<void(const YAML::Node&)>& read) {
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsSequence()) throw Error("it is no list");
    for (const auto& one : root) {
      if (!one.IsMap() || text_of(one, "name").empty()) throw Error("it is no list of objects with names");
      read(one);
    }
  } catch (const YAML::Exception&) {
    throw Error("it is no JSON");
  }
}

/// Names in `list[].name` and in plain keys, of services that are made of others.
std::vector<std::string> parts_of(const YAML::Node& service) {
  std::vector<std::string> parts;
  for (const char* kind : {"weighted", "highestRandomWeight"})
    for (const auto& one : map_of(service, kind)["services"])
      if (one.IsMap()) parts.push_back(text_of(one, "name"));
  parts.push_back(text_of(map_of(service, "mirroring"), "service"));
  parts.push_back(text_of(map_of(service, "failover"), "service"));
  std::erase(parts, "");
  return parts;
}

std::string qualified(const std::string& name, const std::string& by) {
  const std::size_t at = by.find('@');
  return name.find('@') != std::string::npos || at == std::string::npos ? name : name + by.substr(at);
}

/// One conversation with the API.
class Api {
 public:
  Api(std::string base, const TraefikSettings& settings, Seconds timeout, const std::stop_token& stop)
      : base_(std::move(base)), settings_(settings), timeout_(timeout), stop_(stop) {
    while (base_.ends_with('/')) base_.pop_back();
    if (base_.ends_with("/api")) base_.resize(base_.size() - 4);
  }

  std::string version() const {
    const HttpAnswer answer = ask("/api/version");
    std::string version;
    try {
      const YAML::Node root = YAML::Load(answer.body);
      if (root.IsMap()) version = text_of(root, "Version");
    } catch (const YAML::Exception&) {
    }
    if (version.empty()) throw nonsense("/api/version", "it names no version");
    return version;
  }
  void list(const std::string& path, const std::function<void(std::string_view)>& page_read) const {
    unsigned page = 1;
    for (unsigned pages = 0; page != 0; ++pages) {
      if (pages == kMostPages) throw nonsense(path, "there is no end to it");
      const HttpAnswer answer = ask(fmt::format("{}?per_page={}&page={}", path, kPerPage, page));
      try {
        page_read(answer.body);
      } catch (const Error& error) {
        throw nonsense(path, error.what());
      }
      const auto next = answer.headers.find("x-next-page");
      page = next == answer.headers.end() ? 0 : next_page(page, next->second);
    }
  }

 private:
  HttpAnswer ask(const std::string& path) const {
    HttpGet request;
    request.url = base_ + path;
    request.timeout = timeout_;
    if (settings_.ca_file) request.ca_file = settings_.ca_file->string();
    request.insecure = settings_.insecure;
    request.netrc = true;
    HttpAnswer answer;
    try {
      answer = get(request, stop_);
    } catch (const NoHttpAnswer& error) {
      throw Unverified(fmt::format("Traefik's API does not answer: {}", error.what()),
                       "is Traefik running, with its API on (--api), and is this its address? See api in "
                       "[traefik]");
    }
    if (answer.status == http::kOk && !answer.cut) return answer;
    if (answer.status == http::kOk) throw nonsense(path, "it is too long");
    throw Unverified(
        fmt::format("Traefik's API at {} answers {} with HTTP status {}{}", place_of(base_),
                    path.substr(0, path.find('?')), answer.status,
                    answer.redirect.empty() ? "" : ", and leads to " + place_of(answer.redirect)),
        hint_for(answer.status));
  }
  static std::string hint_for(int status) {
    if (status == http::kUnauthorized || status == http::kForbidden)
      return "its user and password go into ~/.netrc (machine HOST login USER password …)";
    if (status == http::kNotFound) return "is the API on (--api), and api in [traefik] its address?";
    return "see the logs of Traefik";
  }
  Unverified nonsense(const std::string& path, const std::string& why) const {
    return Unverified(
        fmt::format("what answers at {}{} is not Traefik's API: {}", place_of(base_), path, why),
        "correct api in [traefik]: the address of Traefik's API, such as http://127.0.0.1:8080");
  }

  std::string base_;
  const TraefikSettings& settings_;
  Seconds timeout_;
  const std::stop_token& stop_;
};

}  // namespace

std::string TraefikRouter::qualified_service() const {
  return qualified(service, name);
}

std::int64_t TraefikRouter::effective_priority() const {
  return priority != 0 ? priority : static_cast<std::int64_t>(rule.size());
}

const TraefikRouter* TraefikView::router(const std::string& name) const {
  for (const TraefikRouter& one : routers)
    if (one.name == name) return &one;
  return nullptr;
}

const TraefikService* TraefikView::service(const std::string& name) const {
  for (const TraefikService& one : services)
    if (one.name == name) return &one;
  return nullptr;
}

std::vector<std::string> TraefikView::servers_behind(const std::string& name) const {
  std::vector<std::string> found, to_do = {name};
  for (std::set<std::string> seen; !to_do.empty();) {
    const std::string next = to_do.back();
    to_do.pop_back();
    const TraefikService* one = seen.insert(next).second ? service(next) : nullptr;
    if (one == nullptr) continue;
    found.insert(found.end(), one->servers.begin(), one->servers.end());
    for (const std::string& part : one->parts) to_do.push_back(qualified(part, one->name));
  }
  return found;
}

std::vector<TraefikRouter> parse_routers(std::string_view text) {
  std::vector<TraefikRouter> found;
  each(text, [&](const YAML::Node& one) {
    TraefikRouter router;
    router.name = text_of(one, "name");
    router.rule = text_of(one, "rule");
    router.service = text_of(one, "service");
    router.status = text_of(one, "status");
    router.errors = texts_of(one, "error");
    router.tls = one["tls"].IsDefined() && one["tls"].IsMap();
    // Digit for digit: as a floating-point number, 2^63 - 2 would be 2^63.
    const std::string priority = text_of(one, "priority");
    const char* const end = priority.data() + priority.size();
    if (!priority.empty() && std::from_chars(priority.data(), end, router.priority).ptr != end)
      throw Error("a router's priority is no number");
    found.push_back(std::move(router));
  });
  return found;
}

std::vector<TraefikService> parse_services(std::string_view text) {
  std::vector<TraefikService> found;
  each(text, [&](const YAML::Node& one) {
    TraefikService service;
    service.name = text_of(one, "name");
    service.status = text_of(one, "status");
    service.type = text_of(one, "type");
    service.errors = texts_of(one, "error");
    for (const auto& server : map_of(one, "loadBalancer")["servers"])
      if (server.IsMap()) service.servers.push_back(text_of(server, "url"));
    for (const auto& server : map_of(one, "serverStatus"))
      if (server.second.IsScalar()) service.server_status[server.first.Scalar()] = server.second.Scalar();
    service.parts = parts_of(one);
    found.push_back(std::move(service));
  });
  return found;
}

unsigned next_page(unsigned page, std::string_view header) {
  unsigned next = 0;
  std::from_chars(header.data(), header.data() + header.size(), next);
  return next > page ? next : 0;
}

TraefikView ask_traefik(const std::string& api, const TraefikSettings& settings, Seconds timeout,
                        const std::stop_token& stop) {
  const Api conversation(api, settings, timeout, stop);
  TraefikView view;
  view.version = conversation.version();
  conversation.list("/api/http/routers", [&](std::string_view page) {
    for (TraefikRouter& one : parse_routers(page)) view.routers.push_back(std::move(one));
  });
  conversation.list("/api/http/services", [&](std::string_view page) {
    for (TraefikService& one : parse_services(page)) view.services.push_back(std::move(one));
  });
  return view;
}

}  // namespace pgassay::stack
