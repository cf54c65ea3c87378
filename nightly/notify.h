// Telling somebody what came of a night: an HTTP ping as healthchecks.io has them, a JSON webhook, a program,
// mail through the host's sendmail. A message that can't be delivered is told and fails no backup.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/observer.h"
#include "nightly/record.h"

namespace pgassay::nightly {

enum class When { always, failure };

struct NotifyOptions {
  std::string ping_url;     ///< gets URL/start, then URL or URL/fail, always: its silence is an alarm, too
  std::string webhook_url;  ///< gets the record as JSON
  std::vector<std::string> command;  ///< an argument vector; the record is its stdin
  std::string mail_to;
  When when = When::failure;  ///< of webhook, command and mail
  Seconds timeout{10};        ///< of each attempt
  unsigned attempts = 3;      ///< with 1 s, then 2 s, … between them
  std::string ca_file;        ///< for https: empty: the host's
};

/// What could not be delivered: a line each, without the path of a URL, which may be a secret.
std::vector<std::string> notify_start(const NotifyOptions& options, std::stop_token stop);
std::vector<std::string> notify_end(const NotifyOptions& options, const NightRecord& record,
                                    std::stop_token stop);

/// The same in words, for people: a line for each step. A failed step's hint follows it.
std::string night_text(const NightRecord& record);

}  // namespace pgassay::nightly
