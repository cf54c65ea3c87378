#include "cli/render/json/report.h"

#include "cli/render/json/json.h"

namespace pgassay::cli {

void set_report(Reply& reply, const std::string& output, std::uint64_t bytes,
                std::span<const Chapter> chapters) {
  std::vector<nightly::DatabaseStatus> databases;
  for (const Chapter& chapter : chapters) databases.push_back(chapter.watched.status);
  reply.set("report", {{"output", output}, {"bytes", bytes}});
  set_status(reply, databases);
}

}  // namespace pgassay::cli
