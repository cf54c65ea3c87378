#include "tests/bench/phases.h"

#include <nlohmann/json.hpp>

namespace pgassay::bench {

double seconds_of_phases(const std::string& document, const std::string& command,
                         const std::set<std::string>& names) {
  double seconds = 0;
  const nlohmann::json json = nlohmann::json::parse(document);
  for (const auto& phase : json.at(command).at("phases"))
    if (names.contains(phase.at("name").get<std::string>())) seconds += phase.at("seconds").get<double>();
  return seconds;
}

}  // namespace pgassay::bench
