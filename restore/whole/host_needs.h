// What statements of a schema archive need of the server's host, beside what is in the database.
#pragma once

#include <string>

namespace pgassay::restore {

/// Could that statement fail because the host lacks a file, a locale, a library or an extension?
bool may_need_the_host(const std::string& command);

/// How the host gets what the statement failed for want of; empty: it failed by itself. No message says it,
/// which may be in any language, but what is made and the SQLSTATE.
std::string remedy_of_host(const std::string& command, const std::string& sqlstate);

}  // namespace pgassay::restore
