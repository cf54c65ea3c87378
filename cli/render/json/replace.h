// What restore --replace adds to the document of --json.
#pragma once

#include <string>

#include "cli/render/json/out.h"
#include "restore/whole/replace.h"

namespace pgassay::cli {

void set_replaced(Reply& reply, const std::string& database, const restore::Replaced& done);
void set_dropped(Reply& reply, const std::string& database, const std::string& dropped);

}  // namespace pgassay::cli
