#include <libpq-fe.h>

#include <memory>

#include "core/postgres/connection.h"
#include "core/postgres/conninfo_text.h"

namespace pgassay {
namespace {

std::string quote_conninfo_value(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '\'';
}

}  // namespace

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

std::string conninfo_text(const std::map<std::string, std::string>& parameters) {
  std::string text;
  for (const auto& [keyword, value] : parameters) {
    if (!text.empty()) text += ' ';
    text += keyword + "=" + quote_conninfo_value(value);
  }
  return text;
}

}  // namespace pgassay
