// The script of docs/restore-without-pgassay.md, taken from the page and run.
#include <gtest/gtest.h>

#include "core/system/subprocess.h"
#include "tests/fixtures/local_server.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/sample_sql.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

std::string script_of(const Path& page) {
  const std::string text = read_file(page);
  constexpr std::string_view kOpening = "```bash\n", kClosing = "\n```";
  const std::size_t begin = text.find(kOpening) + kOpening.size();
  return text.substr(begin, text.find(kClosing, begin) - begin);
}

TEST(RestoreWithoutPgassay, GivesTheSampleDatabaseBack) {
  const Path source = PGASSAY_SOURCE_DIR;
  LocalServer& server = shared_server();
  server.create_database("sample");
  server.psql("sample", sample_sql(server));
  const RoundTrip round_trip;
  const Backup backup =
      round_trip.back_up("sample", {"stock.*", "odd.no_columns", "odd.empty", "odd.session", "Bons*"});
  ASSERT_EQ(read_manifest(backup.dir).find({"stock", "weighing"})->format, RowFormat::binary);

  const TemporaryDir dir;
  write_new_file(dir.path() / "restore.sh", script_of(source / "docs/restore-without-pgassay.md"));
  Command restore;
  restore.argv = {"bash", dir.path() / "restore.sh", backup.dir.path(), "from the page"};
  const auto parameters = server.connection().parameters;
  restore.env = {
      {"PGHOST", parameters.at("host")}, {"PGPORT", parameters.at("port")}, {"PGUSER", "postgres"}};
  const Completed restored = run(restore, {});
  ASSERT_TRUE(restored.ok()) << restored.err;

  // The page says that the database's own properties are left to the reader.
  Command compare;
  compare.argv = {"bash",
                  source / "tests/fixtures/compare_databases.sh",
                  "--skip",
                  "database",
                  server.conninfo("sample"),
                  server.conninfo("from the page")};
  const Completed compared = run(compare, {});
  EXPECT_TRUE(compared.ok()) << compared.out << compared.err;
  server.drop_database("from the page");
  server.drop_database("sample");
}

}  // namespace
}  // namespace pgassay::test
