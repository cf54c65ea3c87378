#include "stack/model/traefik_rule.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

namespace pgassay::stack {
namespace {

/// Of parentheses and negations: more is no rule that somebody wrote.
constexpr int kDeepest = 100;
constexpr std::array<const char*, 7> kOneValue = {"Host",       "HostRegexp", "Path",    "PathPrefix",
                                                  "PathRegexp", "Method",     "ClientIP"};

bool equal_without_case(std::string_view one, std::string_view other) {
  return std::ranges::equal(
      one, other, [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// Recursive descent over  a || b && !c(`x`, "y").
class RuleReader {
 public:
  RuleReader(std::string_view rule, std::string_view host, std::string_view path)
      : text_(rule), host_(host), path_(path) {}

  Fits whole() {
    const auto result = either();
    skip_space();
    return result && at_ == text_.size() ? *result : Fits::unknown;
  }
  /// Of what was read.
  const std::string& of_several() const { return of_several_; }

 private:
  using Result = std::optional<Fits>;  ///< nothing: it can't be read

  Result either() {
    Result left = both();
    while (left && take("||")) {
      const Result right = both();
      if (!right) return right;
      if (*left != Fits::yes && *right != Fits::no) left = right;
    }
    return left;
  }
  Result both() {
    Result left = one();
    while (left && take("&&")) {
      const Result right = one();
      if (!right) return right;
      if (*left != Fits::no && *right != Fits::yes) left = right;
    }
    return left;
  }
  Result one() {
    if (++depth_ > kDeepest) return std::nullopt;
    Result result;
    if (take("!")) {
      result = one();
      if (result && *result != Fits::unknown) result = *result == Fits::yes ? Fits::no : Fits::yes;
    } else if (take("(")) {
      result = either();
      if (!take(")")) return std::nullopt;
    } else {
      result = matcher();
    }
    --depth_;
    return result;
  }
  Result matcher() {
    const std::size_t begin = (skip_space(), at_);
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.empty() || !take("(")) return std::nullopt;
    std::vector<std::string_view> values;
    while (!take(")")) {
      if (!values.empty() && !take(",")) return std::nullopt;
      skip_space();
      if (at_ == text_.size() || (text_[at_] != '`' && text_[at_] != '"')) return std::nullopt;
      const std::size_t end = text_.find(text_[at_], at_ + 1);
      if (end == std::string_view::npos) return std::nullopt;
      values.push_back(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
    }
    if (values.size() > 1 && of_several_.empty() && takes_one_in_v3(name)) of_several_ = name;
    return judge(name, values);
  }
  static bool takes_one_in_v3(std::string_view name) {
    return std::ranges::any_of(kOneValue, [&](const char* one) { return equal_without_case(name, one); });
  }

  Fits judge(std::string_view name, const std::vector<std::string_view>& values) const {
    Fits result = Fits::no;
    for (const std::string_view value : values) {
      const Fits one = judge(name, value);
      if (one == Fits::yes) return one;
      if (one == Fits::unknown) result = one;
    }
    return result;
  }
  Fits judge(std::string_view name, std::string_view value) const {
    const auto said = [](bool yes) { return yes ? Fits::yes : Fits::no; };
    if (equal_without_case(name, "Host") || equal_without_case(name, "HostHeader"))
      return said(
          equal_without_case(value.ends_with('.') ? value.substr(0, value.size() - 1) : value, host_));
    if (equal_without_case(name, "Method")) return said(equal_without_case(value, "GET"));
    // In v2 these may hold {name:regexp}.
    if (value.find('{') != std::string_view::npos) return Fits::unknown;
    if (equal_without_case(name, "Path")) return said(value == path_);
    if (equal_without_case(name, "PathPrefix")) return said(path_.starts_with(value));
    return Fits::unknown;
  }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  bool take(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::string_view text_, host_, path_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string of_several_;
};

}  // namespace

Fits fits(std::string_view rule, std::string_view host, std::string_view path) {
  return RuleReader(rule, host, path.substr(0, path.find('?'))).whole();
}

std::string matcher_of_several(std::string_view rule) {
  RuleReader reader(rule, "", "");
  reader.whole();
  return reader.of_several();
}

}  // namespace pgassay::stack
