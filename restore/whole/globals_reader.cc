#include "restore/whole/globals_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/system/error.h"

namespace pgassay::restore {
namespace {

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool in_word(char c) {
  return starts_word(c) || digit(c) || c == '$';
}
bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class Splitter {
 public:
  explicit Splitter(std::string_view sql) : sql_(sql) {}

  std::vector<SqlStatement> all() {
    if (sql_.find('\0') != std::string_view::npos) fail("a zero byte");
    while (at_ < sql_.size()) step();
    if (!current_.tokens.empty()) fail("the last statement has no semicolon");
    return std::move(done_);
  }

 private:
  /// Of where we are; counts on from where it last was.
  unsigned line() {
    const auto from = sql_.begin() + static_cast<std::ptrdiff_t>(counted_);
    line_ += static_cast<unsigned>(std::count(from, sql_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
    counted_ = at_;
    return line_;
  }
  [[noreturn]] void fail(std::string_view what) {
    at_ = std::min(at_, sql_.size());
    throw BadBackup(fmt::format("globals.sql: line {}: {}", line(), what),
                    "nothing of it was run; `--roles none` restores without it");
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  void step() {
    const char c = peek();
    if (blank(c)) {
      ++at_;
    } else if (c == '-' && peek(1) == '-') {
      skip_line();
    } else if (c == '/' && peek(1) == '*') {
      fail("a comment that pg_dumpall does not write");
    } else if (c == '\\') {
      backslash_line();
    } else if (c == ';') {
      end_statement();
    } else {
      token(c);
    }
  }

  void skip_line() {
    const auto end = sql_.find('\n', at_);
    at_ = end == std::string_view::npos ? sql_.size() : end;
  }

  void backslash_line() {
    const auto end = std::min(sql_.find('\n', at_), sql_.size());
    const std::string_view line = sql_.substr(at_, end - at_);
    const bool first_on_line = at_ == 0 || sql_[at_ - 1] == '\n';
    const std::string_view command = line.substr(0, line.find(' '));
    const std::string_view key = command.size() < line.size() ? line.substr(command.size() + 1) : "";
    const bool harmless = std::all_of(key.begin(), key.end(), [](char c) { return in_word(c) && c != '$'; });
    if (!current_.tokens.empty() || !first_on_line || !harmless ||
        (command != "\\restrict" && command != "\\unrestrict"))
      fail("refused: a backslash command of psql");
    at_ = end;
  }

  void token(char c) {
    if (current_.tokens.empty()) {
      start_ = at_;
      current_.line = line();
    }
    SqlToken token;
    token.begin = at_ - start_;
    if ((c == 'e' || c == 'E') && peek(1) == '\'') {
      ++at_;
      token.kind = SqlToken::Kind::string;
      quoted('\'', true);
    } else if (c == '\'') {
      token.kind = SqlToken::Kind::string;
      quoted('\'', !conforming_);
    } else if (c == '"') {
      token.kind = SqlToken::Kind::quoted;
      token.text = quoted('"', false);
    } else if (c == '$' && dollar_tag() > 0) {
      token.kind = SqlToken::Kind::string;
      dollar_quoted(dollar_tag());
    } else if (starts_word(c) || digit(c)) {
      const std::size_t from = at_;
      while (at_ < sql_.size() && in_word(peek())) ++at_;
      token.kind = SqlToken::Kind::word;
      token.text = folded(sql_.substr(from, at_ - from));
    } else {
      token.text = std::string(1, c);
      ++at_;
    }
    token.end = at_ - start_;
    if (token.kind == SqlToken::Kind::string)
      token.text = sql_.substr(start_ + token.begin, token.end - token.begin);
    current_.tokens.push_back(std::move(token));
  }

  std::string quoted(char quote, bool escapes) {
    std::string inside;
    for (++at_;; ++at_) {
      if (at_ >= sql_.size()) fail("a quote that is never closed");
      if (escapes && peek() == '\\') {
        ++at_;
      } else if (peek() == quote) {
        if (peek(1) != quote) break;
        ++at_;
      }
      inside.push_back(peek());
    }
    ++at_;
    return inside;
  }

  /// The length of $tag$ here, or 0.
  std::size_t dollar_tag() const {
    std::size_t length = 1;
    if (digit(peek(1))) return 0;
    while (in_word(peek(length)) && peek(length) != '$') ++length;
    return peek(length) == '$' ? length + 1 : 0;
  }

  void dollar_quoted(std::size_t tag_length) {
    const std::string_view tag = sql_.substr(at_, tag_length);
    const auto end = sql_.find(tag, at_ + tag_length);
    if (end == std::string_view::npos) fail("a quote that is never closed");
    at_ = end + tag_length;
  }

  void end_statement() {
    if (!current_.tokens.empty()) {
      current_.text = sql_.substr(start_, at_ - start_);
      notice_setting();
      done_.push_back(std::move(current_));
      current_ = {};
    }
    ++at_;
  }

  /// What a backslash in a plain string means hangs on this setting, for us as for the server.
  void notice_setting() {
    const auto& tokens = current_.tokens;
    if (tokens.size() == 4 && tokens[0].is("set") && tokens[1].is("standard_conforming_strings"))
      conforming_ = tokens[3].is("on");
  }

  std::string_view sql_;
  std::size_t at_ = 0, start_ = 0, counted_ = 0;
  unsigned line_ = 1;
  bool conforming_ = true;
  SqlStatement current_;
  std::vector<SqlStatement> done_;
};

using Kind = GlobalStatement::Kind;

/// Recognises one statement by its first words.
class Recogniser {
 public:
  explicit Recogniser(SqlStatement statement)
      : statement_(std::move(statement)), tokens_(statement_.tokens) {}

  GlobalStatement recognise() {
    GlobalStatement out;
    if (!session(out) && !role(out) && !membership(out) && !object_grant(out) && !note(out) &&
        !tablespace(out))
      throw BadBackup(
          fmt::format("globals.sql: line {}: not a statement that pg_dumpall writes for roles and "
                      "tablespaces",
                      statement_.line),
          "nothing of it was run; `--roles none` restores without it");
    out.statement = std::move(statement_);
    return out;
  }

 private:
  bool words(std::size_t from, std::initializer_list<std::string_view> expected) const {
    if (from + expected.size() > tokens_.size()) return false;
    return std::equal(expected.begin(), expected.end(), tokens_.begin() + static_cast<std::ptrdiff_t>(from),
                      [](std::string_view word, const SqlToken& token) { return token.is(word); });
  }
  bool name(std::size_t index, std::string& out) const {
    if (index >= tokens_.size() || !tokens_[index].names()) return false;
    out = tokens_[index].text;
    return true;
  }

  bool session(GlobalStatement& out) const {
    static constexpr std::array<std::string_view, 4> kKnown = {
        "client_encoding", "standard_conforming_strings", "escape_string_warning",
        "default_transaction_read_only"};
    if (tokens_.size() != 4 || !words(0, {"set"}) || tokens_[2].text != "=" || !name(1, out.object))
      return false;
    out.kind = Kind::session;
    return std::find(kKnown.begin(), kKnown.end(), out.object) != kKnown.end() && safe_encoding(out.object);
  }

  /// In these client-only encodings a quote or backslash byte can be the second half of a character.
  bool safe_encoding(const std::string& setting) const {
    static constexpr std::array<std::string_view, 8> kUnsafe = {
        "sjis", "big5", "gbk", "uhc", "gb18030", "johab", "shift_jis_2004", "mskanji"};
    if (setting != "client_encoding") return true;
    const std::string value = folded(tokens_[3].text);
    return std::none_of(kUnsafe.begin(), kUnsafe.end(),
                        [&](std::string_view bad) { return value.find(bad) != std::string::npos; });
  }

  bool role(GlobalStatement& out) const {
    if (words(0, {"create", "role"}) && tokens_.size() == 3) {
      out.kind = Kind::create_role;
      return name(2, out.role);
    }
    if (!words(0, {"alter", "role"}) || !name(2, out.role)) return false;
    const bool in_database = words(3, {"in", "database"});
    out.kind = words(3, {"with"}) ? Kind::alter_role : Kind::role_setting;
    return words(3, {"with"}) || words(in_database ? 6 : 3, {"set"});
  }

  bool membership(GlobalStatement& out) const {
    out.kind = Kind::membership;
    return words(0, {"grant"}) && words(2, {"to"}) && name(1, out.object) && name(3, out.role);
  }

  /// GRANT and REVOKE … ON PARAMETER|TABLESPACE name TO|FROM role
  bool object_grant(GlobalStatement& out) const {
    if (!words(0, {"grant"}) && !words(0, {"revoke"})) return false;
    std::size_t on = 1;
    while (on < tokens_.size() && !tokens_[on].is("on")) ++on;
    out.kind = words(on + 1, {"parameter"}) ? Kind::parameter : Kind::tablespace;
    if (!words(on + 1, {"parameter"}) && !words(on + 1, {"tablespace"})) return false;
    std::size_t to = on + 2;
    while (to < tokens_.size() && !tokens_[to].is("to") && !tokens_[to].is("from")) ++to;
    return name(on + 2, out.object) && name(to + 1, out.role);
  }

  bool note(GlobalStatement& out) const {
    std::size_t on = 1;
    if (words(0, {"security", "label"}))
      while (on < tokens_.size() && !tokens_[on].is("on")) ++on;
    else if (!words(0, {"comment"}))
      return false;
    out.kind = words(on + 1, {"role"}) ? Kind::role_note : Kind::tablespace;
    if (words(on, {"on", "role"})) return name(on + 2, out.role);
    return words(on, {"on", "tablespace"}) && name(on + 2, out.object);
  }

  bool tablespace(GlobalStatement& out) const {
    out.kind = Kind::tablespace;
    return (words(0, {"create", "tablespace"}) || words(0, {"alter", "tablespace"})) && name(2, out.object);
  }

  SqlStatement statement_;
  const std::vector<SqlToken>& tokens_;
};

/// The text without the byte ranges given, which ascend.
std::string cut(const std::string& text, const std::vector<std::pair<std::size_t, std::size_t>>& ranges) {
  std::string out;
  std::size_t from = 0;
  for (const auto& [begin, end] : ranges) {
    out.append(text, from, begin - from);
    from = end;
  }
  return out.append(text, from);
}

}  // namespace

std::vector<SqlStatement> split_statements(std::string_view sql) {
  return Splitter(sql).all();
}

std::vector<GlobalStatement> read_globals(std::string_view sql) {
  std::vector<GlobalStatement> out;
  for (SqlStatement& statement : split_statements(sql))
    out.push_back(Recogniser(std::move(statement)).recognise());
  return out;
}

std::string without_password(const SqlStatement& statement) {
  const auto& tokens = statement.tokens;
  for (std::size_t i = 3; i + 1 < tokens.size(); ++i)
    if (tokens[i].is("password") && tokens[i + 1].kind == SqlToken::Kind::string)
      return cut(statement.text, {{tokens[i].begin, tokens[i + 1].end}});
  return statement.text;
}

std::string without_words(const SqlStatement& statement, const std::vector<std::string>& words) {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (std::size_t i = 3; i < statement.tokens.size(); ++i) {
    const SqlToken& token = statement.tokens[i];
    const bool named =
        std::any_of(words.begin(), words.end(), [&](const std::string& w) { return token.is(w); });
    if (named) ranges.emplace_back(token.begin, token.end);
  }
  return cut(statement.text, ranges);
}

std::string without_grantor(const SqlStatement& statement) {
  const auto& tokens = statement.tokens;
  for (std::size_t i = 4; i + 1 < tokens.size(); ++i)
    if (tokens[i].is("granted") && tokens[i + 1].is("by")) return statement.text.substr(0, tokens[i].begin);
  return statement.text;
}

bool has_word(const SqlStatement& statement, std::string_view word) {
  return std::any_of(statement.tokens.begin() + std::min<std::ptrdiff_t>(3, std::ssize(statement.tokens)),
                     statement.tokens.end(), [&](const SqlToken& token) { return token.is(word); });
}

}  // namespace pgassay::restore
