#include "cli/config/config_stack.h"

#include "cli/config/config.h"
#include "cli/config/config_traefik.h"
#include "stack/model/pattern.h"

namespace pgassay::cli {
namespace {

constexpr int kLeastRedirect = 300, kMostRedirect = 399;

/// As compose wants it (https://docs.docker.com/compose/how-tos/project-name/); 1.29 takes others, and
/// changes them.
bool is_project_name(const std::string& name) {
  const auto letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return letter_or_digit(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter_or_digit(c) || c == '-' || c == '_'; });
}

stack::StackRoute read_route(const toml::node& node, const std::string& shown, const Path& file) {
  if (!node.is_table()) fail(file, node.source(), fmt::format("{} must be tables: [[…]]", shown));
  Section section(*node.as_table(), "stack.route", "[" + shown + "]", file);
  stack::StackRoute route;
  const auto host = section.text("host"), service = section.text("service");
  if (!host || !service) fail(file, node.source(), fmt::format("[{}] needs a host and a service", shown));
  route.host = *host;
  if (host->find_first_of("/: ") != std::string::npos)
    section.reject("host", "host must be a host's name, without scheme, port and path");
  for (char& c : route.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  route.service = *service;
  route.path = section.text("path").value_or(route.path);
  if (!route.path.starts_with('/')) section.reject("path", "path must begin with /");
  if (const auto status = section.integer("expected_status"))
    route.expected_status = static_cast<int>(*status);
  route.scheme = section.word("scheme");
  route.location = section.text("location");
  if (route.location && (route.expected_status < kLeastRedirect || route.expected_status > kMostRedirect))
    section.reject("location", "location needs the expected_status of a redirect, such as 301");
  route.body = section.text("body");
  if (route.body)
    if (const std::string problem = stack::pattern_problem(*route.body); !problem.empty())
      section.reject("body", fmt::format("body is no regular expression: {}", problem));
  section.finish();
  return route;
}

stack::StackSettings read_stack(Section section, const toml::node& node, const std::string& name,
                                const stack::TraefikSettings& traefik, const Path& file) {
  const auto path = [&](const std::string& relative) {
    return (std::filesystem::absolute(file).parent_path() / relative).lexically_normal();
  };
  const std::string shown = "stack." + name;
  stack::StackSettings stack;
  stack.name = name;
  stack.project = section.text("project");
  if (stack.project && !is_project_name(*stack.project))
    section.reject("project", "project must be of a-z, 0-9, '-' and '_', beginning with a letter or digit");
  for (const std::string& one : section.texts("compose_files")) stack.compose_files.push_back(path(one));
  if (stack.compose_files.empty())
    fail(file, node.source(), fmt::format("[{}] needs compose_files", shown),
         "such as compose_files = [\"docker-compose.yml\"]");
  stack.profiles = section.texts("profiles");
  if (const auto env_file = section.text("env_file")) stack.env_file = path(*env_file);
  if (const auto env_template = section.text("env_template")) stack.env_template = path(*env_template);
  stack.required_variables = section.texts("required_variables");
  stack.database_service = section.text("database_service");
  stack.database = section.text("database");
  stack.writers = section.texts("writers");
  stack.bystanders = section.texts("bystanders");
  stack.external_networks = section.texts("external_networks");
  stack.source = section.text("source");
  stack.traefik = read_traefik(section.take("traefik"), shown + ".traefik", traefik, file);
  const toml::node* routes = section.take("route");
  if (routes != nullptr && !routes->is_array())
    fail(file, routes->source(), fmt::format("{0}.route must be an array of tables: [[{0}.route]]", shown));
  if (routes != nullptr)
    for (const toml::node& route : *routes->as_array())
      stack.routes.push_back(read_route(route, shown + ".route", file));
  section.finish();
  return stack;
}

}  // namespace

std::map<std::string, stack::StackSettings> read_stacks(const toml::node& node,
                                                        const stack::TraefikSettings& traefik,
                                                        const Path& file) {
  std::map<std::string, stack::StackSettings> stacks;
  read_named_tables(node, "stack", file,
                    [&](Section section, const toml::node& child, const std::string& name) {
                      stacks[name] = read_stack(std::move(section), child, name, traefik, file);
                    });
  return stacks;
}

}  // namespace pgassay::cli
