#include "cli/render/json/export.h"

#include "cli/basics/json.h"

namespace pgassay::cli {

void set_exported(Reply& reply, const BackupId& id, const exports::Exported& exported,
                  const std::string& format, const std::optional<std::string>& table,
                  const std::string& output, std::uint64_t bytes) {
  reply.set("export", {{"id", id.stamp},
                       {"source", id.source},
                       {"database", id.database},
                       {"format", format},
                       {"table", table ? Json(*table) : Json(nullptr)},
                       {"output", output},
                       {"encoding", exported.encoding},
                       {"rows", exported.rows},
                       {"raw_bytes", exported.raw_bytes},
                       {"bytes", bytes}});
}

}  // namespace pgassay::cli
