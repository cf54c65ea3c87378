// The page of `pgassay report`: a pure function, of what status and list see and of the evidence.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/render/html/evidence.h"
#include "nightly/watch.h"

namespace pgassay::cli {

/// One database of the report.
struct Chapter {
  nightly::Watched watched;
  std::vector<Proving> provings;  ///< of watched.backups, the oldest first
};

struct ReportFacts {
  std::string repository, host, version;
  Time now;
};

/// One HTML document that needs nothing else: no network, no script.
std::string report_html(std::span<const Chapter> chapters, const ReportFacts& facts);

/// Of one database: its anchor is `database-N`.
std::string chapter_html(const Chapter& chapter, std::size_t number, Time now);

}  // namespace pgassay::cli
