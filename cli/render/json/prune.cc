#include "cli/render/json/prune.h"

#include "cli/basics/json.h"

namespace pgassay::cli {

void set_pruned(Reply& reply, std::span<const retention::PruneReport> reports) {
  Json decisions = Json::array();
  for (const retention::PruneReport& report : reports) {
    for (const retention::PrunedBackup& one : report.backups) {
      const auto& summary = one.backup.summary;
      decisions.push_back({{"id", one.backup.id.stamp},
                           {"source", one.backup.id.source},
                           {"database", one.backup.id.database},
                           {"action", one.decision.keep ? "keep" : "delete"},
                           {"rule", to_string(one.decision.rule)},
                           {"detail", one.decision.detail},
                           {"bytes", nullptr},
                           {"frees", one.frees},
                           {"removed", one.removed}});
      if (summary) decisions.last()["bytes"] = summary->stored_bytes;
    }
  }
  reply.set("prune", std::move(decisions));
}

}  // namespace pgassay::cli
