#include "proof/values_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "core/postgres/large_objects.h"

namespace pgassay::proof {
namespace {

__extension__ using int128 = __int128;

std::map<QualifiedName, SequenceAttributes> attributes_of_all(Connection& leader) {
  const Result result = leader.query(
      "SELECT n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,"
      " s.seqmin, s.seqmax, s.seqcache, s.seqcycle FROM pg_catalog.pg_sequence s"
      " JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace");
  std::map<QualifiedName, SequenceAttributes> out;
  for (int row = 0; row < result.rows(); ++row)
    out[{result.text(row, 0), result.text(row, 1)}] = {
        result.text(row, 2),    result.integer(row, 3), result.integer(row, 4), result.integer(row, 5),
        result.integer(row, 6), result.integer(row, 7), result.boolean(row, 8)};
  return out;
}

/// "increment 2 instead of 1, …"; empty where both are the same.
std::string attribute_differences(const SequenceAttributes& then, const SequenceAttributes& now) {
  std::vector<std::string> found;
  if (then.type != now.type) found.push_back(fmt::format("type {} instead of {}", now.type, then.type));
  const auto number = [&](const char* what, std::int64_t before, std::int64_t after) {
    if (before != after) found.push_back(fmt::format("{} {} instead of {}", what, after, before));
  };
  number("start", then.start, now.start);
  number("increment", then.increment, now.increment);
  number("minimum", then.min, now.min);
  number("maximum", then.max, now.max);
  number("cache", then.cache, now.cache);
  if (then.cycle != now.cycle) found.emplace_back(now.cycle ? "it cycles" : "it does not cycle");
  return fmt::to_string(fmt::join(found, ", "));
}

/// The value that nextval() would give, but for a sequence's ends.
int128 next_value(std::int64_t last_value, bool is_called, std::int64_t increment) {
  return static_cast<int128>(last_value) + (is_called ? increment : 0);
}

class SequenceProof {
 public:
  SequenceProof(Connection& leader, std::vector<Check>& checks, std::set<CheckId>* made)
      : made_(made),
        leader_(leader),
        attributes_(attributes_of_all(leader)),
        checks_(checks),
        before_(checks.size()) {}

  void batch(const Sequence* begin, const Sequence* end) {
    std::string sql;
    std::vector<const Sequence*> there;
    for (const Sequence* sequence = begin; sequence != end; ++sequence) {
      if (!attributes_.contains(sequence->name)) {
        differs(*sequence, Verdict::fail, "it is missing");
        if (made_ != nullptr) made_->insert({CheckKind::sequence, sequence->name.shown(), {}});
        continue;
      }
      sql += fmt::format("{}SELECT {} AS n, last_value, is_called FROM {}",
                         there.empty() ? "" : " UNION ALL ", there.size(), sequence->name.quoted());
      there.push_back(sequence);
    }
    if (there.empty()) return;
    leader_.query("SAVEPOINT pgassay");
    try {
      const Result result = leader_.query(sql + " ORDER BY n");
      for (int row = 0; row < result.rows(); ++row)
        compare(*there[static_cast<std::size_t>(row)], result.integer(row, 1), result.boolean(row, 2));
    } catch (const ServerError& error) {
      checks_.push_back(
          {"sequences", Verdict::unverified, fmt::format("could not be read: {}", error.what())});
    }
    leader_.query("ROLLBACK TO SAVEPOINT pgassay; RELEASE SAVEPOINT pgassay");
  }

  void finish() {
    if (checks_.size() > before_ || equal_ + ahead_ == 0) return;
    const std::string ahead = ahead_ > 0 ? fmt::format(", {} of them ahead of the backup", ahead_) : "";
    checks_.push_back({"sequences", Verdict::pass, fmt::format("{} sequences{}", equal_ + ahead_, ahead)});
  }

 private:
  void compare(const Sequence& then, std::int64_t last_value, bool is_called) {
    if (made_ != nullptr) made_->insert({CheckKind::sequence, then.name.shown(), {}});
    const SequenceAttributes& now = attributes_[then.name];
    const std::string differences = then.attributes ? attribute_differences(*then.attributes, now) : "";
    const int position = compare_positions(then, last_value, is_called, now.increment);
    if (!differences.empty())
      differs(then, Verdict::fail, differences);
    else if (now.cycle)
      ++equal_;
    else if (position < 0)
      differs(then, Verdict::fail,
              fmt::format("it is behind: last value {} instead of {}", last_value, then.last_value));
    else
      ++(position == 0 ? equal_ : ahead_);
  }
  void differs(const Sequence& sequence, Verdict verdict, const std::string& detail) {
    checks_.push_back({"sequence " + sequence.name.shown(),
                       verdict,
                       detail,
                       {CheckKind::sequence, sequence.name.shown(), {}}});
  }

  std::set<CheckId>* made_;
  Connection& leader_;
  std::map<QualifiedName, SequenceAttributes> attributes_;
  std::vector<Check>& checks_;
  std::size_t before_;
  std::uint64_t equal_ = 0, ahead_ = 0;
};

/// Where the large objects are cut to be read side by side.
std::vector<std::string> starts(Connection& leader) {
  std::vector<std::string> out{""};
  const Result result = leader.query(
      "SELECT pg_catalog.min(oid) FROM (SELECT oid, pg_catalog.ntile(16) OVER (ORDER BY oid) AS tile"
      " FROM pg_catalog.pg_largeobject_metadata) tiles WHERE tile > 1 GROUP BY tile ORDER BY 1");
  for (int row = 0; row < result.rows(); ++row) out.push_back(result.text(row, 0));
  return out;
}

}  // namespace

int compare_positions(const Sequence& then, std::int64_t last_value, bool is_called, std::int64_t increment) {
  int128 here = next_value(last_value, is_called, increment);
  int128 there = next_value(then.last_value, then.is_called, increment);
  if (increment < 0) std::swap(here, there);
  return here < there ? -1 : here > there ? 1 : 0;
}

void check_sequences(Connection& leader, const std::vector<Sequence>& sequences, std::vector<Check>& checks,
                     std::set<CheckId>* made) {
  constexpr std::size_t kAtATime = 200;
  SequenceProof proof(leader, checks, made);
  for (std::size_t begin = 0; begin < sequences.size(); begin += kAtATime)
    proof.batch(sequences.data() + begin, sequences.data() + std::min(sequences.size(), begin + kAtATime));
  proof.finish();
}

void ObjectProof::plan(std::vector<ProofUnit>& units, std::vector<ProofSubject>& subjects) {
  pages_ = subjects.size();
  subjects.push_back({"large objects", {}, {}, {}, false});
  facts_ = subjects.size();
  subjects.push_back({"large objects", {}, {}, {}, false});
  const std::vector<std::string> froms = starts(leader_);
  const Result size = leader_.query("SELECT pg_catalog.pg_relation_size('pg_catalog.pg_largeobject')");
  for (std::size_t i = 0; i < froms.size(); ++i)
    units.push_back(
        {pages_,
         large_object_pages_sql(froms[i], i + 1 < froms.size() ? froms[i + 1] : "", manifest_.encoding),
         size.unsigned_integer(0, 0) / froms.size()});
  units.push_back({facts_, large_object_metadata_sql(manifest_.encoding), 0});
}

void ObjectProof::compare(const std::vector<ProofSubject>& subjects, std::vector<Check>& checks) const {
  const LargeObjects& then = manifest_.large_objects;
  const CheckId of_facts{CheckKind::large_object_facts, {}, {}},
      of_pages{CheckKind::large_objects, {}, "pages"};
  const ProofSubject &pages = subjects[pages_], &facts = subjects[facts_];
  const RowDigest expected_facts = then.metadata ? then.metadata->digest : RowDigest{};
  if (then.count == 0 && facts.problem.empty() && facts.found.rows == 0) return;
  if (!facts.problem.empty())
    checks.push_back({kLargeObjectFacts, Verdict::unverified, facts.problem, of_facts});
  else if (facts.found.rows != expected_facts.rows)
    checks.push_back({"large objects",
                      Verdict::fail,
                      fmt::format("{} objects instead of {}", facts.found.rows, expected_facts.rows),
                      {CheckKind::large_objects, {}, "count"}});
  else if (facts.found != expected_facts)
    checks.push_back({kLargeObjectFacts, Verdict::fail, "some are not what they were", of_facts});
  else
    checks.push_back({kLargeObjectFacts, Verdict::pass, fmt::format("{} objects", then.count), of_facts});

  if (!pages.problem.empty())
    checks.push_back(
        {"large objects", pages.forbidden ? Verdict::unverified : Verdict::fail, pages.problem, of_pages});
  else if (pages.found != then.digest)
    checks.push_back({"large objects", Verdict::fail,
                      fmt::format("{} pages with digest {} instead of {} with {}", pages.found.rows,
                                  pages.found.hex(), then.digest.rows, then.digest.hex()),
                      of_pages});
  else
    checks.push_back({"large objects", Verdict::pass, fmt::format("{} objects", then.count), of_pages});
}

}  // namespace pgassay::proof
