// The options and arguments of a command as plain records. A command fills them in where it says what it
// reads; the parser of the command line, the help, the man pages and the completions of the shells go by
// them.
#pragma once

#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pgassay::cli {

/// Where a value goes to. It must outlive the parsing.
using Target = std::variant<bool*, std::string*, std::vector<std::string>*, std::optional<std::string>*,
                            std::optional<unsigned>*, std::optional<int>*, std::optional<double>*>;

/// One option, or one argument: a word of the command line that no option takes.
struct Option {
  std::string names;  ///< "-j,--jobs"; of an argument what the help calls it: "SOURCE"
  Target target;
  std::string value;     ///< what stands for the value in the help: "N"; empty where there is none to show
  std::string sentence;  ///< what it is for
  std::string group;     ///< the help's heading; empty: "Options"
  std::optional<std::pair<double, double>> limits;  ///< least and most
  std::vector<std::string> words;                   ///< the only values; empty: any
  std::optional<std::pair<int, int>> count;         ///< of an argument: at least and at most so many words
  bool is_required = false;
  std::vector<std::string> needed, excluded;  ///< names of other options of the command

  bool is_argument() const { return !names.starts_with('-'); }
  bool is_flag() const { return std::holds_alternative<bool*>(target); }
  /// The short names, then the long ones, with their dashes. Empty for an argument.
  std::vector<std::string> all_names() const;

  Option& range(double least, double most);
  Option& heading(std::string text);
  Option& needs(const std::string& other);
  /// Each excludes the other: one of them says so.
  Option& excludes(std::initializer_list<const char*> others);
  Option& required();
  Option& expected(int least, int most);
};

class Options {
 public:
  Option& flag(std::string names, bool& target, std::string sentence);
  Option& value(std::string names, Target target, std::string shown, std::string sentence);
  /// One of `words`, which the help shows with a | between them.
  Option& choice(std::string names, Target target, std::vector<std::string> words, std::string sentence);
  /// May be given several times, each with one value.
  Option& list(std::string names, std::vector<std::string>& target, std::string shown, std::string sentence);
  Option& argument(std::string shown, Target target, std::string sentence);

  /// In the order in which they were declared.
  const std::deque<Option>& all() const { return all_; }

 private:
  std::deque<Option> all_;  ///< references to its elements stay good
};

}  // namespace pgassay::cli
