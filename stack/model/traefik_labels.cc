#include "stack/model/traefik_labels.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace pgassay::stack {
namespace {

constexpr std::string_view kPrefix = "traefik.";

}  // namespace

/// Label keys know no case (https://doc.traefik.io/traefik/reference/dynamic-configuration/docker/).
std::string in_lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Labels traefik_labels(const Labels& labels) {
  Labels found;
  for (const auto& [label, value] : labels)
    if (std::string key = in_lower_case(label); key.starts_with(kPrefix)) found[std::move(key)] = value;
  return found;
}

bool is_exposed(const Labels& labels) {
  const Labels ours = traefik_labels(labels);
  const auto enable = ours.find("traefik.enable");
  return !ours.empty() && (enable == ours.end() || in_lower_case(enable->second) != "false");
}

bool is_exposed(const ComposeService& service) {
  return is_exposed(service.labels);
}

std::map<std::string, Labels> traefik_http(const Labels& labels, std::string_view kind) {
  std::map<std::string, Labels> found;
  if (!is_exposed(labels)) return found;
  const std::string prefix = std::string(kPrefix) + "http." + std::string(kind) + ".";
  for (const auto& [key, value] : traefik_labels(labels)) {
    const std::size_t dot = key.starts_with(prefix) ? key.find('.', prefix.size()) : std::string::npos;
    if (dot != std::string::npos)
      found[key.substr(prefix.size(), dot - prefix.size())][key.substr(dot + 1)] = value;
  }
  return found;
}

std::set<std::string> hosts_in_rule(std::string_view rule) {
  std::set<std::string> hosts;
  std::string word;
  bool negated = false;                  // by a ! right before
  std::vector<bool> within = {false};    // of each open parenthesis: is it below an odd number of negations?
  std::vector<bool> of_hosts = {false};  // and do its values name hosts?
  for (std::size_t i = 0; i < rule.size(); ++i) {
    const char c = rule[i];
    if (c == '`' || c == '"') {
      const std::size_t end = rule.find(c, i + 1);
      if (end == std::string_view::npos) break;
      std::string host = in_lower_case(rule.substr(i + 1, end - i - 1));
      if (host.ends_with('.')) host.pop_back();
      if (of_hosts.back() && !within.back()) hosts.insert(std::move(host));
      i = end;
    } else if (c == '!') {
      negated = !negated;
    } else if (c == '(') {
      within.push_back(within.back() != negated);
      of_hosts.push_back(word == "host" || word == "hostheader");
      negated = false;
    } else if (c == ')' && within.size() > 1) {
      within.pop_back(), of_hosts.pop_back();
    }
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c != ' ')
      word.clear();
  }
  return hosts;
}

std::set<std::string> hosts_of(const ComposeService& service) {
  std::set<std::string> hosts;
  if (!is_exposed(service)) return hosts;
  for (const auto& [label, rule] : service.labels) {
    const std::string key = in_lower_case(label);
    if (key.starts_with("traefik.http.routers.") && key.ends_with(".rule")) hosts.merge(hosts_in_rule(rule));
  }
  return hosts;
}

std::set<std::string> traefik_names(const ComposeService& service) {
  std::set<std::string> names;
  if (!is_exposed(service)) return names;
  for (const auto& [label, value] : service.labels) {
    const std::string key = in_lower_case(label);
    for (const char* kind : {"http.routers.", "http.services.", "http.middlewares.", "tcp.routers.",
                             "tcp.services.", "tcp.middlewares.", "udp.routers.", "udp.services."}) {
      const std::string prefix = std::string(kPrefix) + kind;
      if (!key.starts_with(prefix)) continue;
      const std::size_t end = key.find('.', prefix.size());
      names.insert(kind + key.substr(prefix.size(), end == std::string::npos ? end : end - prefix.size()));
    }
  }
  return names;
}

}  // namespace pgassay::stack
