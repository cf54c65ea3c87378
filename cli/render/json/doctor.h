// The member "checks" of doctor's document.
#pragma once

#include <span>
#include <string_view>

#include "backup/doctor.h"
#include "cli/render/json/out.h"

namespace pgassay::cli {

std::string_view shown(backup::PreflightFinding::Weight weight);  ///< PASS, WARNING, FAIL
void set_diagnoses(Reply& reply, std::span<const backup::Diagnosis> diagnoses);

}  // namespace pgassay::cli
