#include "export/psql_filter.h"

#include <algorithm>

#include "core/system/error.h"

namespace pgassay::exports {
namespace {

constexpr std::string_view kCreatePublic = "CREATE SCHEMA public;";
constexpr std::string_view kStrings = "set standard_conforming_strings";

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[noreturn]] void refuse(const std::string& what) {
  throw BadBackup("schema.pgdump: pg_restore wrote " + what + ": refused, psql would obey it",
                  "`pgassay restore` gives nothing to psql; a newer pg_restore may write it otherwise");
}

}  // namespace

void PsqlFilter::chunk(Bytes bytes) {
  try {
    for (const char c : as_text(bytes)) take(c);
  } catch (const BadBackup& error) {
    flush();
    error.raise();
  }
  flush();
}

void PsqlFilter::flush() {
  if (!ready_.empty()) out_.chunk(as_bytes(ready_));
  ready_.clear();
}

void PsqlFilter::emit(char c) {
  ready_.push_back(c);
}

/// While the statement may still become kCreatePublic, it waits.
void PsqlFilter::hold_or_emit(char c) {
  const bool begins = held_.empty() && head_.empty();
  if (!held_.empty() || (begins && c == kCreatePublic[0])) {
    if (c == kCreatePublic[held_.size()]) {
      held_.push_back(c);
      if (held_.size() < kCreatePublic.size()) return;
      ready_ += "CREATE SCHEMA IF NOT EXISTS public;";
      held_.clear();
      return;
    }
    ready_ += held_;
    held_.clear();
  }
  emit(c);
}

void PsqlFilter::finish() {
  ready_ += held_;
  held_.clear();
  flush();
  if (state_ != State::normal && state_ != State::line_comment)
    throw BadBackup("schema.pgdump: what pg_restore wrote ends within a quote or a comment");
}

std::string PsqlFilter::closing() const {
  switch (state_) {
    case State::string:
      return escaped_ ? "\\';\n" : "';\n";
    case State::identifier:
      return "\";\n";
    case State::dollar:
      return "\n" + tag_ + ";\n";
    case State::block_comment: {
      std::string ends;
      for (unsigned i = 0; i < depth_; ++i) ends += " */";
      return ends + ";\n";
    }
    default:
      return "\n;\n";
  }
}

void PsqlFilter::take(char c) {
  if (c == '\0') refuse("a zero byte");
  switch (state_) {
    case State::normal:
      return normal(c);
    case State::line_comment:
      emit(c);
      if (c == '\n' || c == '\r') {
        state_ = State::normal;
        line_start_ = head_.empty();
      }
      return;
    case State::block_comment:
      return in_block_comment(c);
    case State::string:
      return in_string(c);
    case State::identifier:
      emit(c);
      if (c == '"') state_ = State::normal;
      return;
    case State::tag:
      return in_tag(c);
    case State::dollar:
      return in_dollar(c);
    case State::backslash:
      return in_backslash_line(c);
  }
}

/// The first character of a quote, or the second of a comment's beginning.
bool PsqlFilter::begins_something(char c) {
  const bool comment = (c == '-' && last_ == '-') || (c == '*' && last_ == '/');
  if (c == '-' && comment) {
    state_ = State::line_comment;
  } else if (comment) {
    state_ = State::block_comment;
    depth_ = 1;
  } else if (c == '\'') {
    escapes_ = lone_e_ || continues_escapes_;
    state_ = State::string;
  } else if (c == '"') {
    state_ = State::identifier;
  } else if (c == '$' && !in_word_) {
    tag_ = "$";
    state_ = State::tag;
  } else {
    return false;
  }
  hold_or_emit(c);
  if (!comment)
    note_head(c);
  else if (!head_.empty())
    head_.pop_back();
  last_ = '\0';
  in_word_ = lone_e_ = lone_colon_ = continues_escapes_ = line_start_ = false;
  return true;
}

/// The beginning of the statement, in one spelling.
void PsqlFilter::note_head(char c) {
  if (head_.size() > 2 * kStrings.size()) return;
  if (!blank(c))
    head_.push_back(lower(c));
  else if (!head_.empty() && head_.back() != ' ')
    head_.push_back(' ');
}

void PsqlFilter::normal(char c) {
  if (c == '\\') {
    if (!line_start_) refuse("a backslash outside of quotes");
    state_ = State::backslash;
    backslash_line_ = c;
    return;
  }
  if (lone_colon_ && (starts_word(c) || digit(c) || c == '\'' || c == '"' || c == '{')) emit(' ');
  if (begins_something(c)) return;
  hold_or_emit(c);
  lone_colon_ = c == ':' && last_ != ':';
  note_word(c);
  if (c == ';')
    end_statement();
  else
    note_head(c);
  if (!blank(c)) line_start_ = continues_escapes_ = false;
  if (c == '\n') line_start_ = head_.empty();
  last_ = c;
}

void PsqlFilter::note_word(char c) {
  const bool continues = in_word_ && (starts_word(c) || digit(c) || c == '$');
  lone_e_ = !in_word_ && (c == 'e' || c == 'E') && !digit(last_);
  in_word_ = continues || starts_word(c);
}

/// What a backslash in a plain string means hangs on this setting.
void PsqlFilter::end_statement() {
  if (head_.starts_with(kStrings) && head_ != "set standard_conforming_strings = on")
    refuse("that strings are not to be read by the standard");
  head_.clear();
}

void PsqlFilter::in_string(char c) {
  emit(c);
  if (escaped_) {
    escaped_ = false;
  } else if (escapes_ && c == '\\') {
    escaped_ = true;
  } else if (c == '\'') {
    // A quote that follows at once is a doubled one, or after a line feed the string's continuation: both go
    // on as it began.
    state_ = State::normal;
    continues_escapes_ = escapes_;
  }
}

void PsqlFilter::in_block_comment(char c) {
  emit(c);
  if (c == '/' && last_ == '*') {
    if (--depth_ == 0) state_ = State::normal;
    c = '\0';
  } else if (c == '*' && last_ == '/') {
    ++depth_;
    c = '\0';
  }
  last_ = c;
}

void PsqlFilter::in_tag(char c) {
  if (c == '$') {
    tag_.push_back(c);
    emit(c);
    window_.clear();
    state_ = State::dollar;
  } else if (starts_word(c) || (digit(c) && tag_.size() > 1)) {
    tag_.push_back(c);
    emit(c);
  } else {
    state_ = State::normal;
    // A parameter ($1), or a word that began in the tag's place.
    in_word_ = tag_.size() > 1;
    normal(c);
  }
}

void PsqlFilter::in_dollar(char c) {
  emit(c);
  window_.push_back(c);
  if (window_.size() > tag_.size()) window_.erase(0, 1);
  if (window_ == tag_) state_ = State::normal;
}

void PsqlFilter::in_backslash_line(char c) {
  if (c != '\n') {
    backslash_line_.push_back(c);
    return;
  }
  const std::string_view line = backslash_line_;
  const std::string_view command = line.substr(0, line.find(' '));
  const std::string_view key = line.substr(std::min(line.size(), command.size() + 1));
  if ((command != "\\restrict" && command != "\\unrestrict") ||
      !std::ranges::all_of(key, [](char k) { return starts_word(k) || digit(k); }))
    refuse("a backslash command");
  state_ = State::normal;
  line_start_ = true;
}

}  // namespace pgassay::exports
