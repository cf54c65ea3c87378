#include "cli/command/manual_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/command/command_line.h"

namespace pgassay::cli {

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

namespace {

/// A command as the manual sees it.
struct Described {
  std::string name;  ///< its last word; pgassay for the program itself
  std::string what, examples;
  Options options;
  std::vector<Described> commands;  ///< of a group, and of the program
};

Described describe(const Command& command) {
  const std::string name = command.name;
  Described described{
      name.substr(name.rfind(' ') + 1), command.what, command.examples, described_options(&command), {}};
  for (const Command* one : all_commands())
    if (!one->is_hidden && std::string(one->name).starts_with(name + " "))
      described.commands.push_back(describe(*one));
  return described;
}

Described describe_program() {
  Described program{"pgassay", kAbout, "", described_options(nullptr), {}};
  for (const Command* one : all_commands())
    if (!one->is_hidden && std::string_view(one->name).find(' ') == std::string_view::npos)
      program.commands.push_back(describe(*one));
  return program;
}

std::string group_of(const Option& option) {
  return option.group.empty() ? "Options" : option.group;
}

/// In the order in which their first options are declared.
std::vector<std::string> groups_of(const Described& command) {
  std::vector<std::string> groups;
  for (const Option& option : command.options.all())
    if (std::ranges::find(groups, group_of(option)) == groups.end()) groups.push_back(group_of(option));
  return groups;
}

/// A command's, and those of the commands of its group: each once.
std::vector<Option> options_to_complete(const Described& command) {
  std::vector<Option> all;
  const auto add = [&](const Options& options) {
    for (const Option& option : options.all())
      if (!option.is_argument() && std::ranges::find(all, option.names, &Option::names) == all.end())
        all.push_back(option);
  };
  add(command.options);
  for (const Described& one : command.commands) add(one.options);
  return all;
}
/// "check ", of a group.
std::string words_of_group(const Described& command) {
  std::string words;
  for (const Described& one : command.commands) words += one.name + " ";
  return words;
}

std::string long_name(const Option& option) {
  return option.all_names().back();
}

std::string man_option(const Option& option) {
  std::string names;
  for (const std::string& name : option.all_names())
    names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff(name));
  if (!option.is_flag()) names += fmt::format(" \\fI{}\\fR", roff(option.value));
  return fmt::format(".TP\n{}\n{}\n", names, roff(option.sentence));
}

std::string man_section(const Described& command, const std::string& group) {
  std::string text;
  for (const Option& option : command.options.all())
    if (!option.is_argument() && group_of(option) == group) text += man_option(option);
  return text;
}

std::string synopsis(const Described& command, const std::string& name) {
  std::string text = fmt::format("\\fB{}\\fR", roff(name));
  if (!command.commands.empty()) return text + " \\fICOMMAND\\fR [\\fIOPTION\\fR...]";
  for (const Option& one : command.options.all()) {
    if (!one.is_argument()) continue;
    const std::string shown = "\\fI" + roff(one.names) + "\\fR";
    text += one.is_required ? " " + shown : " [" + shown + "]";
  }
  return text + " [\\fIOPTION\\fR...]";
}

std::string man_page(const Described& command, const std::string& name) {
  std::string title = name;
  std::ranges::replace(title, ' ', '-');
  std::string text =
      fmt::format(".TH \"{}\" 1 \"\" \"pgassay {}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}\n", roff(title),
                  PGASSAY_VERSION, roff(title), roff(command.what), synopsis(command, name));
  if (!command.commands.empty()) text += ".SH COMMANDS\n";
  for (const Described& one : command.commands)
    text += fmt::format(".TP\n\\fB{0}\\fR\n{1}: see \\fB{2}\\-{0}\\fR(1)\n", roff(one.name), roff(one.what),
                        roff(title));
  std::string arguments;
  for (const Option& one : command.options.all())
    if (one.is_argument())
      arguments += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(one.names), roff(one.sentence));
  if (!arguments.empty()) text += ".SH ARGUMENTS\n" + arguments;
  for (const std::string& group : groups_of(command)) {
    const std::string section = man_section(command, group);
    if (!section.empty()) text += fmt::format(".SH \"{}\"\n{}", roff(group), section);
  }
  if (!command.examples.empty()) text += fmt::format(".SH EXAMPLES\n.nf\n{}.fi\n", roff(command.examples));
  text +=
      ".SH \"EXIT STATUS\"\n0 done, 1 failed, 2 usage, 3 bad backup, 4 could not verify, 5 locked, 6 refused "
      "for safety, 130 and "
      "143 interrupted.\n";
  text += command.commands.empty() ? ".SH \"SEE ALSO\"\n\\fBpgassay\\fR(1)\n"
                                   : ".SH \"SEE ALSO\"\n\\fBpg_dump\\fR(1), \\fBpg_restore\\fR(1)\n";
  return text;
}

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

std::string zsh_option(const Option& option) {
  std::string text;
  for (const std::string& name : option.all_names()) {
    text += fmt::format(" \\\n        '{}[{}]", name, zsh_text(option.sentence));
    if (!option.is_flag()) text += fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option.value));
    text += "'";
  }
  return text;
}

std::string bash_completion(const Described& program) {
  std::string commands, cases;
  for (const Described& command : program.commands) {
    commands += command.name + " ";
    std::string words = words_of_group(command), values;
    for (const Option& option : options_to_complete(command)) {
      words += long_name(option) + " ";
      if (!!option.is_flag()) continue;
      std::string names;
      for (const std::string& name : option.all_names()) names += (names.empty() ? "" : " | ") + name;
      values += fmt::format("        {}) mapfile -t COMPREPLY < <({}); return ;;\n", names,
                            bash_values(option.value));
    }
    cases += fmt::format("    {})\n      words=\"{}\"\n      case $before in\n{}      esac\n      ;;\n",
                         command.name, words, values);
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

std::string zsh_completion(const Described& program) {
  std::string commands, cases;
  for (const Described& command : program.commands) {
    commands += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.what));
    std::string options;
    for (const Option& option : options_to_complete(command)) options += zsh_option(option);
    const std::string group = words_of_group(command);
    cases += fmt::format("    {})\n      _arguments{} \\\n        '*:: :{}'\n      ;;\n", command.name,
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

}  // namespace

std::map<std::string, std::string> manual_files() {
  const Described program = describe_program();
  std::map<std::string, std::string> files = {
      {"man/man1/pgassay.1", man_page(program, "pgassay")},
      {"bash-completion/completions/pgassay", bash_completion(program)},
      {"zsh/site-functions/_pgassay", zsh_completion(program)}};
  for (const Described& command : program.commands) {
    files[fmt::format("man/man1/pgassay-{}.1", command.name)] = man_page(command, "pgassay " + command.name);
    for (const Described& one : command.commands)
      files[fmt::format("man/man1/pgassay-{}-{}.1", command.name, one.name)] =
          man_page(one, "pgassay " + command.name + " " + one.name);
  }
  return files;
}

}  // namespace pgassay::cli
