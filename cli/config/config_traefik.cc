#include "cli/config/config_traefik.h"

#include "core/http/http.h"

namespace pgassay::cli {
namespace {

std::string read_api(Section& section, const std::string& url) {
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    section.reject("api", "api must begin with https:// or http://");
  if (!url.starts_with(place_of(url)))
    section.reject("api", "api holds a user",
                   "user and password go into ~/.netrc: machine HOST login USER …");
  return url;
}

}  // namespace

stack::TraefikSettings read_traefik(const toml::node* node, const std::string& shown,
                                    stack::TraefikSettings settings, const Path& file) {
  if (node == nullptr) return settings;
  if (!node->is_table()) fail(file, node->source(), fmt::format("{} must be a table: [{}]", shown, shown));
  Section section(*node->as_table(), "traefik", "[" + shown + "]", file);
  if (const auto api = section.text("api")) settings.api = read_api(section, *api);
  const auto container = section.text("container");
  const auto on_host = section.boolean("on_host");
  if (container && on_host.value_or(false))
    section.reject("on_host", "container and on_host exclude each other");
  if (container || on_host) {
    settings.container = container.value_or("");
    settings.on_host = on_host.value_or(false);
  }
  settings.address = section.text("address").value_or(settings.address);
  if (!settings.address.empty() && !stack::is_address(settings.address))
    section.reject("address", "address must be an IP address or a host's name, without scheme and port",
                   "ports are http_port and https_port");
  const auto port = [&](const char* key, unsigned& value) {
    if (const auto given = section.integer(key)) value = static_cast<unsigned>(*given);
  };
  port("http_port", settings.http_port);
  port("https_port", settings.https_port);
  if (const auto ca_file = section.text("ca_file"))
    settings.ca_file = std::filesystem::absolute(file).parent_path() / *ca_file;
  settings.insecure = section.boolean("insecure").value_or(settings.insecure);
  settings.wait = section.duration_or_0("wait").value_or(settings.wait);
  settings.timeout = section.duration("timeout").value_or(settings.timeout);
  section.finish();
  return settings;
}

}  // namespace pgassay::cli
