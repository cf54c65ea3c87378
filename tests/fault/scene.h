// A small database with one good backup: what the faults and signals of these tests happen to.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/system/files.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {

/// One server for all tests of a suite, one repository for each test.
class Scene : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  using Arguments = std::vector<std::string>;
  using Environment = std::map<std::string, std::string>;

  /// pgassay with --repo and --json.
  static Arguments pgassay(Arguments arguments, const Path& repository);
  Ended run_pgassay(const Arguments& arguments, const Environment& environment = {}) const {
    return run_child(pgassay(arguments, repository_), environment);
  }
  /// The arguments of `backup -j1` under the name of that source.
  static Arguments backup_of(const std::string& source, unsigned jobs = 1);

  /// The directories of all backups that list knows. None may have a problem.
  std::set<std::string> listed() const;
  void expect_sound(const std::string& backup_dir) const;
  /// An undisturbed backup succeeds, and leaves nothing half done. It is removed again.
  void expect_next_backup_is_whole(const std::string& source) const;
  std::vector<std::string> partial() const;  ///< what is in .partial/

  /// The one value of a query.
  static std::string query(const std::string& sql);
  static int sessions();  ///< of the database, but for this query's own and any named holder
  /// True as soon as the number of sessions is zero.
  static bool sessions_end_within(double seconds);

  Path repository_;
  std::string good_;  ///< the directory of the good backup, of source "nightly"

  static std::unique_ptr<LocalServer> server_;

 private:
  TemporaryDir dir_;
};

/// What the error messages of a --json document say, one a line.
std::string errors_in(const std::string& document);

}  // namespace pgassay::test
