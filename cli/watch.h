// What status and nightly look at: the databases of the configuration and of the repository.
#pragma once

#include <string>
#include <vector>

#include "cli/config/config.h"
#include "cli/render/json/out.h"
#include "nightly/notify.h"
#include "nightly/status.h"

namespace pgassay::cli {

/// `wanted`: only these sources; empty: every source of the configuration, and those that only the repository
/// has, which are watched when nothing is configured. Throws UsageError when one is nowhere.
std::vector<nightly::DatabaseStatus> look_around(const Config& config, const Repository& repository,
                                                 const std::vector<std::string>& wanted);
/// The same, each with what was looked at.
struct Watched {
  nightly::DatabaseStatus status;
  nightly::StatusRules rules;
  std::vector<Backup> backups;  ///< oldest first, unreadable ones too
};
std::vector<Watched> look_closely(const Config& config, const Repository& repository,
                                  const std::vector<std::string>& wanted);
/// Readable by all, for node_exporter runs as another user.
void write_metrics(const Path& file, const std::vector<nightly::DatabaseStatus>& databases,
                   const Repository& repository);

/// [source.NAME.notify] over [notify].
nightly::NotifyOptions notify_options(const Config& config, const std::string& source);
/// Each of [source.NAME], else of the top of the file; nothing: it is not said.
std::optional<double> max_age(const Config& config, const std::string& source);
std::optional<double> drill_every(const Config& config, const std::string& source);

std::string name_of(const nightly::DatabaseStatus& status);  ///< SOURCE/DATABASE, or SOURCE
std::string status_text(const std::vector<nightly::DatabaseStatus>& databases);
std::string nagios_text(const std::vector<nightly::DatabaseStatus>& databases);
void set_status(Reply& reply, const std::vector<nightly::DatabaseStatus>& databases);
void set_nights(Reply& reply, const std::vector<nightly::NightRecord>& nights);

}  // namespace pgassay::cli
