#include "tests/bench/second_night.h"

#include <fmt/format.h>

#include <memory>
#include <set>

#include "core/postgres/session.h"
#include "core/stream/parts.h"
#include "tests/bench/results.h"

namespace pgassay::bench {
namespace {

constexpr std::uint64_t kMeans[] = {4, 8, 16, 32};  // MiB

/// One COPY, cut in several ways at once; what is compressed is thrown away.
class Cuts : public ChunkSink {
 public:
  Cuts(const Place& dir, std::vector<std::map<Sha256, std::uint64_t>>& found) {
    for (std::size_t i = 0; i < std::size(kMeans); ++i) {
      encoders_.push_back(std::make_unique<PartEncoder>(1));
      writers_.push_back(std::make_unique<PartsWriter>(
          *encoders_.back(), dir, RowFormat::text, RowCuts{kMeans[i] << 20},
          [i, number = 0]() mutable { return fmt::format("{}.{}", i, number++); },
          [&found, i, dir](Part part) {
            remove_tree(dir / part.file);
            found[i][part.sha] = part.stored;
          }));
    }
  }
  void chunk(Bytes bytes) override {
    for (const auto& writer : writers_) writer->chunk(bytes);
  }
  void finish() {
    for (const auto& writer : writers_) writer->finish();
  }

 private:
  std::vector<std::unique_ptr<PartEncoder>> encoders_;
  std::vector<std::unique_ptr<PartsWriter>> writers_;
};

using Night = std::vector<std::map<Sha256, std::uint64_t>>;

Night read(const Lab& lab, const std::string& database) {
  const ScratchDir scratch(lab.options().scratch);
  Connection connection = Connection::open(ConnInfo::parse(lab.conninfo(database)), "bench", {});
  start_reading_session(connection, "C");
  Night night(std::size(kMeans));
  for (const char* table : {"orders", "events"}) {
    Cuts cuts(Place(scratch / ""), night);
    connection.copy_out(fmt::format("COPY public.{} TO STDOUT", table), cuts);
    cuts.finish();
  }
  return night;
}

double new_bytes(const std::map<Sha256, std::uint64_t>& before,
                 const std::map<Sha256, std::uint64_t>& after) {
  std::uint64_t all = 0, fresh = 0;
  for (const auto& [sha, stored] : after) {
    all += stored;
    fresh += before.contains(sha) ? 0 : stored;
  }
  return 100.0 * static_cast<double>(fresh) / static_cast<double>(all);
}

struct Day {
  const char* what;
  std::string sql;  ///< with {rows}
  std::optional<double> at_most;
};

}  // namespace

void second_night(Lab& lab) {
  const std::string database = "two_tables";
  const auto rows = std::stod(lab.value(database, "SELECT max(id) FROM orders"));
  const auto id = [&](double share) { return static_cast<long>(rows * share); };
  const Day days[] = {
      {"nothing", "SELECT 1", 1},
      {"VACUUM FULL", "VACUUM FULL", 1},
      {"1 % updated in one stretch of each table",
       fmt::format("UPDATE orders SET shipped = NOT shipped WHERE id BETWEEN {} AND {};"
                   "UPDATE events SET actor = actor + 1 WHERE id BETWEEN {} AND {}",
                   id(0.40), id(0.41), id(0.30), id(0.3075)),
       4},
      {"5 % deleted, 5 % inserted, each in one stretch",
       fmt::format(
           "DELETE FROM orders WHERE id BETWEEN {0} AND {1}; INSERT INTO orders SELECT id + {2}, customer_id,"
           " placed_at, status, total, currency, email, note, shipped, due FROM orders WHERE id BETWEEN {3} "
           "AND {4};"
           "DELETE FROM events WHERE id BETWEEN {5} AND {6}; INSERT INTO events SELECT id + {2}, order_id, "
           "at, kind,"
           " actor, duration, payload, trace FROM events WHERE id BETWEEN {7} AND {8}",
           id(0.60), id(0.65), id(10), id(0.10), id(0.15), id(0.50), id(0.5375), id(0.10), id(0.1375)),
       12},
      {"0.1 % updated, scattered",
       "UPDATE orders SET total = total + 1 WHERE id % 1000 = 7; UPDATE events SET actor = actor + 1 WHERE "
       "id % 1000 = 7",
       std::nullopt}};
  fmt::print("\nsecond_night: what is stored anew after a day, for parts of 4, 8, 16, 32 MiB in the mean\n");
  Night before = read(lab, database);
  for (const Day& day : days) {
    lab.value(database, day.sql);
    Night after = read(lab, database);
    std::string line = fmt::format("  {:<50}", day.what);
    for (std::size_t i = 0; i < std::size(kMeans); ++i)
      line += fmt::format(" {:6.2f} %", new_bytes(before[i], after[i]));
    if (day.at_most) line += fmt::format("   target <= {}", *day.at_most);
    fmt::print("{}\n", line);
    before = std::move(after);
  }
}

}  // namespace pgassay::bench
