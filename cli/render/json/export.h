// The member "export" of export's document.
#pragma once

#include <optional>
#include <string>

#include "cli/render/json/out.h"
#include "export/rows.h"

namespace pgassay::cli {

void set_exported(Reply& reply, const BackupId& id, const exports::Exported& exported,
                  const std::string& format, const std::optional<std::string>& table,
                  const std::string& output, std::uint64_t bytes);

}  // namespace pgassay::cli
