#include "core/postgres/statement_text.h"

#include <algorithm>
#include <cctype>

namespace pgassay {
namespace {

constexpr std::string_view kHidden = "'***'";

bool is_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// https://www.postgresql.org/docs/current/sql-syntax-lexical.html
class Hider {
 public:
  explicit Hider(std::string_view sql) : sql_(sql) {}

  std::string hide() {
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == '\'')
        hide_string();
      else if (c == '"')
        keep_to(sql_.find('"', at_ + 1), 1);
      else if (c == '$' && !(at_ > 0 && is_of_name(sql_[at_ - 1])))
        hide_dollars();
      else if (sql_.substr(at_).starts_with("--"))
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      else if (sql_.substr(at_).starts_with("/*"))
        skip_comment();
      else
        shown_ += sql_[at_++];
    }
    return std::move(shown_);
  }

 private:
  void keep_to(std::size_t last, std::size_t more) {
    const std::size_t end = last == std::string_view::npos ? sql_.size() : last + more;
    shown_ += sql_.substr(at_, end - at_);
    at_ = end;
  }

  /// Whether a backslash escapes the quote after it depends on E before it, and on the session's
  /// standard_conforming_strings: where that matters, nothing more is shown.
  void hide_string() {
    shown_ += kHidden;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (sql_[at_] == '\\' && at_ + 1 < sql_.size() && (sql_[at_ + 1] == '\'' || sql_[at_ + 1] == '\\')) {
        shown_ += " ...";
        at_ = sql_.size();
        return;
      }
      if (sql_[at_] != '\'') continue;
      if (at_ + 1 < sql_.size() && sql_[at_ + 1] == '\'') {
        ++at_;
        continue;
      }
      ++at_;
      return;
    }
  }

  void hide_dollars() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && is_of_name(sql_[end])) ++end;
    const bool is_tag = end < sql_.size() && sql_[end] == '$' &&
                        (end == at_ + 1 || !std::isdigit(static_cast<unsigned char>(sql_[at_ + 1])));
    if (!is_tag) {
      shown_ += sql_[at_++];  // a parameter, $1
      return;
    }
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    const std::size_t close = sql_.find(tag, end + 1);
    at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
    shown_ += kHidden;
  }

  void skip_comment() {
    int depth = 0;
    do {
      const std::string_view rest = sql_.substr(at_);
      if (rest.starts_with("/*"))
        ++depth, at_ += 2;
      else if (rest.starts_with("*/"))
        --depth, at_ += 2;
      else
        ++at_;
    } while (depth > 0 && at_ < sql_.size());
    shown_ += ' ';
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::string shown_;
};

}  // namespace

std::string without_values(std::string_view sql) {
  std::string shown = Hider(sql).hide();
  if (shown.size() <= kLongestShown) return shown;
  const std::size_t bytes = shown.size();
  shown.resize(kLongestShown);
  return shown + " ... (" + std::to_string(bytes) + " bytes)";
}

}  // namespace pgassay
