#include "cli/command/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/basics/units.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

constexpr const char* kEverywhere = "Everywhere";
constexpr const char *kHelp = "-h,--help", *kHelpSentence = "this text";
constexpr const char *kVersion = "-V,--version", *kVersionSentence = "the version";

/// The number's own type says how a value that is out of range is shown.
template <class Number>
CLI::Validator range_of(const Option& option) {
  return CLI::Range(static_cast<Number>(option.limits->first), static_cast<Number>(option.limits->second));
}

CLI::Validator range(const Option& option) {
  if (std::holds_alternative<std::optional<unsigned>*>(option.target)) return range_of<unsigned>(option);
  if (std::holds_alternative<std::optional<int>*>(option.target)) return range_of<int>(option);
  return range_of<double>(option);
}

CLI::Option& add_option(CLI::App& app, const Option& option) {
  CLI::Option& added = *std::visit(
      [&](auto* target) -> CLI::Option* {
        if constexpr (std::is_same_v<decltype(target), bool*>)
          return app.add_flag(option.names, *target, option.sentence);
        else
          return app.add_option(option.names, *target, option.sentence);
      },
      option.target);
  if (!option.is_flag()) added.option_text(option.value.empty() ? " " : option.value);
  if (!option.group.empty()) added.group(option.group);
  if (option.limits) added.check(range(option));
  if (!option.words.empty()) added.check(CLI::IsMember(option.words));
  if (option.is_required) added.required();
  if (std::holds_alternative<std::vector<std::string>*>(option.target) && !option.is_argument())
    added.allow_extra_args(false);
  if (!option.count) return added;
  const auto [least, most] = *option.count;
  least == most ? added.expected(least) : added.expected(least, most);
  return added;
}

void add_options(CLI::App& app, const Options& options) {
  std::vector<CLI::Option*> added;
  for (const Option& option : options.all()) added.push_back(&add_option(app, option));
  std::size_t at = 0;
  for (const Option& option : options.all()) {
    for (const std::string& other : option.needed) added[at]->needs(app.get_option(other));
    for (const std::string& other : option.excluded) added[at]->excludes(app.get_option(other));
    ++at;
  }
}

void add_common(CLI::App& app, Arguments& arguments) {
  Options options;
  cli::add_common(options, arguments);
  add_options(app, options);
  app.set_help_flag(kHelp, kHelpSentence)->group(kEverywhere);
}

std::string last_word(const std::string& name) {
  return name.substr(name.rfind(' ') + 1);
}

/// The parser of all commands, and what each runs.
class Parser {
 public:
  Parser(Arguments& arguments, const std::string& commit) : app_(kAbout, "pgassay") {
    add_common(app_, arguments);
    const std::string version = "pgassay " PGASSAY_VERSION;
    app_.set_version_flag(kVersion, commit.empty() ? version : version + " (commit " + commit + ")",
                          kVersionSentence)
        ->group(kEverywhere);
    app_.footer(
        "pgassay COMMAND --help shows a command's options and examples.\n"
        "Exit status: 0 done, 1 failed, 2 usage, 3 bad backup, 4 could not verify, 5 locked, 6 refused.");
    app_.require_subcommand(0, 1);
    for (const Command* command : all_commands()) add(*command, arguments);
  }

  CLI::App& app() { return app_; }
  const Command* command(const std::string& name) const {
    const auto all = all_commands();
    const auto found = std::ranges::find(all, name, &Command::name);
    return found == all.end() ? nullptr : *found;
  }
  Run run(const std::string& name) const { return runs_.at(name); }

 private:
  void add(const Command& command, Arguments& arguments) {
    const std::string name = command.name;
    const std::size_t space = name.find(' ');
    CLI::App& above = space == std::string::npos ? app_ : *app_.get_subcommand(name.substr(0, space));
    CLI::App& added = *above.add_subcommand(last_word(name), command.what);
    added.group(command.is_hidden ? "" : "Commands");
    added.footer(std::string("Examples:\n") + command.examples);
    if (command.declare) {
      Options options;
      runs_[name] = command.declare(options);
      add_options(added, options);
    } else {
      added.require_subcommand(0, 1);
    }
    add_common(added, arguments);
  }

  CLI::App app_;
  std::map<std::string, Run> runs_;
};

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

void add_common(Options& options, Arguments& arguments) {
  options
      .value("--repo", &arguments.repo, "DIR",
             "the repository's directory (else $PGASSAY_REPO, else 'repository' in the configuration)")
      .heading(kEverywhere);
  options
      .value("--config", &arguments.config, "FILE",
             "configuration (else $PGASSAY_CONFIG, ./pgassay.toml, /etc/pgassay/pgassay.toml)")
      .heading(kEverywhere);
  options.flag("--json", arguments.json, "one JSON document on stdout, also on failure").heading(kEverywhere);
  options.flag("-q,--quiet", arguments.quiet, "no progress and no summary; warnings and errors only")
      .heading(kEverywhere);
  options.flag("-v,--verbose", arguments.verbose, "more messages, with times").heading(kEverywhere);
  options
      .choice("--log-format", &arguments.log_format, {"text", "json"},
              "of stderr: text, or a JSON object in each line (default: text; for journald with levels)")
      .heading(kEverywhere);
  options
      .value(
          "--trace", &arguments.trace, "FILE",
          "write a record of every statement, child process and finished file, without values and passwords "
          "(see docs/trace.md)")
      .heading(kEverywhere);
}

Invocation parse_command_line(const std::vector<std::string>& words, const std::string& commit) {
  Invocation invocation;
  Arguments& arguments = invocation.arguments;
  Parser parser(arguments, commit);
  CLI::App& app = parser.app();
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
  const std::string name = full_name(chosen);
  if (!chosen.back()->get_subcommands(any_command).empty())
    throw UsageError("what about the " + name + "?", "see pgassay " + name + " --help");
  if (arguments.quiet && arguments.verbose) throw UsageError("--quiet and --verbose exclude each other");
  invocation.command = parser.command(name);
  invocation.run = parser.run(name);
  return invocation;
}

Options described_options(const Command* command) {
  Options options;
  if (command != nullptr && command->declare != nullptr) command->declare(options);
  Arguments nobody;
  bool unread = false;
  add_common(options, nobody);
  options.flag(kHelp, unread, kHelpSentence).heading(kEverywhere);
  if (command == nullptr) options.flag(kVersion, unread, kVersionSentence).heading(kEverywhere);
  return options;
}

void parse_options(const Options& options, const std::vector<std::string>& words) {
  CLI::App app;
  add_options(app, options);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
}

std::string command_in(const std::vector<std::string>& words) {
  const auto said = [&](const std::string& word) { return std::ranges::find(words, word) != words.end(); };
  for (const std::string& word : words) {
    for (const Command* command : all_commands()) {
      if (command->name != word) continue;
      for (const Command* one : all_commands()) {
        const std::string name = one->name;
        if (name.starts_with(word + " ") && said(last_word(name))) return name;
      }
      return word;
    }
  }
  return {};
}

bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace pgassay::cli
