#include "cli/config/config.h"

#include <cstdlib>

#include "cli/config/config_stack.h"
#include "cli/config/config_store.h"
#include "cli/config/config_switch.h"
#include "cli/config/config_text.h"
#include "cli/config/config_traefik.h"
#include "cli/config/toml_section.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

/// Before the connection: with compose_project, `service` is compose's, and not libpq's.
source::ContainerName read_container(Section& section) {
  source::ContainerName name;
  const auto container = section.text("container"), project = section.text("compose_project"),
             engine = section.word("container_engine");
  if (container && project)
    section.reject("compose_project", "container and compose_project exclude each other");
  if (container && section.has("service"))
    section.reject("service", "container and service exclude each other",
                   "a service of docker compose: compose_project = and service =, without container =");
  if (project) {
    const auto service = section.text("service");
    if (!service)
      section.reject("compose_project", "compose_project needs the service",
                     "the name of PostgreSQL's service in that project: service = \"db\"");
    name.compose_service = *service;
  }
  if (engine && !container && !project)
    section.reject("container_engine", "container_engine needs container or compose_project");
  name.container = container.value_or("");
  name.compose_project = project.value_or("");
  if (engine && *engine != "auto") name.engine = *engine;
  return name;
}

ConnInfo read_connection(Section& section, bool in_compose) {
  ConnInfo info;
  if (const auto dbname = section.text("dbname")) {
    try {
      info = ConnInfo::parse(*dbname);
    } catch (const Error& error) {
      section.reject("dbname", error.what(), error.hint());
    }
    for (const char* secret : {"password", "sslpassword"}) {
      const auto found = info.parameters.find(secret);
      if (found == info.parameters.end() || found->second.empty()) continue;
      section.reject("dbname", fmt::format("dbname holds a {}", secret),
                     "put the password into ~/.pgpass, or into the file that 'passfile' names");
    }
  }
  const auto set = [&](const std::string& key, const std::string& parameter, const std::string& value) {
    if (!info.parameters.emplace(parameter, value).second) {
      section.reject(key, fmt::format("{} is given twice: here and in dbname", key));
    }
  };
  if (const auto port = section.integer("port")) set("port", "port", std::to_string(*port));
  for (const auto& [key, parameter] : {std::pair{"host", "host"},
                                       {"user", "user"},
                                       {"database", "dbname"},
                                       {"service", "service"},
                                       {"passfile", "passfile"}}) {
    if (in_compose && key == std::string_view("service")) continue;
    if (const auto value = section.text(key)) set(key, parameter, *value);
  }
  return info;
}

template <class T>
std::optional<T> narrowed(const std::optional<std::int64_t>& value) {
  return value ? std::optional<T>(static_cast<T>(*value)) : std::nullopt;
}

RetentionConfig read_retention(Section& section) {
  const auto count = [&](const char* key) { return narrowed<unsigned>(section.integer(key)); };
  RetentionConfig retention;
  retention.keep_days = count("keep_days");
  retention.keep_min = count("keep_min");
  retention.keep_daily = count("keep_daily");
  retention.keep_weekly = count("keep_weekly");
  retention.keep_monthly = count("keep_monthly");
  retention.keep_yearly = count("keep_yearly");
  retention.max_delete_fraction = section.fraction("max_delete_fraction");
  retention.shrink_alarm = section.fraction("shrink_alarm");
  // An empty list is no absent one: nothing but a pin pins.
  std::vector<std::string> labels = section.texts("pin_labels");
  if (section.has("pin_labels")) retention.pin_labels = std::move(labels);
  return retention;
}

drill::Assertion read_assertion(const toml::node& node, const std::string& shown, const Path& file) {
  if (!node.is_table()) fail(file, node.source(), fmt::format("{} must be tables: [[…]]", shown));
  Section section(*node.as_table(), "source.drill.assert", "[" + shown + "]", file);
  const auto name = section.text("name"), sql = section.text("sql");
  if (!name || !sql) fail(file, node.source(), fmt::format("[{}] needs a name and sql", shown));
  drill::Assertion assertion{*name, *sql, section.value("expected"), drill::Assertion{}.timeout};
  assertion.timeout = section.duration("timeout").value_or(assertion.timeout);
  section.finish();
  return assertion;
}

/// `shown`: drill, or source.NAME.drill, which may have assertions.
DrillConfig read_drill(const toml::node* node, const std::string& shown, bool of_source, const Path& file) {
  DrillConfig drill;
  if (node == nullptr) return drill;
  if (!node->is_table()) fail(file, node->source(), fmt::format("{} must be a table: [{}]", shown, shown));
  Section section(*node->as_table(), of_source ? "source.drill" : "drill", "[" + shown + "]", file);
  drill.engine = section.word("engine");
  drill.image = section.text("image");
  drill.pull = section.word("pull");
  drill.memory_bytes = section.bytes("memory");
  if (const auto dir = section.text("work_dir")) drill.work_dir = file.parent_path() / *dir;
  drill.allow_weak_sandbox = section.boolean("allow_weak_sandbox");
  drill.search_path = section.text("search_path");
  drill.amcheck = section.boolean("amcheck");
  drill.accept_other_versions = section.boolean("accept_other_versions");
  if (of_source) {
    const std::string name = shown + ".assert";
    const toml::node* list = section.take("assert");
    if (list != nullptr && !list->is_array())
      fail(file, list->source(), fmt::format("{0} must be an array of tables: [[{0}]]", name));
    if (list != nullptr)
      for (const toml::node& one : *list->as_array())
        drill.assertions.push_back(read_assertion(one, name, file));
  }
  section.finish();
  return drill;
}

std::optional<std::string> read_url(Section& section, const std::string& key) {
  auto url = section.text(key);
  if (url && !url->starts_with("https://") && !url->starts_with("http://"))
    section.reject(key, fmt::format("{} must begin with https:// or http://", key));
  return url;
}

NotifyConfig read_notify(const toml::node* node, const std::string& shown, const Path& file) {
  NotifyConfig notify;
  if (node == nullptr) return notify;
  if (!node->is_table()) fail(file, node->source(), fmt::format("{} must be a table: [{}]", shown, shown));
  Section section(*node->as_table(), "notify", "[" + shown + "]", file);
  notify.ping_url = read_url(section, "ping_url");
  notify.webhook_url = read_url(section, "webhook_url");
  std::vector<std::string> command = section.texts("command");
  if (section.has("command")) notify.command = std::move(command);
  notify.mail_to = section.text("mail_to");
  if (notify.mail_to && notify.mail_to->find_first_of("\r\n") != std::string::npos)
    section.reject("mail_to", "mail_to must be on one line");
  notify.when = section.word("when");
  notify.timeout = section.duration("timeout");
  if (const auto ca_file = section.text("ca_file")) notify.ca_file = file.parent_path() / *ca_file;
  section.finish();
  return notify;
}

WatchConfig read_watch(Section& section) {
  WatchConfig watch;
  watch.max_age = section.long_duration("max_age");
  watch.drill_every = section.long_duration("drill_every");
  return watch;
}

SourceConfig read_source(Section section, const std::string& name, const Path& file) {
  SourceConfig source;
  source.container = read_container(section);
  source.connection = read_connection(section, !source.container.compose_project.empty());
  source.jobs = narrowed<unsigned>(section.integer("jobs"));
  source.compression = narrowed<int>(section.integer("compression"));
  source.exclude_table_data = section.texts("exclude_table_data");
  source.accept = section.texts("accept");
  source.binary_table = section.texts("binary_table");
  source.exclude_databases = section.texts("exclude_databases");
  source.all_databases = section.boolean("all_databases").value_or(false);
  if (const auto seconds = section.number_above_zero("lock_timeout")) source.lock_timeout = Seconds(*seconds);
  source.stall_timeout = section.duration_or_0("stall_timeout");
  source.max_rate = section.rate("max_rate");
  source.split_tables = section.word("split_tables");
  source.warn_snapshot_age = section.days("warn_snapshot_age");
  source.max_snapshot_age = section.days("max_snapshot_age");
  source.lock_policy = section.word("lock_policy");
  source.pg_dump = section.text("pg_dump");
  source.label = section.text("label");
  source.full_every = section.days("full_every");
  source.role_passwords = section.boolean("role_passwords");
  source.digest_matviews = section.boolean("digest_matviews");
  source.drill = read_drill(section.take("drill"), fmt::format("source.{}.drill", name), true, file);
  source.retention = read_retention(section);
  source.notify = read_notify(section.take("notify"), fmt::format("source.{}.notify", name), file);
  source.watch = read_watch(section);
  if (section.has("push")) source.push = section.texts("push");
  section.finish();
  return source;
}

void read_sources(const toml::node& node, const Path& file, Config& config) {
  read_named_tables(node, "source", file, [&](Section section, const toml::node&, const std::string& name) {
    config.sources[name] = read_source(std::move(section), name, file);
  });
}

}  // namespace

Config parse_config(std::string_view text, const Path& name) {
  toml::table table;
  try {
    table = toml::parse(text, name.string());
  } catch (const toml::parse_error& error) {
    fail(name, error.source(), std::string(error.description()));
  } catch (const TomlAssertion&) {
    throw UsageError(
        fmt::format("{}:{}: a table's name must begin with a letter, a digit, '_', '-' or a quote",
                    name.string(), line_of_odd_table(text)));
  }
  Config config;
  config.file = name;
  Section top(table, "top", "the top of the file", config.file);
  if (const auto repository = top.text("repository")) {
    // Relative to the file, so that cron's working directory does not choose the repository.
    config.repository = config.file.parent_path() / *repository;
  }
  config.jobs = narrowed<unsigned>(top.integer("jobs"));
  config.compression = narrowed<int>(top.integer("compression"));
  config.full_every = top.days("full_every");
  config.retention = read_retention(top);
  config.drill = read_drill(top.take("drill"), "drill", false, config.file);
  config.notify = read_notify(top.take("notify"), "notify", config.file);
  config.watch = read_watch(top);
  config.push = top.texts("push");
  if (const auto metrics = top.text("metrics_file"))
    config.metrics_file = config.file.parent_path() / *metrics;
  if (const toml::node* sources = top.take("source")) read_sources(*sources, config.file, config);
  if (const toml::node* stores = top.take("store")) config.stores = read_stores(*stores, config.file);
  const stack::TraefikSettings traefik = read_traefik(top.take("traefik"), "traefik", {}, config.file);
  if (const toml::node* stacks = top.take("stack"))
    config.stacks = read_stacks(*stacks, traefik, config.file);
  if (const toml::node* switches = top.take("switch"))
    config.switches = read_switches(*switches, config.file, config.stacks);
  top.finish();
  return config;
}

Config load_config(const std::optional<std::string>& flag) {
  const char* variable = std::getenv("PGASSAY_CONFIG");
  Path file;
  if (flag) {
    file = *flag;
  } else if (variable && *variable) {
    file = variable;
  } else {
    std::error_code ignored;
    for (const char* candidate : {"pgassay.toml", "/etc/pgassay/pgassay.toml"}) {
      if (file.empty() && std::filesystem::exists(candidate, ignored)) file = candidate;
    }
    if (file.empty()) return {};
  }
  std::string text;
  try {
    text = read_file(file);
  } catch (const Error& error) {
    throw UsageError(fmt::format("configuration: {}", error.what()), error.hint());
  }
  return parse_config(text, file);
}

void check_source_name(std::string_view name, const std::string& what) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (!name.empty() && name[0] != '.' && name[0] != '-' && std::ranges::all_of(name, allowed)) return;
  throw UsageError(fmt::format("{} can't be '{}'", what, printable(name)),
                   "letters, digits, '_', '-' and '.', not beginning with '-' or '.'");
}

}  // namespace pgassay::cli
