// Extensions' configuration tables, with an extension of our own; where we may not install one, there is
// nothing to see.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/fixtures/child.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

/// Two tables whose child sorts before its parent; rows under 100 are the extension's own, those above the
/// user's.
constexpr const char* kScript = R"(
CREATE TABLE zz_parent (id int PRIMARY KEY, what text);
CREATE TABLE aa_child (id serial PRIMARY KEY, parent int REFERENCES zz_parent, what text);
INSERT INTO zz_parent VALUES (1, 'shipped');
INSERT INTO aa_child (parent, what) VALUES (1, 'shipped');
SELECT pg_catalog.pg_extension_config_dump('zz_parent', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('aa_child', '');
SELECT pg_catalog.pg_extension_config_dump('aa_child_id_seq', '');
)";

class InstalledExtension {
 public:
  InstalledExtension() {
    const Ended shared = run_child({(shared_server().bin_dir() / "pg_config").string(), "--sharedir"});
    dir_ = Path(shared.out.substr(0, shared.out.find('\n'))) / "extension";
    if (!usable()) return;
    std::ofstream(control()) << "default_version = '1'\nrelocatable = true\n";
    std::ofstream(script()) << kScript;
  }
  InstalledExtension(const InstalledExtension&) = delete;
  ~InstalledExtension() {
    std::error_code ignored;
    std::filesystem::remove(control(), ignored);
    std::filesystem::remove(script(), ignored);
  }
  bool usable() const { return ::access(dir_.c_str(), W_OK) == 0; }
  std::string name() const { return fmt::format("pgassay_test_{}", ::getpid()); }

 private:
  Path control() const { return dir_ / (name() + ".control"); }
  Path script() const { return dir_ / (name() + "--1.sql"); }
  Path dir_;
};

TEST(RestoreExtension, BringsTheRowsOfConfigurationTablesBackBesideTheExtensionsOwn) {
  const InstalledExtension extension;
  if (!extension.usable()) GTEST_SKIP() << "may not install an extension";
  const Database source("ext_rows", fmt::format(R"(CREATE SCHEMA e; CREATE EXTENSION {} SCHEMA e;
    INSERT INTO e.zz_parent VALUES (100, 'ours'); UPDATE e.aa_child SET what = 'changed';
    INSERT INTO e.aa_child (parent, what) VALUES (100, 'ours'); SELECT setval('e.aa_child_id_seq', 77);)",
                                                extension.name()));
  const RoundTrip trip;
  const RestoreReport report = trip.restore(trip.back_up("ext_rows"));
  EXPECT_TRUE(report.lost.empty()) << report.lost.at(0);
  EXPECT_EQ(report.verdict, Verdict::pass);
  for (const char* sql : {"SELECT string_agg(p::text, ' ' ORDER BY id) FROM e.zz_parent p",
                          "SELECT string_agg(c::text, ' ' ORDER BY id) FROM e.aa_child c",
                          "SELECT last_value, is_called FROM e.aa_child_id_seq"})
    EXPECT_EQ(source.copied_value(sql), source.value(sql));
}

}  // namespace
}  // namespace pgassay::test
