// Four hundred nights of backup, verify, drill and prune in a real repository, under a clock of our own:
// nights that are missed, runs that fail or are killed, clocks that jump, files that rot. Real: repository,
// verification of the stored bytes, retention. Made up: what is backed up, and what a drill would say.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <random>
#include <set>

#include "core/system/disk_use.h"
#include "retention/prune.h"
#include "tests/fixtures/place_of.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"
#include "verify/stored_bytes.h"

namespace pgassay::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::minutes;

constexpr int kFewNights = 120, kNights = 400;
constexpr std::size_t kMostBackups = 70;
const retention::DatabaseName kApp{"prod", "app"};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(engine_); }
  bool percent(int chance) { return below(100) < chance; }
  template <typename T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
  }

 private:
  std::mt19937 engine_;
};

/// Runs it in a child that is killed so many microseconds later, unless it has ended.
void killed_after(int microseconds, const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      act();
    } catch (const std::exception&) {
    }
    ::_exit(0);
  }
  ::usleep(static_cast<useconds_t>(microseconds));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

class Simulation {
 public:
  explicit Simulation(unsigned seed)
      : dice_(seed), repository_(Repository::open_or_create(dir_.path() / "r")) {
    policy_.keep_days = 3 + static_cast<unsigned>(dice_.below(8));
    policy_.keep_min = 2 + static_cast<unsigned>(dice_.below(3));
    policy_.keep_weekly = static_cast<unsigned>(dice_.below(6));
    policy_.keep_monthly = static_cast<unsigned>(dice_.below(6));
    policy_.keep_yearly = static_cast<unsigned>(dice_.below(3));
  }

  void run(int nights) {
    for (int night = 0; night < nights; ++night) {
      SCOPED_TRACE("night " + std::to_string(night));
      live_through(night);
      if (::testing::Test::HasFatalFailure()) return;
    }
    for (const Backup& backup : repository_.list()) check(backup);
  }

  int removed() const { return removed_; }
  int refused() const { return refused_; }
  int killed() const { return killed_; }
  int rotten() const { return rotten_found_; }
  int shrunk() const { return shrunk_; }

 private:
  void live_through(int night) {
    true_time_ += days(1) + minutes(dice_.below(120) - 60);
    if (outage_ > 0 && --outage_ > 0) return;
    if (dice_.percent(1)) outage_ = dice_.below(25);
    if (dice_.percent(5)) return;  // the host was off
    // A volume is lost, and the application begins anew on an empty database; or somebody finds the old one.
    if (shrunk_nights_ > 0 ? --shrunk_nights_ == 0 : dice_.percent(2))
      shrunk_nights_ = shrunk_nights_ > 0 ? 0 : 1 + dice_.below(60);
    set_clock();
    const bool failed = !back_up();
    rot();
    prove(night);
    people();
    if (!dice_.percent(5)) prune_checked(failed);
    // Each night the newest and two others; all of them now and then.
    const std::vector<Backup> backups = repository_.list();
    for (std::size_t i = 0; i < backups.size(); ++i) {
      if (night % 50 == 0 || i + 1 == backups.size()) check(backups[i]);
    }
    for (int i = 0; i < 2 && !backups.empty(); ++i) check(dice_.one_of(backups));
    ASSERT_LE(backups.size(), kMostBackups);
  }

  void set_clock() {
    if (clock_off_nights_ > 0 && --clock_off_nights_ == 0) clock_off_ = days(0);
    if (clock_off_nights_ == 0 && dice_.percent(2)) {
      clock_off_nights_ = 1 + dice_.below(4);
      clock_off_ = dice_.percent(50) ? days(1 + dice_.below(500)) : days(-1 - dice_.below(40));
    }
    now_ = true_time_ + clock_off_;
  }

  /// As backup does it: refuses when the clock is behind, links unchanged parts when they can still be read,
  /// takes all anew once a week.
  bool back_up() {
    const std::optional<Backup> newest = newest_counted();
    if (newest && newest->summary->snapshot.taken > now_) return false;
    if (dice_.percent(8)) {
      if (dice_.percent(50))
        make_private_dirs(repository_.root() / ".partial/prod%2Fapp.00000000deaddead/data");
      return false;
    }
    if (dice_.percent(4)) {
      ++killed_;
      const std::size_t before = repository_.list().size();
      killed_after(dice_.below(20'000), [&] { publish(newest); });
      return repository_.list().size() > before;
    }
    publish(newest);
    now_ += minutes(10);
    return true;
  }

  void publish(const std::optional<Backup>& newest) {
    const RunLock lock = repository_.lock_database("prod", "app", "backup");
    repository_.clear_debris();
    PendingBackup pending = repository_.begin("prod", "app");
    Manifest manifest =
        write_sample(pending.dir(), {"prod", "app", repository_.free_stamp("prod", "app", now_)});
    manifest.summary.snapshot.taken = now_;
    if (shrunk_nights_ > 0) lose_rows(manifest, pending.dir());
    manifest.summary.label = dice_.percent(1) ? "pre-cutover" : "nightly";
    bool rotten = false;
    if (newest && !dice_.percent(14)) {
      for (const StoredFile& file : manifest.stored_files()) {
        rotten |= reuse_part(newest->dir / file.file, file.sha, pending.dir() / file.file) == Reuse::rotten;
      }
    }
    std::move(pending).publish(manifest);
    if (rotten) add_evidence(*newest, "verify", Verdict::fail);
  }

  /// All but 13 rows.
  static void lose_rows(Manifest& manifest, const Place& dir) {
    std::erase_if(manifest.relations, [&](const Relation& relation) {
      if (relation.name.name != "orders") return false;
      for (const Part& part : relation.parts) remove_tree(dir / part.file);
      return true;
    });
    set_sums(manifest);
  }

  /// What an operator who named the backups of the future would leave.
  std::optional<Backup> newest_counted() const {
    std::optional<Backup> newest;
    for (const Backup& backup : repository_.list()) {
      if (backup.summary && !ignored_.contains(backup.id)) newest = backup;
    }
    return newest;
  }

  /// One bit of one file, and so of every backup that shares it.
  void rot() {
    const std::vector<Backup> backups = repository_.list();
    if (backups.empty() || !dice_.percent(4)) return;
    const Path dir = dice_.one_of(backups).dir.path(), file = dir / dice_.one_of(list_files(dir));
    std::string contents = read_file(file);
    if (contents.empty()) return;
    contents[static_cast<std::size_t>(dice_.below(static_cast<int>(contents.size())))] ^= 4;
    overwrite(file, contents);
    rotten_.insert(inode_of(file));
  }

  static std::pair<std::uint64_t, std::uint64_t> inode_of(const Path& file) {
    const DiskUse use = disk_use(place_of(file)).front();
    return {use.device, use.inode};
  }

  bool holds_rot(const Path& dir) const {
    return std::ranges::any_of(
        list_files(dir), [&](const std::string& file) { return rotten_.contains(inode_of(dir / file)); });
  }

  Verdict verdict_on(const Backup& backup) const {
    verify::VerifyOptions options;
    options.jobs = 1;
    verify::VerifyFindings findings;
    Observer nobody;
    const verify::StoredBytes stored = check_stored_bytes(backup.dir, options, findings, nobody, {});
    return overall(stored.checks);
  }

  void check(const Backup& backup) const {
    if (holds_rot(backup.dir.path())) return;
    EXPECT_EQ(backup.problem, "");
    EXPECT_EQ(verdict_on(backup), Verdict::pass) << backup.id.shown();
  }

  void add_evidence(const Backup& backup, const char* kind, Verdict verdict) {
    Evidence evidence;
    evidence.kind = kind;
    evidence.started = evidence.finished = now_;
    evidence.verdict = verdict;
    evidence.scope = "all";
    repository_.add_evidence(backup, evidence);
    rotten_found_ += verdict == Verdict::fail ? 1 : 0;
  }

  void prove(int night) {
    const std::vector<Backup> backups = repository_.list();
    for (const Backup& backup : backups) {
      if (!backup.summary || (night % 30 != 0 && (&backup != &backups.back() || dice_.percent(10)))) continue;
      const Verdict verdict = verdict_on(backup);
      add_evidence(backup, "verify", verdict);
      if (&backup == &backups.back() && night % 7 == 0) add_evidence(backup, "drill", verdict);
    }
  }

  /// Pins, and what somebody does about damage that was reported for a while.
  void people() {
    const int what = dice_.below(100);
    if (what > 10) return;
    const std::vector<Backup> backups = repository_.list();
    if (backups.empty()) return;
    const Backup& one = dice_.one_of(backups);
    if (what == 0) repository_.pin(one, "for a while");
    if (what >= 1 && what < 5) repository_.unpin(one);
    if (what == 5) repository_.accept(backups.back(), "so it is");
    if (what < 5) return;
    for (const Backup& backup : backups) {
      if (!backup.summary) fs::remove_all(backup.dir.path());
      for (const std::string& file : backup.proofs.unreadable)
        fs::remove(backup.dir.path() / kEvidenceDir / file);
    }
  }

  retention::PruneOptions options(const std::vector<Backup>& backups, bool failed) {
    std::set<BackupId> of_the_future;
    for (const Backup& backup : backups) {
      if (backup.summary && backup.summary->snapshot.taken > now_) of_the_future.insert(backup.id);
    }
    // Only who knows that the clock is right says that a backup's date is wrong.
    if (clock_off_ == days(0)) ignored_ = of_the_future;
    std::erase_if(ignored_, [&](const BackupId& id) { return !of_the_future.contains(id); });
    retention::PruneOptions options;
    options.policy = policy_;
    options.after_failed_run = failed;
    options.ignore_future.assign(ignored_.begin(), ignored_.end());
    return options;
  }

  void prune_checked(bool failed) {
    const std::vector<Backup> before = repository_.list();
    if (before.empty()) return;
    retention::PruneOptions options = this->options(before, failed);
    retention::Circumstances circumstances{now_, failed, {}};
    for (const BackupId& id : options.ignore_future) circumstances.ignored_future.insert(id.stamp);
    const std::vector<retention::Decision> decisions = decide(before, policy_, circumstances);
    options.force = clock_off_ == days(0) && dice_.percent(20);
    const bool refuses = refusal(before, decisions, policy_, circumstances, options.force).has_value();
    const bool kill = dice_.percent(10);
    Observer nobody;
    if (kill) {
      ++killed_;
      killed_after(dice_.below(15'000), [&] { prune(repository_, kApp, options, now_, nobody, {}); });
    } else {
      const retention::PruneReport report = prune(repository_, kApp, options, now_, nobody, {});
      EXPECT_EQ(report.problem.has_value(), refuses);
      refused_ += report.problem ? 1 : 0;
      EXPECT_TRUE(list_names(repository_.root() / ".trash").empty());
      EXPECT_TRUE(list_names(repository_.root() / ".partial").empty());
    }
    expect_nothing_needed_went(before, decisions);
    const std::string measure = measure_of(before);
    EXPECT_EQ(measure_of(repository_.list()), measure)
        << "what the next one is measured by changed by a prune";
    if (!before.back().summary || measure == before.back().id.stamp) return;
    ++shrunk_;
    EXPECT_TRUE(fs::exists(repository_.find(measure).dir.path()));
  }

  /// The stamp of what the newest is measured by.
  std::string measure_of(const std::vector<Backup>& backups) const {
    std::vector<const Backup*> counted;
    for (const Backup& backup : backups)
      if (!ignored_.contains(backup.id)) counted.push_back(&backup);
    const Backup* measure =
        retention::newest_accepted(retention::by_time(std::move(counted)), policy_.shrink_alarm);
    return measure ? measure->id.stamp : "";
  }

  void expect_nothing_needed_went(const std::vector<Backup>& before,
                                  const std::vector<retention::Decision>& decisions) {
    std::set<std::string> after;
    bool proven_before = false, proven_after = false;
    for (const Backup& backup : repository_.list()) {
      after.insert(backup.id.stamp);
      proven_after |= is_proven(backup);
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      proven_before |= is_proven(before[i]);
      const bool gone = !after.contains(before[i].id.stamp);
      EXPECT_FALSE(gone && decisions[i].keep) << before[i].id.stamp << ": " << to_string(decisions[i].rule);
      EXPECT_EQ(gone, !fs::exists(before[i].dir.path()));
      removed_ += gone ? 1 : 0;
    }
    EXPECT_EQ(proven_after, proven_before);
  }

  static bool is_proven(const Backup& backup) {
    return backup.summary && backup.proofs.verified && backup.proofs.verified->verdict == Verdict::pass;
  }

  Dice dice_;
  TemporaryDir dir_;
  Repository repository_;
  retention::RetentionPolicy policy_;
  Time true_time_ = parse_rfc3339("2020-11-20T02:00:00Z"), now_;
  std::chrono::days clock_off_{0};
  int clock_off_nights_ = 0, outage_ = 0, removed_ = 0, refused_ = 0, killed_ = 0, rotten_found_ = 0,
      shrunk_nights_ = 0, shrunk_ = 0;
  std::set<BackupId> ignored_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> rotten_;  ///< device and inode
};

void simulate(unsigned seed, int nights) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  // Flushing to a disk four hundred times over is another test's business.
  if (fs::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
  Simulation simulation(seed);
  simulation.run(nights);
  EXPECT_GT(simulation.removed(), nights / 10);
  EXPECT_GT(simulation.killed(), 0);
  EXPECT_GT(simulation.shrunk(), 0);
  if (nights < kNights) return;
  EXPECT_GT(simulation.rotten(), 0);
  EXPECT_GT(simulation.refused(), 0);
}

TEST(Simulation, NightsOfBadLuckLoseNothingThatIsNeeded) {
  simulate(1, kFewNights);
}

class SimulationLong : public ::testing::TestWithParam<unsigned> {};
TEST_P(SimulationLong, FourHundredNightsLoseNothingThatIsNeeded) {
  simulate(GetParam(), kNights);
}
INSTANTIATE_TEST_SUITE_P(Seeds, SimulationLong, ::testing::Range(2u, 22u));

}  // namespace
}  // namespace pgassay::test
