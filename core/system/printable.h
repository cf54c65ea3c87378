// Text that leaves us, wherever it goes: terminal, log, mail, ping, metrics, JUnit, HTML, the commands in
// hints.
#pragma once

#include <string>
#include <string_view>

namespace pgassay {

/// As people may see it: a name that somebody chose must not reach a terminal as an escape sequence, forge a
/// line of a mail, or show its letters in another order than they have. Control characters (C0, DEL, C1),
/// those that steer the direction of writing, line and paragraph separators, and bytes that are not UTF-8 are
/// \xNN; all else is as it was. What has been through it once is not changed again. Characters of `kept` (of
/// C0) stay.
std::string printable(std::string_view text, std::string_view kept = "");

}  // namespace pgassay
