#include "cli/render/json/doctor.h"

#include <nlohmann/json.hpp>

namespace pgassay::cli {

std::string_view shown(PreflightFinding::Weight weight) {
  switch (weight) {
    case PreflightFinding::Weight::passed:
      return "PASS";
    case PreflightFinding::Weight::warning:
      return "WARNING";
    case PreflightFinding::Weight::refused:
      return "FAIL";
  }
  return "FAIL";
}

void set_diagnoses(Reply& reply, std::span<const Diagnosis> diagnoses) {
  using Json = nlohmann::ordered_json;
  Json checks = Json::array();
  for (const Diagnosis& diagnosis : diagnoses)
    for (const PreflightFinding& finding : diagnosis.findings)
      checks.push_back({{"subject", diagnosis.subject},
                        {"name", finding.check},
                        {"verdict", shown(finding.weight)},
                        {"detail", finding.text},
                        {"hint", finding.hint}});
  reply.set("checks", std::move(checks));
}

}  // namespace pgassay::cli
