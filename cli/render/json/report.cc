#include "cli/render/json/report.h"

#include "cli/basics/json.h"
#include "cli/render/json/nightly.h"

namespace pgassay::cli {

void set_report(Reply& reply, const std::string& output, std::uint64_t bytes,
                const std::vector<nightly::DatabaseStatus>& databases) {
  reply.set("report", {{"output", output}, {"bytes", bytes}});
  set_status(reply, databases);
}

}  // namespace pgassay::cli
