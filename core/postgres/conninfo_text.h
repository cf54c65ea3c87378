#pragma once

#include <map>
#include <string>

namespace pgassay {

/// Parameters as libpq reads them: host='db1' dbname='a b'. Nothing secret belongs into them: they become
/// arguments.
std::string conninfo_text(const std::map<std::string, std::string>& parameters);

}  // namespace pgassay
