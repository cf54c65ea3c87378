// What pg_dump, pg_dumpall and pg_restore say on stderr. Their messages are asked for in C, so each is one of
// a list of templates; what is on no list is told, for it may say that something was left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgassay {

/// The messages that are not known to be harmless, one line each: the message itself, and its detail and hint
/// behind it. Without the tool's name in front. Errors that pg_restore goes on after, and the statements that
/// it quotes with them, are not among them: who restores reads those.
std::vector<std::string> telling_words(std::string_view tool, std::string_view err);

}  // namespace pgassay
