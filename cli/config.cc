#define TOML_ENABLE_FORMATTERS 0
#include "cli/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

#include "cli/units.h"
#include "core/system/error.h"

namespace pgassay::cli {
namespace {

constexpr double kLongestAssertion = 86400;

[[noreturn]] void fail(const Path& file, const toml::source_region& where, const std::string& what,
                       const std::string& hint = {}) {
  throw UsageError(fmt::format("{}:{}: {}", file.string(), where.begin.line, what), hint);
}

std::string kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

/// One table of the file. Whatever key was not asked for by the time of finish() is an unknown one.
class Section {
 public:
  Section(const toml::table& table, std::string shown, const Path& file)
      : table_(table), shown_(std::move(shown)), file_(file) {}

  bool has(const std::string& key) const { return table_.contains(key); }
  const toml::node* take(const std::string& key) {
    known_.push_back(key);
    return table_.get(key);
  }
  [[noreturn]] void reject(const std::string& key, const std::string& what,
                           const std::string& hint = {}) const {
    fail(file_, table_.get(key)->source(), what, hint);
  }

  std::optional<std::string> text(const std::string& key) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (!node->is_string()) wrong_type(key, *node, "a string");
    return check_text(key, node->as_string()->get());
  }
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t least, std::int64_t most) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (!node->is_integer()) wrong_type(key, *node, "a whole number");
    const std::int64_t value = node->as_integer()->get();
    if (value < least || value > most) {
      reject(key, fmt::format("{} = {} is out of range: {} to {}", key, value, least, most));
    }
    return value;
  }
  std::optional<double> number_above_zero(const std::string& key, double most) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (!node->is_number()) wrong_type(key, *node, "a number");
    const double value = *node->value<double>();
    if (!(value > 0 && value <= most)) {
      reject(key, fmt::format("{} = {} is out of range: more than 0, at most {}", key, value, most));
    }
    return value;
  }
  std::optional<double> fraction(const std::string& key) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (!node->is_number()) wrong_type(key, *node, "a number");
    const double value = *node->value<double>();
    if (!(value >= 0 && value <= 1)) reject(key, fmt::format("{} = {} is out of range: 0 to 1", key, value));
    return value;
  }
  std::optional<bool> boolean(const std::string& key) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (!node->is_boolean()) wrong_type(key, *node, "true or false");
    return node->as_boolean()->get();
  }
  std::vector<std::string> texts(const std::string& key) {
    const toml::node* node = take(key);
    if (!node) return {};
    if (!node->is_array()) wrong_type(key, *node, "an array of strings");
    std::vector<std::string> values;
    for (const toml::node& element : *node->as_array()) {
      if (!element.is_string()) {
        fail(file_, element.source(), fmt::format("{} must hold strings, not {}", key, kind_of(element)));
      }
      values.push_back(check_text(key, element.as_string()->get()));
    }
    return values;
  }
  /// As text, or absent where just true is expected.
  std::optional<std::string> value(const std::string& key) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if (node->is_string()) return node->as_string()->get();
    if (node->is_integer()) return std::to_string(node->as_integer()->get());
    if (!node->is_boolean()) wrong_type(key, *node, "a string, a whole number, true or false");
    return node->as_boolean()->get() ? std::nullopt : std::optional<std::string>("f");
  }
  std::optional<std::string> one_of(const std::string& key, const std::vector<std::string>& choices) {
    auto word = text(key);
    if (!word || std::ranges::find(choices, *word) != choices.end()) return word;
    std::string known;
    for (const std::string& choice : choices) known += (known.empty() ? "\"" : ", \"") + choice + "\"";
    reject(key, fmt::format("{} must be one of {}", key, known));
  }
  std::optional<std::uint64_t> bytes(const std::string& key) {
    const auto value = text(key);
    if (!value) return std::nullopt;
    const auto size = parse_bytes(*value);
    if (!size) reject(key, fmt::format("{} must be a size such as \"512MB\" or \"2GB\"", key));
    return size;
  }
  std::optional<double> seconds(const std::string& key) {
    const auto value = text(key);
    if (!value) return std::nullopt;
    const auto seconds = parse_duration(*value);
    if (!seconds || *seconds <= 0 || *seconds > kLongestAssertion)
      reject(key, fmt::format("{} must be a duration such as \"30s\" or \"10m\", at most a day", key));
    return seconds;
  }
  std::optional<double> days(const std::string& key) {
    const auto value = text(key);
    if (!value) return std::nullopt;
    const auto seconds = parse_duration(*value);
    if (!seconds) reject(key, fmt::format("{} must be a duration such as \"7d\" or \"12h\", or \"0\"", key));
    return *seconds / 86400;
  }

  void finish() const {
    for (auto&& [key, node] : table_) {
      const std::string name(key.str());
      if (std::ranges::find(known_, name) != known_.end()) continue;
      const bool secret = name.find("password") != std::string::npos;
      fail(file_, key.source(),
           fmt::format("unknown key '{}' in {}{}", printable(name), shown_, did_you_mean(name, known_)),
           secret ? "a password belongs into ~/.pgpass, or into the file that 'passfile' names" : "");
    }
  }

 private:
  [[noreturn]] void wrong_type(const std::string& key, const toml::node& node,
                               const std::string& wanted) const {
    fail(file_, node.source(), fmt::format("{} must be {}, not {}", key, wanted, kind_of(node)));
  }
  std::string check_text(const std::string& key, const std::string& value) const {
    if (value.empty()) reject(key, fmt::format("{} is empty", key));
    if (value.find('\0') != std::string::npos) reject(key, fmt::format("{} holds a zero byte", key));
    return value;
  }

  const toml::table& table_;
  std::string shown_;
  const Path& file_;
  std::vector<std::string> known_;
};

ConnInfo read_connection(Section& section) {
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
  if (const auto port = section.integer("port", 1, 65535)) set("port", "port", std::to_string(*port));
  for (const auto& [key, parameter] : {std::pair{"host", "host"},
                                       {"user", "user"},
                                       {"database", "dbname"},
                                       {"service", "service"},
                                       {"passfile", "passfile"}}) {
    if (const auto value = section.text(key)) set(key, parameter, *value);
  }
  return info;
}

template <class T>
std::optional<T> narrowed(const std::optional<std::int64_t>& value) {
  return value ? std::optional<T>(static_cast<T>(*value)) : std::nullopt;
}

RetentionConfig read_retention(Section& section) {
  const auto count = [&](const char* key, std::int64_t least) {
    return narrowed<unsigned>(section.integer(key, least, kMaxKept));
  };
  RetentionConfig retention;
  retention.keep_days = count("keep_days", 0);
  retention.keep_min = count("keep_min", 1);
  retention.keep_daily = count("keep_daily", 0);
  retention.keep_weekly = count("keep_weekly", 0);
  retention.keep_monthly = count("keep_monthly", 0);
  retention.keep_yearly = count("keep_yearly", 0);
  retention.max_delete_fraction = section.fraction("max_delete_fraction");
  // An empty list is no absent one: nothing but a pin pins.
  std::vector<std::string> labels = section.texts("pin_labels");
  if (section.has("pin_labels")) retention.pin_labels = std::move(labels);
  return retention;
}

Assertion read_assertion(const toml::node& node, const std::string& shown, const Path& file) {
  if (!node.is_table()) fail(file, node.source(), fmt::format("{} must be tables: [[…]]", shown));
  Section section(*node.as_table(), "[" + shown + "]", file);
  const auto name = section.text("name"), sql = section.text("sql");
  if (!name || !sql) fail(file, node.source(), fmt::format("[{}] needs a name and sql", shown));
  Assertion assertion{*name, *sql, section.value("expected"), Assertion{}.timeout_seconds};
  assertion.timeout_seconds = section.seconds("timeout").value_or(assertion.timeout_seconds);
  section.finish();
  return assertion;
}

/// `shown`: drill, or source.NAME.drill, which may have assertions.
DrillConfig read_drill(const toml::node* node, const std::string& shown, bool of_source, const Path& file) {
  DrillConfig drill;
  if (node == nullptr) return drill;
  if (!node->is_table()) fail(file, node->source(), fmt::format("{} must be a table: [{}]", shown, shown));
  Section section(*node->as_table(), "[" + shown + "]", file);
  drill.engine = section.one_of("engine", {"auto", "docker", "podman", "local"});
  drill.image = section.text("image");
  drill.pull = section.one_of("pull", {"missing", "never", "always"});
  drill.memory_bytes = section.bytes("memory");
  if (const auto dir = section.text("work_dir")) drill.work_dir = file.parent_path() / *dir;
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

SourceConfig read_source(Section section, const std::string& name, const Path& file) {
  SourceConfig source;
  source.connection = read_connection(section);
  source.jobs = narrowed<unsigned>(section.integer("jobs", 1, kMaxJobs));
  source.compression = narrowed<int>(section.integer("compression", 1, kMaxCompression));
  source.exclude_table_data = section.texts("exclude_table_data");
  source.exclude_databases = section.texts("exclude_databases");
  source.lock_timeout = section.number_above_zero("lock_timeout", kMaxLockTimeout);
  source.lock_policy = section.text("lock_policy");
  if (source.lock_policy && *source.lock_policy != "warn" && *source.lock_policy != "yield") {
    section.reject("lock_policy", "lock_policy must be \"warn\" or \"yield\"");
  }
  source.pg_dump = section.text("pg_dump");
  source.label = section.text("label");
  source.full_every_days = section.days("full_every");
  source.role_passwords = section.boolean("role_passwords");
  source.drill = read_drill(section.take("drill"), fmt::format("source.{}.drill", name), true, file);
  source.retention = read_retention(section);
  section.finish();
  return source;
}

void read_sources(const toml::node& node, const Path& file, Config& config) {
  if (!node.is_table()) fail(file, node.source(), "source must be tables such as [source.prod]");
  for (auto&& [key, child] : *node.as_table()) {
    const std::string name(key.str());
    if (!child.is_table()) {
      fail(file, key.source(),
           fmt::format("'{}' stands in [source]: it needs a source's name, as in [source.prod]",
                       printable(name)));
    }
    try {
      check_source_name(name, "a source's name");
    } catch (const Error& error) {
      fail(file, key.source(), error.what(), error.hint());
    }
    config.sources[name] =
        read_source(Section(*child.as_table(), fmt::format("[source.{}]", name), file), name, file);
  }
}

}  // namespace

Config parse_config(std::string_view text, const Path& name) {
  toml::table table;
  try {
    table = toml::parse(text, name.string());
  } catch (const toml::parse_error& error) {
    fail(name, error.source(), std::string(error.description()));
  }
  Config config;
  config.file = name;
  Section top(table, "the top of the file", config.file);
  if (const auto repository = top.text("repository")) {
    // Relative to the file, so that cron's working directory does not choose the repository.
    config.repository = config.file.parent_path() / *repository;
  }
  config.jobs = narrowed<unsigned>(top.integer("jobs", 1, kMaxJobs));
  config.compression = narrowed<int>(top.integer("compression", 1, kMaxCompression));
  config.full_every_days = top.days("full_every");
  config.retention = read_retention(top);
  config.drill = read_drill(top.take("drill"), "drill", false, config.file);
  if (const toml::node* sources = top.take("source")) read_sources(*sources, config.file, config);
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
