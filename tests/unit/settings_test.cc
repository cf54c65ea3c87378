// The settings of pgassay.toml, as their rows say, as the documents say, and as the code has them.
#include "cli/config/settings.h"

#include <gtest/gtest.h>

#include <set>

#include "backup/backup.h"
#include "cli/command/command_line.h"
#include "cli/config/config.h"
#include "core/system/files.h"
#include "nightly/notify.h"
#include "nightly/status.h"
#include "retention/policy.h"

namespace pgassay::cli {
namespace {

std::string page(const std::string& name) {
  return read_file(Path(PGASSAY_SOURCE_DIR) / "docs" / name);
}

/// source.notify of [source.prod.notify]: the name without what the user chose.
std::string section_of(std::string header) {
  header.erase(std::remove_if(header.begin(), header.end(), [](char c) { return c == '[' || c == ']'; }),
               header.end());
  for (const char* named : {"source.", "stack.", "store.", "switch."}) {
    if (!header.starts_with(named)) continue;
    const std::size_t begin = std::string(named).size(), dot = header.find('.', begin);
    header.erase(begin - 1, (dot == std::string::npos ? header.size() : dot) - begin + 1);
  }
  if (header == "source.notify") return "notify";
  return header == "stack.traefik" ? "traefik" : header;
}

/// Each key of the example, with its section: "source host".
std::set<std::string> keys_of_the_example() {
  std::set<std::string> keys;
  std::string section = "top";
  std::istringstream text(page("pgassay.toml"));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('[')) {
      section = section_of(line);
      if (section.starts_with("switch.")) keys.insert("switch " + section.substr(7));
    } else if (!line.empty() && line[0] != '#') {
      keys.insert(section + " " + line.substr(0, line.find(' ')));
    }
  }
  return keys;
}

/// As TOML, where the default is a value and no sentence.
std::string default_of(const Setting& setting) {
  std::string text(setting.otherwise);
  std::erase(text, '`');
  const bool value = text.find_first_of(" ,") == std::string::npos &&
                     (text[0] == '"' || text[0] == '[' || std::isdigit(static_cast<unsigned char>(text[0])) ||
                      text == "true" || text == "false");
  return value ? fmt::format("{} = {}\n", setting.key, text) : "";
}

/// All defaults of a section, as the configuration would say them.
std::string defaults(std::string_view section) {
  std::string text;
  for (const Setting& one : all_settings())
    if (one.kind != Kind::table && one.is_in(section)) text += default_of(one);
  return text;
}

TEST(Settings, AreInTheTablesOfTheConfigurationsPage) {
  const std::string text = page("configuration.md");
  for (const char* section : {"top", "source", "source.drill", "source.drill.assert", "notify", "stack",
                              "stack.route", "store", "switch", "traefik"})
    EXPECT_NE(text.find(settings_table(section)), std::string::npos)
        << "docs/configuration.md needs this table:\n"
        << settings_table(section);
}

TEST(Settings, HaveAnExampleEach) {
  const std::set<std::string> keys = keys_of_the_example();
  for (const Setting& one : all_settings()) {
    if (one.kind == Kind::table) continue;
    std::istringstream sections{std::string(one.where)};
    bool found = false;
    for (std::string section; sections >> section;)
      found |= keys.contains(fmt::format("{} {}", section, one.key));
    EXPECT_TRUE(found) << "docs/pgassay.toml has no example of " << one.key << " in " << one.where;
  }
}

TEST(Settings, NameFlagsThatThereAre) {
  std::set<std::string> names;
  for (const Command* command : all_commands()) {
    const Options options = described_options(command);
    for (const Option& option : options.all())
      for (const std::string& name : option.all_names()) names.insert(name);
  }
  for (const Setting& one : all_settings())
    EXPECT_TRUE(one.flag.empty() || names.contains(std::string(one.flag))) << one.flag;
}

TEST(Settings, HaveTheDefaultsOfTheCode) {
  const Config top = parse_config(defaults("top"), "c.toml");
  EXPECT_EQ(top.compression, backup::BackupOptions{}.zstd_level);
  EXPECT_EQ(top.full_every, backup::BackupOptions{}.full_every);
  EXPECT_EQ(top.watch.max_age, nightly::StatusRules{}.max_age);
  const retention::RetentionPolicy policy;
  EXPECT_EQ(top.retention.keep_days, policy.keep_days);
  EXPECT_EQ(top.retention.keep_min, policy.keep_min);
  EXPECT_EQ(top.retention.keep_daily, policy.keep_daily);
  EXPECT_EQ(top.retention.keep_weekly, policy.keep_weekly);
  EXPECT_EQ(top.retention.keep_monthly, policy.keep_monthly);
  EXPECT_EQ(top.retention.keep_yearly, policy.keep_yearly);
  EXPECT_EQ(top.retention.max_delete_fraction, policy.max_delete_fraction);
  EXPECT_EQ(top.retention.pin_labels, policy.pin_labels);
  const Config notify = parse_config("[notify]\n" + defaults("notify"), "c.toml");
  EXPECT_EQ(notify.notify.timeout, nightly::NotifyOptions{}.timeout);
  const Config assertion = parse_config(
      "[[source.a.drill.assert]]\nname = \"n\"\nsql = \"s\"\n" + defaults("source.drill.assert"), "c.toml");
  EXPECT_EQ(assertion.sources.at("a").drill.assertions.at(0).timeout, drill::Assertion{}.timeout);
}

TEST(Settings, OfASourceHaveTheDefaultsOfTheCode) {
  std::string text = defaults("source");
  // It would need a container.
  const std::string engine = "container_engine = \"auto\"\n";
  text.erase(text.find(engine), engine.size());
  const Config config = parse_config("[source.a]\n" + text, "c.toml");
  const SourceConfig& source = config.sources.at("a");
  EXPECT_EQ(source.lock_timeout, backup::BackupOptions{}.lock_timeout);
  EXPECT_EQ(source.stall_timeout, backup::BackupOptions{}.stall_timeout);
  EXPECT_EQ(source.role_passwords, backup::BackupOptions{}.role_passwords);
  EXPECT_EQ(source.lock_policy, "warn");
}

TEST(Settings, OfStacksHaveTheDefaultsOfTheCode) {
  const std::string stack =
      "[stack.a]\ncompose_files = [\"c\"]\nsource = \"s\"\n[stack.b]\ncompose_files = [\"c\"]\n";
  const Config config = parse_config("[traefik]\n" + defaults("traefik") + stack +
                                         "[switch.s]\nfrom = \"a\"\nto = \"b\"\n" + defaults("switch"),
                                     "c.toml");
  const stack::TraefikSettings& traefik = config.stacks.at("a").traefik;
  const stack::TraefikSettings code;
  EXPECT_EQ(traefik.on_host, code.on_host);
  EXPECT_EQ(traefik.http_port, code.http_port);
  EXPECT_EQ(traefik.https_port, code.https_port);
  EXPECT_EQ(traefik.insecure, code.insecure);
  EXPECT_EQ(traefik.wait, code.wait);
  EXPECT_EQ(traefik.timeout, code.timeout);
  EXPECT_EQ(config.switches.at("s").drill, stack::SwitchSettings{}.drill);
  EXPECT_EQ(config.switches.at("s").health_timeout, stack::SwitchSettings{}.health_timeout);
  const Config routed = parse_config(
      stack + "[[stack.b.route]]\nhost = \"h\"\nservice = \"s\"\n" + defaults("stack.route"), "c.toml");
  EXPECT_EQ(routed.stacks.at("b").routes.at(0).expected_status, stack::StackRoute{}.expected_status);
  EXPECT_EQ(routed.stacks.at("b").routes.at(0).path, stack::StackRoute{}.path);
}

}  // namespace
}  // namespace pgassay::cli
