// What drill prints for people, and for JUnit's readers.
#pragma once

#include <string>

#include "drill/drill.h"

namespace pgassay::cli {

/// Checks, phases and the sentence that an auditor looks for. Of checks that passed only when `all_checks`.
std::string drill_text(const BackupId& id, const drill::DrillReport& report, bool all_checks);
/// "all 9,000,660 rows in 120 tables are identical; restored in 41 s", as far as it is true.
std::string drill_sentence(const Evidence& evidence);

/// One test case a check; a check that could not be made is an error.
std::string junit_xml(const BackupId& id, const Evidence& evidence);

}  // namespace pgassay::cli
