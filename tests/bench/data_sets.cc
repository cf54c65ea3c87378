#include "tests/bench/data_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace pgassay::bench {

namespace {

/// A hash of i under a name, from 0 to 2^31 - 1: random to look at, the same in every run.
std::string hash(const std::string& name) {
  return fmt::format("(abs(hashint8extended(i, hashtext('{}'))) % 2147483648)", name);
}

std::string pick(const std::string& name, const std::string& words, int count) {
  return fmt::format("('{{{}}}'::text[])[1 + {} % {}]", words, hash(name), count);
}

std::string orders(long rows) {
  return fmt::format(
      "CREATE TABLE orders AS SELECT i AS id, ({} % 900000)::int AS customer_id,"
      " timestamptz '2019-01-01 00:00Z' + i * interval '31.7 s' + {} % 30000 * interval '1 ms' AS placed_at,"
      " {} AS status, ({} % 500000 / 100.0)::numeric(10,2) AS total, {} AS currency,"
      " {} || '.' || {} || '.' || {} % 10000 || '@example.org' AS email,"
      " CASE WHEN i % 11 = 0 THEN 'please leave at ' || {} END AS note, i % 3 > 0 AS shipped,"
      " date '2019-01-02' + (i / 2726)::int AS due FROM generate_series(1::bigint, {}) AS i;"
      "ALTER TABLE orders ADD PRIMARY KEY (id)",
      hash("customer"), hash("ms"), pick("status", "new,paid,packed,shipped,delivered,returned,cancelled", 7),
      hash("total"), pick("currency", "EUR,EUR,EUR,CHF,USD,SEK", 6),
      pick("first", "anna,ben,carla,david,eva,finn,greta,hugo,ida,jan,kira,leo,mia,nils,olga,paul", 16),
      pick("last", "adler,brandt,conrad,dietz,ebert,falk,graf,haas,jung,keller,lang,moser,nagel,otto", 14),
      hash("number"), pick("place", "the door,the neighbours,the garage,reception,the back door", 5), rows);
}

std::string events(const std::string& table, long rows) {
  return fmt::format(
      "CREATE TABLE {0} AS SELECT i AS id, ({1} % 6000000)::bigint AS order_id,"
      " timestamp '2021-03-01' + i * interval '17.3 s' AS at, {2} AS kind, ({3} % 4000)::int AS actor,"
      " {4} / 7919.0::float8 AS duration, jsonb_build_object('ip', format('10.%s.%s.%s', {5} % 256, {6} % "
      "256, i % 256),"
      " 'agent', {7}, 'ok', i % 17 <> 0, 'items', jsonb_build_array({8} % 1000, {9} % 1000)) AS payload,"
      " decode(md5(i::text), 'hex') AS trace FROM generate_series(1::bigint, {10}) AS i;"
      "ALTER TABLE {0} ADD PRIMARY KEY (id)",
      table, hash("order"), pick("kind", "view,click,add_to_cart,checkout,payment,login,logout,search", 8),
      hash("actor"), hash("duration"), hash("a"), hash("b"),
      pick("agent", "Mozilla/5.0 (X11; Linux),Mozilla/5.0 (Windows NT 10.0),okhttp/4.9,curl/8.1", 4),
      hash("x"), hash("y"), rows);
}

std::string small_tables(long first, long last) {
  return fmt::format(
      "DO $$ BEGIN FOR t IN {}..{} LOOP EXECUTE format('CREATE TABLE small_%s (id int PRIMARY KEY, name text "
      "NOT NULL,"
      " at timestamptz); INSERT INTO small_%s SELECT i, md5((i + %s)::text), timestamptz ''2024-01-01 "
      "00:00Z'' +"
      " i * interval ''1 h'' FROM generate_series(1, 20) AS i', t, t, t); END LOOP; END $$",
      first, last);
}

}  // namespace

DataSet data_set(const std::string& name, double scale) {
  const auto scaled = [&](double count) { return std::max(1L, static_cast<long>(count * scale)); };
  const std::string settle = "VACUUM (FREEZE, ANALYZE)";
  if (name == "two_tables") {
    return {name, "two large tables", {orders(scaled(5.6e6)), events("events", scaled(4.2e6))}, {settle}};
  }
  if (name == "one_table") return {name, "one large table", {events("measurements", scaled(4e6))}, {settle}};
  if (name == "indexed_table") {
    const std::string index = "; CREATE INDEX ON measurements (order_id)";
    return {name, "one large table, two indexes", {events("measurements", scaled(4e6)) + index}, {settle}};
  }
  if (name == "small_tables") {
    const long tables = scaled(10'000);
    return {name,
            "10,000 tables of 20 rows with an index each",
            {small_tables(1, tables / 2), small_tables(tables / 2 + 1, tables)},
            {settle}};
  }
  if (name == "large_row") {
    const long hashes = scaled(200.0 * 1024 * 1024 / 32);
    return {name,
            "a table with a row of 200 MiB",
            {"CREATE TABLE large (id int, body text); ALTER TABLE large ALTER body SET STORAGE EXTERNAL;"
             "INSERT INTO large SELECT 1, string_agg(md5(i::text), '') FROM generate_series(1, " +
             std::to_string(hashes) + ") AS i"},
            {settle}};
  }
  throw std::invalid_argument("no such data set: " + name);
}

}  // namespace pgassay::bench
