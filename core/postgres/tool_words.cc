#include "core/postgres/tool_words.h"

#include <algorithm>

namespace pgassay {
namespace {

/// A star stands for any words.
constexpr std::string_view kHarmless[] = {
    // We load rows in an order of our own, with foreign keys made afterwards.
    "warning: there are circular foreign-key constraints on this table:",
    "warning: there are circular foreign-key constraints among these tables:",
    // Found in the catalog, and named, before pg_dump is asked.
    "warning: subscriptions not dumped because current user is not a superuser",
    // The manifest has both versions, and a drill compares them.
    "WARNING:  database \"*\" has a collation version mismatch",
    "WARNING:  database \"*\" has no actual collation version, but a version was recorded",
    // Said of what a restore tells by its errors.
    "warning: errors ignored on restore: *",
    "while INITIALIZING:",
    "while PROCESSING TOC:",
    "while FINALIZING:",
    "from TOC entry *",
};

bool fits(std::string_view text, std::string_view shape) {
  const std::size_t star = shape.find('*');
  if (star == std::string_view::npos) return text == shape;
  const std::string_view head = shape.substr(0, star), tail = shape.substr(star + 1);
  return text.size() >= head.size() + tail.size() && text.starts_with(head) && text.ends_with(tail);
}

bool is_harmless(std::string_view text) {
  return std::ranges::any_of(kHarmless, [&](std::string_view shape) { return fits(text, shape); });
}

bool begins_a_notice(std::string_view line) {
  return line.starts_with("WARNING:  ") || line.starts_with("NOTICE:  ") || line.starts_with("INFO:  ") ||
         line.starts_with("LOG:  ");
}

/// Reads line by line; a message ends where the next one begins.
class Reader {
 public:
  explicit Reader(std::string_view tool) : prefix_(std::string(tool) + ": ") {}

  void line(std::string_view text) {
    const bool own = text.starts_with(prefix_);
    if (own) text.remove_prefix(prefix_.size());
    if (own && (text.starts_with("detail: ") || text.starts_with("hint: "))) return more(text);
    if (!own && !begins_a_notice(text)) return more(text);
    end();
    quoting_ = own && text.starts_with("error: ");
    words_ = text;
    begun_ = !quoting_;
  }

  std::vector<std::string> finish() && {
    end();
    return std::move(found_);
  }

 private:
  void more(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (quoting_ || first == std::string_view::npos) return;
    if (begun_) {
      details_ += "; " + std::string(text.substr(first));
      return;
    }
    words_ = text;
    begun_ = true;
  }

  void end() {
    if (begun_ && !is_harmless(words_)) found_.push_back(words_ + details_);
    words_.clear();
    details_.clear();
    begun_ = false;
  }

  const std::string prefix_;
  std::string words_, details_;
  bool begun_ = false, quoting_ = false;  ///< quoting: an error and the statement that it was about
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> telling_words(std::string_view tool, std::string_view err) {
  Reader reader(tool);
  while (!err.empty()) {
    const std::size_t end = err.find('\n');
    reader.line(err.substr(0, end));
    err.remove_prefix(end == std::string_view::npos ? err.size() : end + 1);
  }
  return std::move(reader).finish();
}

}  // namespace pgassay
