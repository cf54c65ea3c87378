// What is not pgassay's in a repository: a link, a pipe, a device, a directory, a file with a second name, in
// the place of each of its files and directories; and every command run on it. Nothing outside changes, and
// nothing waits (a hang ends by ctest's time-out).
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#undef major  // which is a method of ours

#include <set>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/sample_backup.h"

namespace pgassay::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

enum class Foreign { link, pipe, device, other_kind, second_name };
constexpr std::pair<Foreign, const char*> kForeign[] = {{Foreign::link, "link"},
                                                        {Foreign::pipe, "pipe"},
                                                        {Foreign::device, "device"},
                                                        {Foreign::other_kind, "the other kind"},
                                                        {Foreign::second_name, "second name"}};

/// Every path below dir, with its inode, size, time of change and mode.
std::string picture(const Path& dir) {
  const Ended ended = run_child({"find", dir, "-printf", "%P %y %i %s %T@ %m\n"});
  return ended.status == 0 ? ended.out : "find: " + ended.err;
}

class ForeignFiles : public testing::Test {
 protected:
  ForeignFiles() : database_("foreign_files", "CREATE TABLE t AS SELECT generate_series(1, 100) AS a") {
    make_private_dirs(outside_ / "20261123T020000Z/data");
    write_new_file(outside_ / "file", "theirs");
    write_new_file(outside_ / "20261123T020000Z/manifest.json", "theirs");
    write_new_file(config_, "[drill]\nengine = \"local\"\nwork_dir = \"work\"\n[source.test]\ndbname = \"" +
                                database_.conninfo() + "\"\n[store.nas]\nurl = \"file://" + nas_.string() +
                                "\"\n");
    make_private_dirs(dir_.path() / "work");
    fs::permissions(dir_.path(), fs::perms(0711));
    fs::permissions(dir_.path() / "work", fs::perms(0711));
    // Two that prune would remove, and one that it keeps, with evidence and a pin.
    EXPECT_EQ(run(vault_.root(), {"nightly", "test"}).status, 0);
    for (const int days : {40, 30})
      publish_sample(vault_.repository(), "test", database_.name(), now() - std::chrono::days(days));
    EXPECT_EQ(run(vault_.root(), {"pin", "latest"}).status, 0);
    publish_sample(vault_.repository(), "other", database_.name());
    EXPECT_EQ(run(vault_.root(), {"source", "alias", "other", "--of", "test"}).status, 0);
    // It holds less than those.
    EXPECT_EQ(run(vault_.root(), {"accept", "latest"}).status, 0);
    // A store, to which an old one was copied.
    make_private_dirs(nas_);
    EXPECT_EQ(run(vault_.root(), {"store", "init", "nas"}).status, 0);
    EXPECT_EQ(
        run(vault_.root(), {"push", vault_.repository().list().front().id.stamp, "--store", "nas"}).status,
        0);
    fs::rename(nas_, saved_nas_);
    newest_ = vault_.newest(database_).dir.below();
    oldest_ = vault_.repository().list().front().dir.below();
    make_private_dirs(vault_.root() / ".partial");
    make_private_dirs(vault_.root() / ".trash/old.01234567");
  }

  Ran run(const Path& repository, Words words) const {
    words.insert(words.end(), {"--repo", repository.string()});
    return pgassay(words, {{"PGASSAY_CONFIG", config_.string()}});
  }

  std::vector<std::string> places() const {
    std::vector<std::string> all = {"pgassay.json",        ".partial", ".trash",
                                    ".trash/old.01234567", "test",     "test/foreign_files"};
    for (const std::string& name : list_names(vault_.root() / ".nightly")) all.push_back(".nightly/" + name);
    all.insert(all.end(),
               {".nightly", "test/foreign_files/.lock", ".sources", ".sources/other.json", ".stores"});
    for (const std::string& name : list_names(vault_.root() / ".stores")) all.push_back(".stores/" + name);
    for (const std::string& backup : {newest_, oldest_}) {
      all.push_back(backup);
      for (const char* name : {"manifest.json", "SHA256SUMS", "schema.pgdump", "globals.sql",
                               "inventory.jsonl.zst", "data", "evidence"})
        all.push_back(backup + "/" + name);
    }
    all.push_back(newest_ + "/data/public.t.0000.copy.zst");
    for (const std::string& name : list_names(vault_.root() / newest_ / "evidence"))
      all.push_back(newest_ + "/evidence/" + name);
    return all;
  }

  /// False: there is no such thing, as a directory with a second name.
  bool put(Foreign foreign, const Path& at) const {
    const bool directory = fs::is_directory(at);
    if (foreign == Foreign::second_name && directory) return false;
    const Path theirs = directory ? outside_ : outside_ / "file";
    if (foreign != Foreign::second_name || at.filename() == ".lock" || at.extension() == ".lock") {
      fs::remove_all(at);
    } else {
      // Of a file that is only read or replaced: its contents stay ours.
      fs::rename(at, outside_ / ("kept" + at.filename().string()));
      fs::create_hard_link(outside_ / ("kept" + at.filename().string()), at);
      return true;
    }
    switch (foreign) {
      case Foreign::link:
        fs::create_symlink(theirs, at);
        break;
      case Foreign::pipe:
        EXPECT_EQ(::mkfifo(at.c_str(), 0600), 0);
        break;
      case Foreign::device:
        EXPECT_EQ(::mknod(at.c_str(), S_IFCHR | 0600, ::makedev(1, 5)), 0);
        break;
      case Foreign::other_kind:
        if (directory)
          write_new_file(at, "");
        else
          make_private_dirs(at);
        break;
      case Foreign::second_name:
        fs::create_hard_link(theirs, at);
        break;
    }
    return true;
  }

  /// Runs the commands on a copy with that in that place, one after the other; the statuses.
  void try_all(const std::vector<Words>& commands) {
    const Path copy = dir_.path() / "copy";
    for (const std::string& place : places()) {
      for (const auto& [foreign, name] : kForeign) {
        for (const Words& words : commands) {
          // Those that only look at the newest do with the oldest what they do with it.
          if (place.starts_with(oldest_) &&
              !std::set<std::string>{"list", "prune", "nightly"}.contains(words.front()))
            continue;
          fs::remove_all(copy);
          ASSERT_EQ(run_child({"cp", "-a", vault_.root(), copy}).status, 0);
          if (!put(foreign, copy / place)) break;
          SCOPED_TRACE(std::string(name) + " as " + place + ": " + words.front());
          const std::string before = picture(outside_);
          if (words.front() == "restore")
            database_.server().psql("postgres", "DROP DATABASE IF EXISTS foreign_files_copy");
          if (words.front() == "push") {
            fs::remove_all(nas_);
            ASSERT_EQ(run_child({"cp", "-a", saved_nas_, nas_}).status, 0);
          }
          const Ran ran = run(copy, words);
          EXPECT_EQ(picture(outside_), before) << ran.err;
          look(foreign, place, words.front(), ran);
          for (const std::string& kept : list_names(outside_))
            if (kept.starts_with("kept")) fs::remove(outside_ / kept);
        }
      }
    }
  }

  /// The commands that need what stands there, and so end with 3; doctor tells of it.
  std::set<std::string> needing(Foreign foreign, const std::string& place) const {
    const std::set<std::string> writers = {"backup", "nightly"},
                                readers = {"verify", "export", "drill", "restore", "push"};
    if (foreign == Foreign::second_name)
      return place == "test/foreign_files/.lock" ? writers
             : place == ".nightly/test.lock"     ? std::set<std::string>{"nightly"}
             : place.starts_with(".stores/") && (place.ends_with(".lock") || place.ends_with(".sent.jsonl"))
                 ? std::set<std::string>{"push"}
                 : std::set<std::string>();
    if (place == "pgassay.json" || place.starts_with(".sources"))
      return {"list",  "show",   "status",  "report", "verify",  "export", "pin",    "unpin",
              "prune", "backup", "nightly", "drill",  "restore", "accept", "source", "push"};
    if (place.starts_with(".stores")) return {"push"};
    if (place == ".partial" || place == ".trash") return {"backup", "nightly", "prune"};
    if (place == ".nightly" || place == ".nightly/test.lock") return {"nightly"};
    if (place == "test" || place.ends_with("/.lock") || place == "test/foreign_files") return writers;
    if (place == newest_)
      return {"show", "verify", "export", "pin", "unpin", "drill", "restore", "accept", "push"};
    if (place == newest_ + "/manifest.json" || place == newest_ + "/SHA256SUMS")
      return {"show", "verify", "export", "drill", "restore", "push"};
    if (place == newest_ + "/evidence") return {"verify", "pin", "unpin", "accept", "push"};
    if (place.starts_with(newest_) && !place.starts_with(newest_ + "/evidence")) return readers;
    return {};
  }

  void look(Foreign foreign, const std::string& place, const std::string& command, const Ran& ran) {
    if (needing(foreign, place).contains(command)) {
      EXPECT_EQ(ran.status, 3) << ran.err << ran.out;
      const bool finds = command == "verify" || command == "nightly" || command == "drill";
      const char* words = foreign == Foreign::second_name ? "a second name" : "which no repository holds";
      EXPECT_TRUE(finds || ran.err.find(words) != std::string::npos) << ran.err;
    } else if (foreign == Foreign::second_name) {
      EXPECT_TRUE(ran.status == 0 || command == "doctor") << ran.status << ran.err << ran.out;
    } else {
      // No such backup, a status that is stale, or evidence that verify finds; but no failure.
      EXPECT_TRUE(std::set({0, 2, 3, 6}).contains(ran.status)) << ran.status << ran.err << ran.out;
    }
    const int doctor = needing(foreign, place).contains("backup") ? 6 : 0;
    EXPECT_EQ(ran.status, command == "doctor" ? doctor : ran.status) << ran.err << ran.out;
  }

  TemporaryDir dir_;
  Path nas_ = dir_.path() / "nas", saved_nas_ = dir_.path() / "saved nas";
  Path outside_ = dir_.path() / "outside", config_ = dir_.path() / "pgassay.toml";
  Vault vault_;
  LiveDatabase database_;
  std::string newest_, oldest_;
};

class ForeignFilesLong : public ForeignFiles {};

TEST_F(ForeignFiles, ChangeNothingOutsideAndHoldNoCommandUp) {
  if (::geteuid() != 0) FAIL() << "needs root to make a device";
  try_all({{"list"},
           {"show", "latest"},
           {"status"},
           {"report", "-o", "/dev/null"},
           {"verify", "latest"},
           {"export", "latest", "-o", "/dev/null"},
           {"pin", "latest"},
           {"unpin", "latest"},
           {"prune", "--keep-min", "1", "--keep-days", "1", "--force"}});
}

TEST_F(ForeignFilesLong, ChangeNothingOutsideWithServersEither) {
  if (::geteuid() != 0) FAIL() << "needs root to make a device";
  try_all(
      {{"backup", "test"},
       {"nightly", "test"},
       {"drill", "latest"},
       {"doctor", "test"},
       {"accept", "latest"},
       {"source", "reset", "other"},
       {"push", "latest", "--store", "nas"},
       {"restore", "latest", "-d", database_.server().conninfo(), "--create", "--into", database_.copy()}});
}

}  // namespace
}  // namespace pgassay::test
