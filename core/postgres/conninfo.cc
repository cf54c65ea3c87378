#include <libpq-fe.h>

#include <memory>

#include "core/postgres/connection.h"

namespace pgassay {

ConnInfo ConnInfo::parse(std::string_view text) {
  ConnInfo info;
  if (text.empty()) return info;
  // The rule of libpq's expand_dbname: a URI, or whatever has an equals sign; anything else is a database's
  // name.
  const bool uri = text.starts_with("postgresql://") || text.starts_with("postgres://");
  if (!uri && text.find('=') == std::string_view::npos) {
    info.parameters["dbname"] = text;
    return info;
  }
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(std::string(text).c_str(), &problem), PQconninfoFree);
  // libpq's own words quote pieces of the text, and a piece may be of the password.
  PQfreemem(problem);
  if (!options) {
    throw UsageError("cannot connect: the connection string is not one that libpq understands",
                     "give a database name, key=value pairs (quote values that hold blanks: key='a b') or "
                     "postgresql://user@host:port/database with special characters written as %XX");
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) info.parameters[option->keyword] = option->val;
  }
  return info;
}

ConnInfo ConnInfo::with_database(std::string_view dbname) const {
  ConnInfo other = *this;
  other.parameters["dbname"] = dbname;
  return other;
}

}  // namespace pgassay
