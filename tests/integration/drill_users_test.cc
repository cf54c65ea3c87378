// Whole drills by the users that README and nightly.md name.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "drill/drill.h"
#include "tests/fixtures/as_user.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

class DrillBy : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(User, DrillBy, testing::Values("root", "postgres", "pgassay"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(DrillBy, ProvesABackupBehindTheSameWalls) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  // Where the package is not installed, somebody who owns as little as its user.
  const std::string user = ::getpwnam(GetParam()) != nullptr ? GetParam() : "nobody";
  const TemporaryDir dir;
  set_mode(dir.path(), 0711);
  const Path work = dir.path() / "work", repository = dir.path() / "repository";
  make_private_dirs(work);
  set_mode(work, 0711);
  const LiveDatabase database("drill_by", "CREATE TABLE t AS SELECT g AS i FROM generate_series(1, 100) g");
  const Ran ran = pgassay({"backup", "--repo", repository.string(), "-d", database.conninfo()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  for (const Path& theirs : {work, repository}) give_tree_to(user, theirs);
  const std::string said = as_user(user, [&] {
    const Repository ours = Repository::open(repository);
    drill::DrillOptions options;
    options.engine = drill::Engine::local;
    options.work_dir = work;
    options.memory_bytes = std::uint64_t{256} << 20;
    Observer silent;
    const Evidence evidence = drill_backup(ours, ours.find("latest"), options, silent, {}).evidence;
    return fmt::format("{} {} {}", to_string(evidence.verdict), evidence.facts.at("sandbox"),
                       evidence.file.empty() ? "not stored" : "stored");
  });
  EXPECT_TRUE(said.starts_with("PASS ")) << said;
  EXPECT_TRUE(said.ends_with(" stored")) << said;
  EXPECT_EQ(said.find("weak"), std::string::npos) << said;
  EXPECT_EQ(list_names(work), std::vector<std::string>());
}

}  // namespace
}  // namespace pgassay::test
