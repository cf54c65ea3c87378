#include "cli/manual.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace pgassay::cli {
namespace {

using Commands = std::vector<const CLI::App*>;
using Options = std::vector<const CLI::Option*>;

/// What is in group "" is not for people.
Commands commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}
Options options_of(const CLI::App& command) {
  return command.get_options(
      [](const CLI::Option* option) { return option->nonpositional() && !option->get_group().empty(); });
}
Options positionals_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

/// A command's, and those of the commands of its group: each once.
Options options_to_complete(const CLI::App& command) {
  Options all = options_of(command);
  for (const CLI::App* one : commands_of(command))
    for (const CLI::Option* option : options_of(*one)) {
      const bool known = std::ranges::any_of(
          all, [&](const CLI::Option* other) { return other->get_name() == option->get_name(); });
      if (!known) all.push_back(option);
    }
  return all;
}
/// "check ", of a group.
std::string words_of_group(const CLI::App& command) {
  std::string words;
  for (const CLI::App* one : commands_of(command)) words += one->get_name() + " ";
  return words;
}

bool takes_value(const CLI::Option& option) {
  return option.get_type_size() != 0;
}
/// FILE, N, auto|docker; empty of a flag.
std::string value_of(const CLI::Option& option) {
  const std::string text = option.get_option_text();
  return text == " " ? "" : text;
}

std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? "-" + option.get_snames().front() : "--" + option.get_lnames().front();
}
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string man_option(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : names_of(option))
    names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff(name));
  if (takes_value(option)) names += fmt::format(" \\fI{}\\fR", roff(value_of(option)));
  return fmt::format(".TP\n{}\n{}\n", names, roff(option.get_description()));
}

std::string man_section(const CLI::App& command, const std::string& group) {
  std::string text;
  for (const CLI::Option* option : options_of(command))
    if (option->get_group() == group) text += man_option(*option);
  return text;
}

std::string synopsis(const CLI::App& command, const std::string& name) {
  std::string text = fmt::format("\\fB{}\\fR", roff(name));
  if (!commands_of(command).empty()) return text + " \\fICOMMAND\\fR [\\fIOPTION\\fR...]";
  for (const CLI::Option* one : positionals_of(command)) {
    const std::string shown = "\\fI" + roff(one->get_name(true)) + "\\fR";
    text += one->get_required() ? " " + shown : " [" + shown + "]";
  }
  return text + " [\\fIOPTION\\fR...]";
}

}  // namespace

std::string roff(const std::string& text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    line_begins = c == '\n';
  }
  return out;
}

std::string man_page(const CLI::App& command, const std::string& name) {
  std::string title = name;
  std::ranges::replace(title, ' ', '-');
  std::string text =
      fmt::format(".TH \"{}\" 1 \"\" \"pgassay {}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}\n", roff(title),
                  PGASSAY_VERSION, roff(title), roff(command.get_description()), synopsis(command, name));
  const Commands commands = commands_of(command);
  if (!commands.empty()) text += ".SH COMMANDS\n";
  for (const CLI::App* one : commands)
    text += fmt::format(".TP\n\\fB{0}\\fR\n{1}: see \\fB{2}\\-{0}\\fR(1)\n", roff(one->get_name()),
                        roff(one->get_description()), roff(title));
  const Options positionals = positionals_of(command);
  if (!positionals.empty()) text += ".SH ARGUMENTS\n";
  for (const CLI::Option* one : positionals)
    text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(one->get_name(true)), roff(one->get_description()));
  for (const std::string& group : command.get_groups()) {
    const std::string section = man_section(command, group);
    if (!section.empty()) text += fmt::format(".SH \"{}\"\n{}", roff(group), section);
  }
  const std::string footer = command.get_footer();
  const std::size_t first = footer.find('\n');
  if (footer.starts_with("Examples:"))
    text += fmt::format(".SH EXAMPLES\n.nf\n{}.fi\n", roff(footer.substr(first + 1)));
  text +=
      ".SH \"EXIT STATUS\"\n0 done, 1 failed, 2 usage, 3 bad backup, 4 could not verify, 5 locked, 6 refused "
      "for safety, 130 and "
      "143 interrupted.\n";
  text += commands.empty() ? ".SH \"SEE ALSO\"\n\\fBpgassay\\fR(1)\n"
                           : ".SH \"SEE ALSO\"\n\\fBpg_dump\\fR(1), \\fBpg_restore\\fR(1)\n";
  return text;
}

namespace {

/// How bash completes a value, by what stands for it in the help.
std::string bash_values(const std::string& value) {
  if (value.find('|') != std::string::npos) {
    std::string words = value;
    std::ranges::replace(words, '|', ' ');
    return fmt::format("compgen -W \"{}\" -- \"$cur\"", words);
  }
  if (value == "DIR") return "compgen -d -- \"$cur\"";
  if (value == "FILE" || value == "PATH") return "compgen -f -- \"$cur\"";
  return ":";
}

/// Inside of '…' and […] of _arguments.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out;
}

std::string zsh_action(const std::string& value) {
  if (value.find('|') != std::string::npos) {
    std::string words = value;
    std::ranges::replace(words, '|', ' ');
    return "(" + words + ")";
  }
  return value == "DIR" ? "_directories" : value == "FILE" || value == "PATH" ? "_files" : " ";
}

std::string zsh_option(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : names_of(option)) {
    text += fmt::format(" \\\n        '{}[{}]", name, zsh_text(option.get_description()));
    if (takes_value(option))
      text += fmt::format(":{}:{}", zsh_text(value_of(option)), zsh_action(value_of(option)));
    text += "'";
  }
  return text;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string commands, cases;
  for (const CLI::App* command : commands_of(app)) {
    commands += command->get_name() + " ";
    std::string words = words_of_group(*command), values;
    for (const CLI::Option* option : options_to_complete(*command)) {
      words += long_name(*option) + " ";
      if (!takes_value(*option)) continue;
      std::string names;
      for (const std::string& name : names_of(*option)) names += (names.empty() ? "" : " | ") + name;
      values += fmt::format("        {}) mapfile -t COMPREPLY < <({}); return ;;\n", names,
                            bash_values(value_of(*option)));
    }
    cases += fmt::format("    {})\n      words=\"{}\"\n      case $before in\n{}      esac\n      ;;\n",
                         command->get_name(), words, values);
  }
  return fmt::format(
      "# bash completion of pgassay, made from its own definitions\n"
      "_pgassay() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words=\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"{}--help --version\" -- \"$cur\")\n"
      "    return\n"
      "  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
      "}}\n"
      "complete -F _pgassay pgassay\n",
      commands, cases);
}

std::string zsh_completion(const CLI::App& app) {
  std::string commands, cases;
  for (const CLI::App* command : commands_of(app)) {
    commands += fmt::format("    '{}:{}'\n", command->get_name(), zsh_text(command->get_description()));
    std::string options;
    for (const CLI::Option* option : options_to_complete(*command)) options += zsh_option(*option);
    const std::string group = words_of_group(*command);
    cases += fmt::format("    {})\n      _arguments{} \\\n        '*:: :{}'\n      ;;\n", command->get_name(),
                         options, group.empty() ? "_default" : "(" + group + ")");
  }
  return fmt::format(
      "#compdef pgassay\n"
      "# made from pgassay's own definitions\n"
      "local -a commands\n"
      "commands=(\n{})\n"
      "if ((CURRENT == 2)); then\n"
      "  _describe command commands\n"
      "else\n"
      "  shift words\n"
      "  ((CURRENT--))\n"
      "  case $words[1] in\n{}  esac\n"
      "fi\n",
      commands, cases);
}

std::map<std::string, std::string> manual_files(const CLI::App& app) {
  std::map<std::string, std::string> files = {{"man/man1/pgassay.1", man_page(app, "pgassay")},
                                              {"bash-completion/completions/pgassay", bash_completion(app)},
                                              {"zsh/site-functions/_pgassay", zsh_completion(app)}};
  for (const CLI::App* command : commands_of(app)) {
    const std::string name = command->get_name();
    files[fmt::format("man/man1/pgassay-{}.1", name)] = man_page(*command, "pgassay " + name);
    for (const CLI::App* one : commands_of(*command))
      files[fmt::format("man/man1/pgassay-{}-{}.1", name, one->get_name())] =
          man_page(*one, "pgassay " + name + " " + one->get_name());
  }
  return files;
}

}  // namespace pgassay::cli
