// Values of env files that docker-compose 1.29 (python-dotenv) and compose v2 (compose-go's dotenv) read
// differently: found by giving both versions the same files (tests/docker/stack_check_engine_test.cc does).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgassay::stack {

/// What each makes of a value. Nothing of the value itself is in these words.
struct TwoReadings {
  std::string by_v1, by_v2;
  std::string hint;     ///< how to write it for both
  bool breaks = false;  ///< at least one of them does not get the variable at all
};

/// `raw`: what stands behind the =, with its quotes, without blanks around it. Nothing: both read the same.
std::optional<TwoReadings> read_differently(std::string_view raw);

/// The first name in ${NAME} that 1.29 would replace and `is_set` does not know; empty: none. 1.29 puts
/// nothing in its place and says nothing.
template <typename IsSet>
std::string cut_by_v1(std::string_view raw, IsSet is_set) {
  for (std::size_t at = raw.find("${"); at != std::string_view::npos; at = raw.find("${", at + 2)) {
    const std::size_t end = raw.find('}', at);
    if (end == std::string_view::npos) break;
    std::string name(raw.substr(at + 2, end - at - 2));
    if (name.find(":-") == std::string::npos && name.find_first_of("?+") == std::string::npos &&
        !is_set(name))
      return name;
  }
  return {};
}

}  // namespace pgassay::stack
