// Every command that a message of the program proposes is one that the program takes: the literals of the
// sources, with something in the place of what is filled in.
#include "cli/command/hints.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "cli/command/command.h"
#include "cli/command/command_line.h"
#include "core/system/files.h"
#include "tests/fixtures/hinted.h"

namespace pgassay {
namespace {

std::string unescaped(const std::string& literal) {
  std::string text;
  for (std::size_t at = 0; at < literal.size(); ++at) {
    if (literal[at] != '\\') {
      text += literal[at];
    } else if (++at < literal.size()) {
      text += literal[at] == 'n' ? '\n' : literal[at];
    }
  }
  return text;
}

/// The texts of a file: literals that stand side by side, or with something added between them, are one.
std::vector<std::string> texts_in(const std::string& source) {
  static const std::regex literal(R"re("((?:[^"\\\n]|\\.)*)")re"), nothing(R"(\s*)"),
      added(R"(\s*\+[^;?:"]*\+\s*)"), more(R"(^\s*\+)");
  std::vector<std::string> texts;
  std::size_t end = 0;
  bool open = false;
  for (std::sregex_iterator at(source.begin(), source.end(), literal), last; at != last; ++at) {
    const auto begin = static_cast<std::size_t>(at->position());
    const std::string between = source.substr(end, begin - end), text = unescaped((*at)[1]);
    if (open && std::regex_match(between, nothing))
      texts.back() += text;
    else if (open && std::regex_match(between, added))
      texts.back() += "x" + text;
    else
      texts.push_back(text);
    end = begin + static_cast<std::size_t>(at->length());
    open = true;
    if (std::regex_search(source.substr(end, 40), more) && texts.back().ends_with(' ')) texts.back() += "x";
  }
  return texts;
}

/// What fmt and the reader fill in.
std::string filled(std::string text) {
  return std::regex_replace(text, std::regex(R"(\{\d*\})"), "x");
}

bool is_a_command(const std::string& command) {
  try {
    return !cli::command_in(test::words_of(command)).empty();
  } catch (const Error&) {
    return false;
  }
}

TEST(CommandsInHints, AreTakenByOurParser) {
  std::size_t seen = 0;
  for (auto at = std::filesystem::recursive_directory_iterator(PGASSAY_SOURCE_DIR);
       at != std::filesystem::recursive_directory_iterator(); ++at) {
    const std::string name = at->path().filename();
    if (at.depth() == 0 && (name == "tests" || name == "build" || name.starts_with(".")))
      at.disable_recursion_pending();
    if (!name.ends_with(".cc")) continue;
    for (const std::string& text : texts_in(read_file(at->path()))) {
      if (text.starts_with("  pgassay ")) continue;  // examples, with a sentence behind each
      for (const std::string& command : test::commands_in(filled(text))) {
        if (!is_a_command(command) || command == text) continue;  // a name of an application, a sentence
        ++seen;
        try {
          const std::vector<std::string> words = test::words_of(command);
          cli::parse_command_line(words, "");
        } catch (const UsageError& error) {
          ADD_FAILURE() << at->path().string() << ": " << command << ": " << error.what();
        }
      }
    }
  }
  EXPECT_GT(seen, 60u) << "hardly any was found";
}

TEST(CommandsInHints, GetTheFlagsThatThisCommandWasGiven) {
  cli::Arguments arguments;
  EXPECT_EQ(cli::with_our_flags("pgassay verify x", arguments), "pgassay verify x");
  arguments.repo = "/the repository";
  EXPECT_EQ(cli::with_our_flags("`pgassay verify` says more; or pgassay list", arguments),
            "`pgassay verify --repo '/the repository'` says more; or pgassay list --repo '/the repository'");
  arguments.config = "c.toml";
  const std::string switched = cli::with_our_flags("pgassay stack switch x --resume", arguments);
  EXPECT_EQ(switched, "pgassay stack switch --repo '/the repository' --config c.toml x --resume");
  EXPECT_EQ(cli::with_our_flags(switched, arguments), switched) << "once";
  EXPECT_EQ(cli::with_our_flags("pgassay restored it here", arguments), "pgassay restored it here");
}

}  // namespace
}  // namespace pgassay
