// Check 6: each route answers through Traefik as it should, asked for by its own host's name.
#include "core/http/http.h"
#include "stack/model/pattern.h"
#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

constexpr int kBadGateway = 502, kUnavailable = 503, kGatewayTimeout = 504;
constexpr char kNoRouter[] = "404 page not found";  // Traefik's own words
constexpr std::size_t kShown = 80;

std::string hint_for(NoHttpAnswer::Why why) {
  switch (why) {
    case NoHttpAnswer::Why::unknown_host:
      return "make the name known to DNS, or say where Traefik is: address = in [traefik], or --address";
    case NoHttpAnswer::Why::unreachable:
      return "does Traefik listen there? See its entry points, and address, http_port and https_port in "
             "[traefik]";
    case NoHttpAnswer::Why::too_slow:
      return "does the service answer Traefik (check 1)? It has so long: timeout = in [traefik]";
    case NoHttpAnswer::Why::certificate:
      return "has Traefik got its certificate? See its logs. Of a CA of your own: ca_file = in [traefik], or "
             "--ca-file; "
             "any: --insecure";
    case NoHttpAnswer::Why::other:
      break;
  }
  return "what listens there may be no HTTP server, or not with TLS: scheme = in the route";
}

std::string hint_for(const HttpAnswer& answer) {
  switch (answer.status) {
    case http::kNotFound:
      return answer.body.starts_with(kNoRouter)
                 ? "these are the words of a Traefik that has no router for it: checks 3 and 4"
                 : "has the service this path?";
    case http::kUnauthorized:
    case http::kForbidden:
      return "a middleware or the service wants to know who asks: route a path that is open, or expect it "
             "(expected_status)";
    case kBadGateway:
    case kGatewayTimeout:
      return "Traefik can't reach the service: check 1, and loadbalancer.server.port";
    case kUnavailable:
      return "Traefik has no server that is up for it: check 5";
    default:
      return "see the logs of the service; or expect it: expected_status in its route";
  }
}

std::string beginning(const std::string& text) {
  std::string shown = text.substr(0, std::min(kShown, text.find_first_of("\r\n")));
  return shown.empty() ? "nothing" : shown;
}

/// `location`, or of a path alone the URL with the same host.
std::string whole_location(const std::string& location, const std::string& asked) {
  return location.starts_with('/') ? place_of(asked) + location : location;
}

/// False: something is wrong.
bool look_at(const StackRoute& route, const RouteAnswer& asked, Findings& out) {
  std::string by;
  for (const std::string& url : asked.redirects) by += " (after " + url + ")";
  const auto refuse = [&](const std::string& text, const std::string& hint) {
    out.refuse("", asked.url + by, text, hint);
    return false;
  };
  if (!asked.answer) return refuse(asked.problem, hint_for(asked.why));
  const HttpAnswer& answer = *asked.answer;
  if (!asked.problem.empty())
    return refuse(asked.problem, "where that is right: expected_status = " + std::to_string(answer.status) +
                                     " and location = in its route");
  if (answer.status != route.expected_status)
    return refuse("HTTP status " + std::to_string(answer.status) + " instead of " +
                      std::to_string(route.expected_status) +
                      (answer.redirect.empty() ? "" : ", and leads to " + place_of(answer.redirect)),
                  hint_for(answer));
  if (route.location && answer.redirect != whole_location(*route.location, asked.url))
    return refuse("it leads to " + (answer.redirect.empty() ? "nowhere" : answer.redirect) + " instead of " +
                      *route.location,
                  "correct the redirect, or location in its route");
  if (route.body && !holds_pattern(answer.body, *route.body))
    return refuse("the body does not hold " + *route.body + ", and begins: " + beginning(answer.body),
                  "does another service answer? Else correct body in its route");
  return true;
}

}  // namespace

void check_endpoints(const RouteFacts& facts, Findings& out) {
  if (facts.routes().empty()) {
    out.not_made("not made: no route is configured (check 4)");
    return;
  }
  std::size_t good = 0;
  for (std::size_t i = 0; i < facts.routes().size(); ++i)
    good += look_at(facts.routes()[i], facts.answers.at(i), out) ? 1 : 0;
  out.note(std::to_string(good) + " of " + std::to_string(facts.routes().size()) + " answer as they should");
  if (facts.stack.settings.traefik.insecure) out.note("certificates were not looked at");
}

}  // namespace pgassay::stack
