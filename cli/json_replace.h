// What restore --replace adds to the document of --json.
#pragma once

#include <string>

#include "cli/json_out.h"
#include "restore/replace.h"

namespace pgassay::cli {

void set_replaced(Reply& reply, const std::string& database, const Replaced& done);
void set_dropped(Reply& reply, const std::string& database, const std::string& dropped);

}  // namespace pgassay::cli
