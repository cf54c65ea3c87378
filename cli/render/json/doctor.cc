#include "cli/render/json/doctor.h"

#include "cli/basics/json.h"

namespace pgassay::cli {

std::string_view shown(backup::PreflightFinding::Weight weight) {
  switch (weight) {
    case backup::PreflightFinding::Weight::passed:
      return "PASS";
    case backup::PreflightFinding::Weight::warning:
      return "WARNING";
    case backup::PreflightFinding::Weight::refused:
      return "FAIL";
  }
  return "FAIL";
}

void set_diagnoses(Reply& reply, std::span<const backup::Diagnosis> diagnoses) {
  Json checks = Json::array();
  for (const backup::Diagnosis& diagnosis : diagnoses)
    for (const backup::PreflightFinding& finding : diagnosis.findings)
      checks.push_back({{"subject", diagnosis.subject},
                        {"name", finding.check},
                        {"verdict", shown(finding.weight)},
                        {"detail", finding.text},
                        {"hint", finding.hint}});
  reply.set("checks", std::move(checks));
}

}  // namespace pgassay::cli
