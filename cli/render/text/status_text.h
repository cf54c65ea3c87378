// What status prints for people and for Nagios.
#pragma once

#include <string>
#include <vector>

#include "nightly/status.h"

namespace pgassay::cli {

std::string name_of(const nightly::DatabaseStatus& status);  ///< SOURCE/DATABASE, or SOURCE
std::string status_text(const std::vector<nightly::DatabaseStatus>& databases);
std::string nagios_text(const std::vector<nightly::DatabaseStatus>& databases);

}  // namespace pgassay::cli
