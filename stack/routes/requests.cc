// The requests of `stack routes`: each route by its own host's name, wherever Traefik is to be found.
#include <algorithm>

#include "core/system/error.h"
#include "stack/model/traefik_labels.h"
#include "stack/routes/facts.h"

namespace pgassay::stack {
namespace {

constexpr std::size_t kMostRedirects = 5;
constexpr int kRedirect = 300, kError = 400;

bool is_redirect(int status) {
  return status >= kRedirect && status < kError;
}

/// host[:port] of a URL, in lower case; nothing where it is of another scheme.
std::optional<std::string> plain_host(const std::string& url) {
  const std::string place = in_lower_case(place_of(url));
  for (const char* scheme : {"https://", "http://"})
    if (place.starts_with(scheme)) return place.substr(std::string(scheme).size());
  return std::nullopt;
}

class Requests {
 public:
  Requests(const RouteFacts& facts, Seconds timeout, const std::stop_token& stop)
      : facts_(facts), settings_(facts.stack.settings.traefik), timeout_(timeout), stop_(stop) {}

  RouteAnswer ask(const StackRoute& route) const {
    RouteAnswer result;
    result.url = url_of(facts_, route);
    const bool follow = !is_redirect(route.expected_status);
    try {
      for (;;) {
        result.answer = get(request(result.url), stop_);
        const HttpAnswer& answer = *result.answer;
        if (!follow || !is_redirect(answer.status) || answer.redirect.empty()) return result;
        if (!is_own(answer.redirect)) {
          result.problem = "it leads to " + place_of(answer.redirect) + ", which is no host of this stack";
          return result;
        }
        if (result.redirects.size() == kMostRedirects) {
          result.problem = "it leads on and on: " + std::to_string(kMostRedirects + 1) + " redirects";
          return result;
        }
        result.redirects.push_back(result.url);
        result.url = answer.redirect;
      }
    } catch (const NoHttpAnswer& error) {
      result.answer.reset();
      result.problem = error.what();
      result.why = error.why();
    }
    return result;
  }

 private:
  bool is_own(const std::string& url) const {
    const auto host = plain_host(url);
    return host && std::ranges::any_of(facts_.routes(), [&](const StackRoute& route) {
             return *host == route.host || host->starts_with(route.host + ":");
           });
  }
  HttpGet request(const std::string& url) const {
    HttpGet request;
    request.url = url;
    request.timeout = timeout_;
    if (settings_.ca_file) request.ca_file = settings_.ca_file->string();
    request.insecure = settings_.insecure;
    const std::string address = bracketed(settings_.address);
    // Where there is no address, the host's own is taken, at the port given. A port that the URL itself names
    // stays.
    for (const StackRoute& route : facts_.routes()) {
      const auto at = [&](const std::string& port, const std::string& there) {
        request.connect_to.push_back(route.host + ":" + port + ":" + address + ":" + there);
      };
      at("80", std::to_string(settings_.http_port));
      at("443", std::to_string(settings_.https_port));
      at("", "");
    }
    return request;
  }

  const RouteFacts& facts_;
  const TraefikSettings& settings_;
  Seconds timeout_;
  const std::stop_token& stop_;
};

}  // namespace

void ask_routes(RouteFacts& facts, Seconds timeout, const std::stop_token& stop) {
  const Requests requests(facts, timeout, stop);
  facts.answers.clear();
  for (const StackRoute& route : facts.routes()) facts.answers.push_back(requests.ask(route));
}

}  // namespace pgassay::stack
