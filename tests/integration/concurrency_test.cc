// Nine processes at once in one repository: whatever they do to each other, the worst that one may say is
// that something is locked, and afterwards every backup is whole.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;
constexpr int kLocked = 5;

/// Runs one command over and over, and keeps what went wrong.
class Crowd {
 public:
  Crowd(const Path& repository, std::chrono::seconds patience)
      : repository_(repository), until_(Clock::now() + patience) {}

  void keep_running(Words words, const std::function<void()>& after_each = {}) {
    words.insert(words.begin(), PGASSAY_BINARY);
    words.insert(words.end(), {"--repo", repository_.string(), "--quiet"});
    threads_.emplace_back([this, words, after_each] {
      while (Clock::now() < until_) {
        const Ended ended = run_child(words);
        if (ended.status != 0 && ended.status != kLocked) complain(words[1], ended);
        ++(ended.status == 0 ? done_ : locked_);
        if (after_each) after_each();
      }
    });
  }
  void wait() { threads_.clear(); }
  std::string complaints() const { return complaints_; }
  int done() const { return done_; }

 private:
  void complain(const std::string& command, const Ended& ended) {
    const std::lock_guard guard(mutex_);
    complaints_ += command + " ended with " + std::to_string(ended.status) + ": " + ended.err + ended.out;
  }

  const Path repository_;
  const Clock::time_point until_;
  std::mutex mutex_;
  std::string complaints_;
  std::atomic<int> done_ = 0, locked_ = 0;
  std::vector<std::jthread> threads_;
};

void nine_at_once(std::chrono::seconds patience) {
  const std::string sql =
      "CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 2000) i; CREATE TABLE u (x int)";
  const LiveDatabase one("crowd_one", sql), other("crowd_two", sql);
  const Vault vault;
  const TemporaryDir work;
  std::filesystem::permissions(work.path(), std::filesystem::perms(0711));  // for the drill's server
  const auto backup_of = [](const LiveDatabase& database) {
    return Words{"backup", "--source", database.name(), "-j1", "-d", database.conninfo()};
  };
  for (const LiveDatabase* database : {&one, &other}) ASSERT_EQ(vault.run(backup_of(*database)).status, 0);

  const auto drop_copy = [&](const std::string& name) {
    return [&one, name] { one.server().drop_database(name); };
  };
  const Words prune = {"prune", "--keep-days", "0", "--keep-min", "1", "--max-delete-fraction", "1"};
  const Words restore = {"restore", "latest", "--create", "-j1", "-d", one.server().conninfo("postgres")};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  Crowd crowd(vault.root(), patience);
  crowd.keep_running(backup_of(one));
  crowd.keep_running(backup_of(other));
  crowd.keep_running({"verify", "latest", "--database", one.name(), "-j1"});
  crowd.keep_running({"verify", "--all", "-j1"});
  crowd.keep_running(with(restore, {"--database", other.name(), "--into", "crowd_copy"}),
                     drop_copy("crowd_copy"));
  crowd.keep_running({"drill", "latest", "--database", other.name(), "--engine", "local", "--memory", "256MB",
                      "-j1", "--work-dir", work.path().string()});
  crowd.keep_running({"list"});
  crowd.keep_running(prune);
  crowd.keep_running(prune);
  crowd.wait();
  EXPECT_EQ(crowd.complaints(), "");
  EXPECT_GT(crowd.done(), 8);

  for (const LiveDatabase* database : {&one, &other}) {
    EXPECT_EQ(vault.repository().newest(database->name(), database->name()).has_value(), true);
  }
  EXPECT_EQ(vault.run({"prune"}).status, 0);
  EXPECT_EQ(vault.debris(), std::vector<std::string>());
  const Ran verified = vault.run({"verify", "--all"});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  EXPECT_EQ(vault.run(with(restore, {"--database", one.name(), "--into", one.copy()})).status, 0);
}

TEST(Concurrency, NineProcessesLoseNothingAndFailForNothingButALock) {
  nine_at_once(std::chrono::seconds(12));
}

TEST(ConcurrencyLong, NineProcessesForAMinuteLoseNothingAndFailForNothingButALock) {
  nine_at_once(std::chrono::seconds(60));
}

}  // namespace
}  // namespace pgassay::test
