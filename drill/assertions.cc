#include "drill/assertions.h"

#include <fmt/format.h>

#include <cmath>

#include "drill/server_failure.h"

namespace pgassay::drill {
namespace {

constexpr const char *kSyntaxError = "42601", *kCanceled = "57014";

/// As one statement: the extended protocol takes no second one, so none can end the transaction.
Result ask(Connection& connection, const Assertion& assertion) {
  connection.query("BEGIN READ ONLY");
  connection.query(
      fmt::format("SET LOCAL statement_timeout = {}", std::lround(assertion.timeout.count() * 1000)));
  return connection.query(assertion.sql, {});
}

Check judge(std::string name, const Assertion& assertion, const Result& result) {
  if (result.rows() != 1)
    return {std::move(name), Verdict::fail, fmt::format("{} rows instead of one value", result.rows())};
  const std::string value = result.null(0, 0) ? "NULL" : result.text(0, 0);
  if (assertion.expected) {
    if (!result.null(0, 0) && value == *assertion.expected) return {std::move(name), Verdict::pass, value};
    return {std::move(name), Verdict::fail, fmt::format("{} instead of {}", value, *assertion.expected)};
  }
  if (value == "t" || value == "true") return {std::move(name), Verdict::pass, "true"};
  return {std::move(name), Verdict::fail, fmt::format("{} instead of true", value)};
}

Check check_one(const ConnInfo& database, const Assertion& assertion, const ForeignAccess& foreign,
                const std::stop_token& stop) {
  std::string name = "assert " + assertion.name;
  Connection connection = Connection::open(database, "pgassay drill", stop);
  try {
    return judge(name, assertion, ask(connection, assertion));
  } catch (const ServerError& error) {
    if (error.sqlstate() == kCanceled)
      return {std::move(name), Verdict::unverified,
              fmt::format("no answer within {} s; its 'timeout' can be raised", assertion.timeout.count())};
    if (is_server_failure(error.sqlstate())) error.raise();
    const bool no_proof = error.sqlstate() == kSyntaxError || wants_another_server(error.sqlstate(), foreign);
    return {std::move(name), no_proof ? Verdict::unverified : Verdict::fail, error.what()};
  }
}

}  // namespace

std::vector<Check> check_assertions(const ConnInfo& database, const std::vector<Assertion>& assertions,
                                    const ForeignAccess& foreign, const std::stop_token& stop) {
  std::vector<Check> checks;
  for (const Assertion& assertion : assertions) {
    checks.push_back(check_one(database, assertion, foreign, stop));
    checks.back().id = {CheckKind::assertion, assertion.name, {}};
  }
  return checks;
}

}  // namespace pgassay::drill
