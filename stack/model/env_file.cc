#include "stack/model/env_file.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace pgassay::stack {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

bool is_name(std::string_view key) {
  return !key.empty() && std::isdigit(static_cast<unsigned char>(key[0])) == 0 &&
         std::ranges::all_of(key, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

/// Walks over the lines; a quoted value may go over several.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  }
  bool more() const { return !text_.empty(); }
  int line() const { return line_; }
  const char* position() const { return text_.data(); }
  std::string_view next() {
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    const std::string_view found = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    ++line_;
    return found;
  }

 private:
  std::string_view text_;
  int line_ = 0;
};

std::string quoted_value(std::string text, Reader& reader) {
  const char quote = text[0];
  std::string value;
  for (std::size_t i = 1;; ++i) {
    if (i >= text.size()) {
      if (!reader.more()) return value;
      value += '\n';
      text = " " + std::string(reader.next());
      i = 0;
      continue;
    }
    if (text[i] == quote) return value;
    if (text[i] == '\\' && i + 1 < text.size() && (quote == '"' || text[i + 1] == '\'')) {
      ++i;
      value += text[i] == 'n' ? '\n' : text[i];
      continue;
    }
    value += text[i];
  }
}

std::string_view without_line_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

std::string plain_value(std::string_view text) {
  for (std::size_t hash = text.find('#'); hash != std::string_view::npos; hash = text.find('#', hash + 1)) {
    if (hash != 0 && kBlank.find(text[hash - 1]) == std::string_view::npos) continue;
    text = text.substr(0, hash);
    break;
  }
  return std::string(trimmed(text));
}

bool ends_with_one_of(std::string_view text, const auto& endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return text.ends_with(ending); });
}

bool holds_one_of(std::string_view text, const auto& words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// scheme://user:password@host
bool holds_a_login(std::string_view value) {
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority =
      value.substr(scheme + 3, value.find_first_of("/?#", scheme + 3) - scheme - 3);
  const std::size_t at = authority.rfind('@'), colon = authority.find(':');
  return at != std::string_view::npos && colon < at && colon + 1 < at;
}

/// A whole word or number that is in many files for other reasons.
bool says_nothing(std::string_view value) {
  const std::string word = upper(value);
  return value.size() < 4 || word == "TRUE" || word == "FALSE" || word == "NONE" ||
         (value.size() < 8 &&
          std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; }));
}

}  // namespace

EnvFile EnvFile::parse(std::string_view text) {
  EnvFile file;
  for (Reader reader(text); reader.more();) {
    std::string_view line = trimmed(reader.next());
    const int number = reader.line();
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const std::size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    EnvVariable variable{std::string(trimmed(line.substr(0, equals))), {}, number, false, {}};
    if (!is_name(variable.key)) continue;
    const std::string_view value = trimmed(line.substr(equals + 1));
    const bool quoted = value.starts_with('"') || value.starts_with('\'');
    variable.literal = value.starts_with('\'');
    variable.value = quoted ? quoted_value(std::string(value), reader) : plain_value(value);
    variable.raw = without_line_end(quoted ? std::string_view(value.data(), reader.position()) : value);
    std::erase_if(file.variables_, [&](const EnvVariable& one) { return one.key == variable.key; });
    file.variables_.push_back(std::move(variable));
  }
  return file;
}

const EnvVariable* EnvFile::find(std::string_view key) const {
  const auto found = std::ranges::find(variables_, key, &EnvVariable::key);
  return found == variables_.end() ? nullptr : &*found;
}

bool is_secret(std::string_view key, std::string_view value) {
  constexpr std::array<std::string_view, 11> kEndings = {"PASSWORD", "PASSWD",     "PASS",       "PWD",
                                                         "SECRET",   "TOKEN",      "KEY",        "SALT",
                                                         "DSN",      "CREDENTIAL", "CREDENTIALS"};
  constexpr std::array<std::string_view, 2> kWords = {"PASSWORD", "SECRET"};
  constexpr std::array<std::string_view, 8> kHarmless = {"_FILE", "_PATH", "_ID",   "_NAME",
                                                         "_URL",  "_HOST", "_USER", "_ALGORITHM"};
  if (says_nothing(value)) return false;
  if (holds_a_login(value)) return true;
  const std::string name = upper(key);
  if (name.find("PUBLIC") != std::string::npos) return false;
  if (ends_with_one_of(name, kEndings)) return true;
  return holds_one_of(name, kWords) && !ends_with_one_of(name, kHarmless);
}

bool is_placeholder(std::string_view key, std::string_view value) {
  constexpr std::array<std::string_view, 10> kInside = {
      "CHANGEME",  "CHANGE_ME",  "CHANGE-ME",  "CHANGE_THIS",  "CHANGE-THIS",
      "REPLACEME", "REPLACE_ME", "REPLACE-ME", "REPLACE_WITH", "PLACEHOLDER"};
  constexpr std::array<std::string_view, 5> kWhole = {"TODO", "TBD", "FIXME", "XXX", "..."};
  constexpr std::array<std::string_view, 7> kGuessed = {"PASSWORD", "SECRET",    "POSTGRES", "ADMIN",
                                                        "ROOT",     "PASSWORD1", "12345678"};
  const std::size_t open = value.find('<');
  if (open != std::string_view::npos && value.find('>', open) > open + 1 &&
      value.find('>', open) != std::string_view::npos)
    return true;
  const std::string word = upper(value);
  if (holds_one_of(word, kInside) || std::ranges::find(kWhole, word) != kWhole.end()) return true;
  if (word.starts_with("YOUR_") || word.starts_with("YOUR-")) return true;
  return is_secret(key, value) && std::ranges::find(kGuessed, word) != kGuessed.end();
}

std::string unencoded_in_url(std::string_view value) {
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return {};
  const std::string_view rest = value.substr(scheme + 3),
                         authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t colon = authority.find(':');
  std::size_t at = authority.rfind('@');
  if (colon == std::string_view::npos || colon > at) return {};
  if (at == std::string_view::npos) {
    // "http://host:80/@me" has no password, and "postgresql://app:p/ss@db" has.
    at = rest.rfind('@');
    const bool a_port = std::ranges::all_of(authority.substr(colon + 1),
                                            [](unsigned char c) { return std::isdigit(c) != 0; });
    if (at == std::string_view::npos || a_port) return {};
  }
  const std::string_view password = rest.substr(colon + 1, at - colon - 1);
  for (const char* wrong : {"@", "/", "?", "#"})
    if (password.find(wrong) != std::string_view::npos) return wrong;
  for (std::size_t i = password.find('%'); i != std::string_view::npos; i = password.find('%', i + 1))
    if (i + 2 >= password.size() || std::isxdigit(static_cast<unsigned char>(password[i + 1])) == 0 ||
        std::isxdigit(static_cast<unsigned char>(password[i + 2])) == 0)
      return "%";
  return password.find(':') != std::string_view::npos ? ":" : "";
}

std::string without_values(std::string text, const EnvFile& env) {
  const auto replace = [&text](const std::string& value) {
    for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + 3))
      text.replace(at, value.size(), "***");
  };
  for (const EnvVariable& variable : env.variables()) {
    const std::string& value = variable.value;
    const bool a_word = std::ranges::all_of(value, [](unsigned char c) { return std::islower(c) != 0; });
    if (value.empty() || (!is_secret(variable.key, value) && (value.size() < 8 || a_word))) continue;
    replace(value);
    // Compose resolves $ in values: what is before and after one may come out by itself.
    for (std::size_t at = 0, end = 0; end != std::string::npos && value.find('$') != std::string::npos;
         at = end + 1) {
      end = value.find('$', at);
      const std::string piece = value.substr(at, end == std::string::npos ? end : end - at);
      if (piece.size() >= 4) replace(piece);
    }
  }
  return text;
}

}  // namespace pgassay::stack
