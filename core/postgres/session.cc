#include "core/postgres/session.h"

#include <string_view>
#include <vector>

#include "core/postgres/releases.h"

namespace pgassay {
namespace {

struct Wanted {
  std::string_view name, value;
  /// Only a superuser may set it, and only where it differs it matters.
  bool privileged = false;
};

constexpr Wanted kCommon[] = {
    {"search_path", ""},
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"idle_in_transaction_session_timeout", "0"},
    {"idle_session_timeout", "0"},
    {"transaction_timeout", "0"},
    {"row_security", "off"},
    {"DateStyle", "ISO"},
    {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},
    {"bytea_output", "hex"},
    {"extra_float_digits", "3"},
    {"xmloption", "content"},
    {"array_nulls", "on"},
    {"quote_all_identifiers", "off"},
    {"standard_conforming_strings", "on"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_deferrable", "off"},
    {"transform_null_equals", "off"},
    {"exit_on_error", "off"},
    {"client_min_messages", "notice"},
    // Infinite costs are an error of the planner.
    {"cpu_operator_cost", "0.0025"},
    {"cpu_tuple_cost", "0.01"},
    {"cpu_index_tuple_cost", "0.005"},
    {"seq_page_cost", "1"},
    {"random_page_cost", "4"},
};

/// Nobody reads the words of messages but people; theirs are in the language of our own.
constexpr Wanted kSpeaking[] = {{"lc_messages", "C", true}};

constexpr Wanted kReading[] = {
    {"synchronize_seqscans", "off"},
    {"enable_tidscan", "on"},
    {"constraint_exclusion", "off"},  // it evaluates CHECKs while it plans
    {"max_parallel_workers_per_gather", "0"},
    {"jit", "off"},
    {"restrict_nonsystem_relation_kind", "view, foreign-table"},
    {"zero_damaged_pages", "off", true},
    {"ignore_checksum_failure", "off", true},
};

constexpr Wanted kLoading[] = {
    {"default_transaction_read_only", "off"},
    {"synchronous_commit", "off"},
    {"session_replication_role", "origin", true},
};

template <class List>
void append(std::string& values, const List& list) {
  for (const Wanted& wanted : list) {
    if (!values.empty()) values += ", ";
    values += "(" + quote_literal(wanted.name) + ", " + quote_literal(wanted.value) + ", " +
              (wanted.privileged ? "true" : "false") + ")";
  }
}

/// Connection::open() has lifted it already, but where a service file rules. By itself and first: a
/// statement_timeout of the role's or the database's own holds until the message in which it is lifted ends,
/// and 1 ms is too short for the long list. On a busy host it may be too short for this, too.
void lift_statement_timeout(Connection& connection) {
  constexpr int kAttempts = 20;
  for (int attempt = 1;; ++attempt) {
    try {
      connection.query("SET statement_timeout = 0");
      return;
    } catch (const ServerError& error) {
      if (error.sqlstate() != "57014" || attempt == kAttempts) error.raise();
    }
  }
}

/// Two round trips. Settings that this server does not have are left out: restrict_nonsystem_relation_kind
/// came with minor releases, so a version does not tell. search_path goes first, for the second query's own
/// safety.
Settings apply(Connection& connection, const std::string& values, const std::string& lc_monetary) {
  lift_statement_timeout(connection);
  std::string list = values;
  if (!lc_monetary.empty()) list += ", ('lc_monetary', " + quote_literal(lc_monetary) + ", false)";
  const Result result = connection.query(
      "SELECT pg_catalog.set_config('search_path', '', false);"
      "WITH wanted (name, value, privileged) AS (VALUES " +
      list +
      ") "
      "SELECT s.name, w.value, pg_catalog.set_config(s.name, w.value, false) "
      "FROM wanted w JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = pg_catalog.lower(w.name) "
      "WHERE NOT w.privileged OR (s.setting <> w.value AND "
      "pg_catalog.current_setting('is_superuser') = 'on') "
      "UNION ALL SELECT 'lc_monetary', pg_catalog.current_setting('lc_monetary'), '' WHERE " +
      (lc_monetary.empty() ? "true" : "false"));
  Settings settings;
  for (int row = 0; row < result.rows(); ++row) settings[result.text(row, 0)] = result.text(row, 1);
  return settings;
}

}  // namespace

Settings start_reading_session(Connection& connection, const std::string& lc_monetary) {
  std::string values;
  append(values, kCommon);
  append(values, kReading);
  append(values, kSpeaking);
  return apply(connection, values, lc_monetary);
}

void start_loading_session(Connection& connection, const std::string& lc_monetary) {
  std::string values;
  append(values, kCommon);
  append(values, kLoading);
  append(values, kSpeaking);
  apply(connection, values, lc_monetary);
}

std::string loading_session_sql(const std::string& lc_monetary) {
  std::string values;
  append(values, kCommon);
  append(values, kLoading);
  if (!lc_monetary.empty()) values += ", ('lc_monetary', " + quote_literal(lc_monetary) + ", false)";
  // A block of its own, for SELECT would print a row for each setting.
  return "DO $pgassay$ BEGIN PERFORM pg_catalog.set_config(s.name, w.value, false) FROM (VALUES " + values +
         ") w (name, value, privileged) JOIN pg_catalog.pg_settings s"
         " ON pg_catalog.lower(s.name) = pg_catalog.lower(w.name) WHERE NOT w.privileged"
         " OR (s.setting <> w.value AND pg_catalog.current_setting('is_superuser') = 'on'); END $pgassay$";
}

std::string child_options(int server_version) {
  std::string options =
      "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
      " -c default_transaction_read_only=off -c row_security=off"
      // pg_dumpall sets none of these, and writes roles' VALID UNTIL in the style of the database it connects
      // to.
      " -c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c bytea_output=hex"
      " -c standard_conforming_strings=on"
      " -c quote_all_identifiers=off -c transform_null_equals=off -c array_nulls=on -c exit_on_error=off"
      " -c client_min_messages=notice -c cpu_operator_cost=0.0025 -c cpu_tuple_cost=0.01"
      " -c cpu_index_tuple_cost=0.005 -c seq_page_cost=1 -c random_page_cost=4 -c "
      "default_transaction_isolation=read\\ "
      "committed"
      " -c default_transaction_deferrable=off";
  if (server_has(server_version, Feature::idle_session_timeout)) options += " -c idle_session_timeout=0";
  if (server_has(server_version, Feature::transaction_timeout)) options += " -c transaction_timeout=0";
  return options;
}

}  // namespace pgassay
