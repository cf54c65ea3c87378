#include "core/postgres/name_pattern.h"

namespace pgassay {
namespace {

/// The first character and the bytes of UTF-8 that follow it.
std::size_t character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) ++length;
  return length;
}

}  // namespace

/// Where a * has taken too little, it takes one byte more: the last * is the only one that ever needs to.
bool fits_glob(std::string_view pattern, std::string_view text) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0, in = 0, star = kNone, taken = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = in;
    } else if (at < pattern.size() && pattern[at] == '?') {
      ++at;
      in += character(text.substr(in));
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != kNone) {
      at = star + 1;
      in = ++taken;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

bool fits_pattern(std::string_view pattern, const QualifiedName& name) {
  const bool qualified = pattern.find('.') != std::string_view::npos;
  return fits_glob(pattern, qualified ? name.shown() : name.name);
}

const std::string* NamePatterns::fits(const QualifiedName& name) {
  const std::string* first = nullptr;
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    if (!fits_pattern(patterns_[i], name)) continue;
    used_[i] = true;
    if (first == nullptr) first = &patterns_[i];
  }
  return first;
}

std::vector<std::string> NamePatterns::unused() const {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < patterns_.size(); ++i)
    if (!used_[i]) result.push_back(patterns_[i]);
  return result;
}

}  // namespace pgassay
