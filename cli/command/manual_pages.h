// Man pages and shell completion, made from the very records that parse the command line, so that they can't
// differ from it.
#pragma once

#include <map>
#include <string>

namespace pgassay::cli {

/// File names below a share directory (man/man1/pgassay.1, …) and what is in them.
std::map<std::string, std::string> manual_files();

/// A text as it stands, for a man page: no line of it is taken for a request.
std::string roff(const std::string& text);

}  // namespace pgassay::cli
