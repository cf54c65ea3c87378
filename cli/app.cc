#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command/declare.h"
#include "cli/config/config.h"
#include "cli/manual.h"
#include "cli/units.h"
#include "core/system/error.h"

namespace pgassay::cli {
namespace {

constexpr const char* kEverywhere = "Everywhere";
constexpr std::string_view kStack = "stack";

/// In the order of the help text.
constexpr std::pair<std::string_view, void (*)(CLI::App&, Arguments&)> kCommands[] = {
    {"backup", declare_backup}, {"list", declare_list},       {"show", declare_show},
    {"verify", declare_verify}, {"restore", declare_restore}, {"drill", declare_drill},
    {"export", declare_export}, {"prune", declare_prune},     {"pin", declare_pin},
    {"unpin", declare_unpin},   {"doctor", declare_doctor},   {"nightly", declare_nightly},
    {"status", declare_status}, {"report", declare_report},   {kStack, declare_stack},
    {"manual", declare_manual},
};

void add_common(CLI::App& app, Arguments& arguments) {
  app.add_option("--repo", arguments.repo,
                 "the repository's directory (else $PGASSAY_REPO, else 'repository' in the configuration)")
      ->option_text("DIR")
      ->group(kEverywhere);
  app.add_option("--config", arguments.config,
                 "configuration (else $PGASSAY_CONFIG, ./pgassay.toml, /etc/pgassay/pgassay.toml)")
      ->option_text("FILE")
      ->group(kEverywhere);
  app.add_flag("--json", arguments.json, "one JSON document on stdout, also on failure")->group(kEverywhere);
  app.add_flag("-q,--quiet", arguments.quiet, "no progress and no summary; warnings and errors only")
      ->group(kEverywhere);
  app.add_flag("-v,--verbose", arguments.verbose, "more messages, with times")->group(kEverywhere);
  app.add_option("--log-format", arguments.log_format,
                 "of stderr: text, or a JSON object in each line (default: text; for journald with levels)")
      ->option_text("text|json")
      ->check(CLI::IsMember({"text", "json"}))
      ->group(kEverywhere);
  app.add_option(
         "--trace", arguments.trace,
         "write a record of every statement, child process and finished file, without values and passwords "
         "(see docs/trace.md)")
      ->option_text("FILE")
      ->group(kEverywhere);
  app.set_help_flag("-h,--help", "this text")->group(kEverywhere);
}

bool any_command(const CLI::App*) {
  return true;
}

/// The command that was named, or the last of its group: {stack, check}.
std::vector<const CLI::App*> chosen_commands(const CLI::App& app) {
  std::vector<const CLI::App*> chosen;
  for (const CLI::App* at = &app; !at->get_subcommands().empty(); chosen.push_back(at))
    at = at->get_subcommands()[0];
  return chosen;
}

std::string full_name(const std::vector<const CLI::App*>& chosen) {
  std::string name;
  for (const CLI::App* command : chosen) name += (name.empty() ? "" : " ") + command->get_name();
  return name;
}

void add_common_to_commands(CLI::App& app, Arguments& arguments) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    add_common(*command, arguments);
    add_common_to_commands(*command, arguments);
  }
}

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// A stray word may be a connection string, or the half of one.
std::string without_secrets(const std::string& word) {
  return word.substr(0, std::min(word.find('='), word.find("://")));
}

/// CLI11's own words, but for what nobody expected.
UsageError usage_error(const CLI::App& app, const std::vector<std::string>& words,
                       const CLI::ParseError& error) {
  const auto chosen = chosen_commands(app);
  const std::string hint = "see pgassay" + (chosen.empty() ? "" : " " + full_name(chosen)) + " --help";
  if (!dynamic_cast<const CLI::ExtrasError*>(&error)) return UsageError(error.what(), hint);
  if (!chosen.empty() && chosen.back()->get_subcommands(any_command).empty()) {
    const std::vector<std::string> extra = chosen.back()->remaining();
    if (extra.empty()) return UsageError(error.what(), hint);
    const std::string name = without_secrets(extra[0]);
    return UsageError(
        "unexpected argument '" + printable(name) + "'" + did_you_mean(name, long_options(*chosen.back())),
        hint);
  }
  std::vector<std::string> commands;
  const CLI::App& group = chosen.empty() ? app : *chosen.back();
  for (const CLI::App* command : group.get_subcommands(any_command)) commands.push_back(command->get_name());
  const auto group_word = chosen.empty() ? words.begin() : std::ranges::find(words, group.get_name());
  const auto word = std::find_if(group_word == words.end() || chosen.empty() ? words.begin() : group_word + 1,
                                 words.end(), [](const std::string& one) { return !one.starts_with("-"); });
  if (word == words.end()) return UsageError(error.what(), hint);
  return UsageError(
      "unknown command '" + printable(without_secrets(*word)) + "'" + did_you_mean(*word, commands), hint);
}

}  // namespace

CLI::App& add_command(CLI::App& app, const char* name, const char* what, const char* examples) {
  CLI::App& command = *app.add_subcommand(name, what)->group("Commands");
  command.footer(std::string("Examples:\n") + examples);
  return command;
}

void add_jobs(CLI::App& command, std::optional<unsigned>& jobs, const char* what) {
  command.add_option("-j,--jobs", jobs, what)->option_text("N")->check(CLI::Range(1u, kMaxJobs));
}

void add_selection(CLI::App& command, Selection& selection) {
  command.add_option("--source", selection.source, "only backups of this source")->option_text("NAME");
  command.add_option("--database", selection.database, "only backups of this database")->option_text("NAME");
}

void add_one_id(CLI::App& command, Selection& selection) {
  command
      .add_option(
          "ID", selection.ids,
          "latest (of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its beginning")
      ->required()
      ->expected(1)
      ->option_text(" ");
}

Invocation parse_command_line(const std::vector<std::string>& words) {
  Invocation invocation;
  Arguments& arguments = invocation.arguments;
  CLI::App app("pgassay takes logical backups of PostgreSQL databases, and proves them.", "pgassay");
  add_common(app, arguments);
  app.set_version_flag("-V,--version", "pgassay " PGASSAY_VERSION, "the version")->group(kEverywhere);
  app.footer(
      "pgassay COMMAND --help shows a command's options and examples.\n"
      "Exit status: 0 done, 1 failed, 2 usage, 3 bad backup, 4 could not verify, 5 locked, 6 refused.");
  app.require_subcommand(0, 1);
  for (const auto& [name, declare] : kCommands) declare(app, arguments);
  add_common_to_commands(app, arguments);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    invocation.answer = app.help();
    return invocation;
  } catch (const CLI::CallForVersion& version) {
    invocation.answer = version.what() + std::string("\n");
    return invocation;
  } catch (const CLI::ParseError& error) {
    throw usage_error(app, words, error);
  }
  if (app.get_subcommands().empty()) throw UsageError("no command given", "see pgassay --help");
  const std::vector<const CLI::App*> chosen = chosen_commands(app);
  arguments.command = full_name(chosen);
  if (!chosen.back()->get_subcommands(any_command).empty())
    throw UsageError("what about the " + arguments.command + "?",
                     "see pgassay " + arguments.command + " --help");
  if (arguments.command == "manual") arguments.manual.files = manual_files(app);
  if (arguments.quiet && arguments.verbose) throw UsageError("--quiet and --verbose exclude each other");
  return invocation;
}

std::string command_in(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == kStack) {
      for (const char* of_it : {"check", "routes", "switch", "rollback", "status", "forget"})
        if (std::ranges::find(words, of_it) != words.end()) return word + " " + of_it;
      return word;
    }
    for (const auto& [name, declare] : kCommands) {
      if (word == name) return word;
    }
  }
  return {};
}

bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace pgassay::cli
