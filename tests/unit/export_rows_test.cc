#include "export/rows.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

struct Text : ChunkSink {
  std::string text;
  void chunk(Bytes bytes) override { text += as_text(bytes); }
};

std::string csv(std::string_view rows, bool one_column = false) {
  Text out;
  exports::CsvWriter writer(out, one_column);
  for (const char& c : rows) writer.chunk(as_bytes({&c, 1}));
  writer.finish();
  return out.text;
}

TEST(CsvWriter, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv("1\tplain\ta,b\tsay \"x\"\n"), "1,plain,\"a,b\",\"say \"\"x\"\"\"\n");
  EXPECT_EQ(csv("a\\nb\tc\\rd\te\\tf\tg\\\\h\n"), "\"a\nb\",\"c\rd\",e\tf,g\\h\n");
}

TEST(CsvWriter, TellsNullFromEmptyText) {
  EXPECT_EQ(csv("\\N\t\t\\\\N\n"), ",\"\",\\N\n");
}

TEST(CsvWriter, QuotesTheEndMarkerWhereItIsAlone) {
  EXPECT_EQ(csv("\\\\.\n", true), "\"\\.\"\n");
  EXPECT_EQ(csv("\\\\.\t1\n"), "\\.,1\n");
}

std::string passed(const std::vector<std::string>& chunks) {
  Text out;
  exports::NoEndMarker rows(out);
  for (const std::string& chunk : chunks) rows.chunk(as_bytes(chunk));
  return out.text;
}

TEST(NoEndMarker, PassesRowsThatCopyWrites) {
  EXPECT_EQ(passed({"a\tb\n\\\\.\n.\n", "\\", "N\n\\n.\n"}), "a\tb\n\\\\.\n.\n\\N\n\\n.\n");
}

TEST(NoEndMarker, RefusesTheEndOfTheRows) {
  EXPECT_THROW(passed({"a\n\\.\n\\! touch x\n"}), BadBackup);
  EXPECT_THROW(passed({"a\n\\", ".\n"}), BadBackup);
  EXPECT_THROW(passed({"\\.\r\n"}), BadBackup);
}

class ExportRows : public ::testing::Test {
 protected:
  std::string rows(const exports::RowExport& what) {
    Text out;
    Observer silent;
    export_rows(repository_, backup_, what, out, silent, {});
    return out.text;
  }
  template <class Failure>
  std::string complaint(const std::string& table) {
    try {
      rows({table});
    } catch (const Failure& error) {
      return error.what();
    }
    return "no error";
  }

  test::TemporaryDir dir_;
  Repository repository_ = Repository::open_or_create(dir_.path() / "repo");
  Backup backup_ = test::publish_sample(repository_);
};

TEST_F(ExportRows, AreThoseOfAllPartsInOrder) {
  const std::string text = rows({"public.orders"});
  EXPECT_TRUE(text.starts_with("0\trow number 0\n1\trow number 7919\n"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 500);
}

TEST_F(ExportRows, OfAPartitionedTableAreThoseOfItsLeaves) {
  EXPECT_EQ(rows({"public.measurements"}), rows({"public.measurements_2026"}));
  EXPECT_TRUE(
      rows({"measurements", exports::ExportFormat::csv, true}).starts_with("id,what\n0,row number 0\n"));
}

TEST_F(ExportRows, AreFoundByNameAlone) {
  EXPECT_EQ(rows({"orders"}), rows({"\"public\".\"orders\""}));
}

TEST_F(ExportRows, ThatAreNotInTheBackupAreMissedAloud) {
  EXPECT_EQ(complaint<UsageError>("public.order"), "no table public.order in the backup");
  EXPECT_EQ(complaint<Error>("log"),
            "the rows of public.log are not in the backup: excluded when it was taken");
  EXPECT_EQ(complaint<Error>("totals"), "public.totals has no rows in the backup: it is a materialized view");
}

TEST_F(ExportRows, ThatAreNotTheManifestsAreABadBackup) {
  std::string part = read_file(backup_.dir.path() / "data/public.orders.0001.copy.zst");
  part[part.size() / 2] = static_cast<char>(part[part.size() / 2] ^ 1);
  test::overwrite(backup_.dir.path() / "data/public.orders.0001.copy.zst", part);
  EXPECT_NE(complaint<BadBackup>("orders"), "no error");
}

}  // namespace
}  // namespace pgassay
