#include "core/repository/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "core/repository/layout.h"
#include "core/system/error.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

struct ManifestTest : testing::Test {
  test::TemporaryDir temporary;
  Manifest manifest = test::write_sample(Place(temporary.path()), {"prod", "app", "20261123T020000Z"});
  std::string text = test::manifest_text(manifest);

  std::string refusal(const std::string& json) {
    try {
      parse_manifest(json, "manifest.json");
      return "accepted";
    } catch (const BadBackup& error) {
      return error.what();
    }
  }
  std::string refusal_of(const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return refusal(changed.replace(at, from.size(), to));
  }
};

TEST_F(ManifestTest, ComesBackFromItsTextAsItWas) {
  const Manifest again = parse_manifest(text, "manifest.json");
  EXPECT_EQ(test::manifest_text(again), text);
  ASSERT_EQ(again.relations.size(), manifest.relations.size());
  EXPECT_EQ(again.relations[0].parts[1].pages, (PageRange{4, std::nullopt}));
  EXPECT_EQ(again.relations[0].oid, Oid{16400});
  EXPECT_EQ(again.relations[0].types[1], "character varying(20)");
  EXPECT_EQ(again.relations[0].generated.at(0).expression, "(id * 2)");
  EXPECT_EQ(again.relations[2].name.name, "caf\xe9");
  EXPECT_EQ(again.relations[2].columns, std::vector<std::string>{"na\xefve"});
  EXPECT_EQ(again.summary.label, manifest.summary.label);
  EXPECT_EQ(again.summary.snapshot.taken, manifest.summary.snapshot.taken);
  EXPECT_EQ(again.sequences[1].last_value, -9);
}

TEST_F(ManifestTest, TellsWhichRowsAreBinary) {
  EXPECT_EQ(text.find("row_format"), std::string::npos);
  manifest.relations[1].format = RowFormat::binary;
  const Manifest again = parse_manifest(test::manifest_text(manifest), "manifest.json");
  EXPECT_EQ(again.relations[0].format, RowFormat::text);
  EXPECT_EQ(again.relations[1].format, RowFormat::binary);
  EXPECT_EQ(again.relations[1].parts.at(0).format, RowFormat::binary);
  EXPECT_EQ(refusal_of("\"data\": \"copied\"", "\"data\": \"copied\", \"row_format\": \"csv\""),
            "manifest.json: /relations/0/row_format: is none of text, binary");
}

TEST_F(ManifestTest, TellsWhatGeneratedColumnsHold) {
  EXPECT_EQ(text.find("generated_digest"), std::string::npos);
  EXPECT_FALSE(parse_manifest(text, "manifest.json").relations[0].generated_digest);
  GeneratedDigest digest;
  digest.line = manifest.relations[0].digest;
  digest.columns = {{uint128{5} << 100, 3}};
  manifest.relations[0].generated_digest = digest;
  const Manifest again = parse_manifest(test::manifest_text(manifest), "manifest.json");
  EXPECT_EQ(again.relations[0].generated_digest, digest);
  EXPECT_TRUE(again.relations[0].generated[0].stored);
  manifest.relations[0].generated[0].stored = false;
  EXPECT_EQ(parse_manifest(test::manifest_text(manifest), "manifest.json").relations[0].generated_digest,
            digest);
  EXPECT_FALSE(
      parse_manifest(test::manifest_text(manifest), "manifest.json").relations[0].generated[0].stored);
  manifest.relations[0].generated_digest->columns.clear();
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("not as many columns as are generated and digested"),
            std::string::npos);
}

TEST_F(ManifestTest, TellsTheContentsOfMaterializedViewsWhereTheyWereAskedFor) {
  for (Relation& relation : manifest.relations) EXPECT_FALSE(relation.contents);
  Relation view;
  view.name = {"public", "mv"};
  view.kind = 'm';
  view.data = Data::none;
  view.contents = RowDigest{3, 9};
  manifest.relations.push_back(view);
  EXPECT_EQ(parse_manifest(test::manifest_text(manifest), "manifest.json").relations.back().contents,
            (RowDigest{3, 9}));
}

TEST_F(ManifestTest, TellsWhatSequencesAreAndWhatToolsSaid) {
  EXPECT_FALSE(parse_manifest(text, "manifest.json").sequences[0].attributes);
  EXPECT_TRUE(parse_manifest(text, "manifest.json").tools_said.empty());
  manifest.sequences[0].attributes = {"smallint", 3, -2, -7, 9, 4, true};
  manifest.tools_said = {{"pg_dump", "warning: owner of table \"t\" appears to be invalid"}};
  const Manifest again = parse_manifest(test::manifest_text(manifest), "manifest.json");
  EXPECT_EQ(again.sequences[0].attributes, manifest.sequences[0].attributes);
  ASSERT_EQ(again.tools_said.size(), 1U);
  EXPECT_EQ(again.tools_said[0].shown(), "pg_dump said: warning: owner of table \"t\" appears to be invalid");
}

TEST_F(ManifestTest, TellsWhatRolesAreWhereThatIsKnown) {
  EXPECT_EQ(parse_manifest(text, "manifest.json").roles, manifest.roles);
  ASSERT_EQ(manifest.roles->size(), 2U);
  manifest.roles->clear();
  EXPECT_EQ(parse_manifest(test::manifest_text(manifest), "manifest.json").roles, manifest.roles);
  manifest.roles.reset();
  EXPECT_FALSE(parse_manifest(test::manifest_text(manifest), "manifest.json").roles);
  EXPECT_EQ(refusal_of("\"valid_until\": \"infinity\"", "\"valid_until\": 5"),
            "manifest.json: /roles/0/valid_until: is not a string");
}

TEST_F(ManifestTest, APartitionOfAnotherFormatThanItsRootIsAContradiction) {
  for (Relation& relation : manifest.relations)
    if (relation.kind == 'p') relation.format = RowFormat::binary;
  EXPECT_NE(refusal(test::manifest_text(manifest))
                .find("public.measurements_2026: its rows are not of the format that its root names"),
            std::string::npos);
}

TEST_F(ManifestTest, ANameThatIsNotUtf8IsWrittenInHex) {
  EXPECT_NE(text.find(R"("name": {"hex": "636166e9"})"), std::string::npos);
}

TEST_F(ManifestTest, TheSummaryIsReadThoughTheRestIsCutOff) {
  const std::size_t rest = text.find("\"server\"");
  const ManifestSummary summary = parse_manifest_summary(text.substr(0, rest + 10), "manifest.json");
  EXPECT_EQ(summary.rows, manifest.summary.rows);
  EXPECT_EQ(summary.id, manifest.summary.id);
}

TEST_F(ManifestTest, TextCutAnywhereIsRefused) {
  for (std::size_t length = 0; length + 1 < text.size(); length += 7) {
    EXPECT_THROW(parse_manifest(text.substr(0, length), "manifest.json"), BadBackup) << length;
  }
}

TEST_F(ManifestTest, ANewerFormatIsRefusedInPlainWords) {
  EXPECT_EQ(refusal_of("\"format\": 1", "\"format\": 2"),
            "manifest.json: written by a newer pgassay: its format is 2, this one reads up to 1");
}

TEST_F(ManifestTest, AMissingFieldIsNamed) {
  EXPECT_EQ(refusal_of("\"label\"", "\"lebal\""), "manifest.json: /label: missing");
  EXPECT_EQ(refusal_of("\"via_root\"", "\"via_rood\""), "manifest.json: /relations/0/via_root: missing");
  EXPECT_EQ(refusal_of("\"relations\"", "\"relation\""), "manifest.json: /relations: missing");
}

TEST_F(ManifestTest, TypesThatAreNotAsManyAsColumnsAreRefused) {
  EXPECT_EQ(refusal_of("[\"integer\", ", "["),
            "manifest.json: /relations/0/types: are not as many as there are columns");
}

TEST_F(ManifestTest, AFieldOfAnotherTypeIsNamed) {
  EXPECT_EQ(refusal_of("\"pages\": [0, 4]", "\"pages\": [0, -4]"),
            "manifest.json: /relations/0/parts/0/pages: does not hold page numbers");
  EXPECT_EQ(refusal_of("\"last_value\": -9", "\"last_value\": 0.5"),
            "manifest.json: /sequences/1/last_value: is not a whole number of 64 bits");
  EXPECT_EQ(refusal_of("\"data\": \"copied\"", "\"data\": \"copid\""),
            "manifest.json: /relations/0/data: is none of copied, excluded, none");
}

TEST_F(ManifestTest, AFieldThatIsThereTwiceIsNamed) {
  EXPECT_EQ(refusal_of("\"label\"", "\"label\": \"\", \"label\""), "manifest.json: /label: is there twice");
}

TEST_F(ManifestTest, AnUnknownFieldIsIgnored) {
  EXPECT_EQ(refusal_of("\"label\"", "\"later\": {\"relations\": [1, {}]}, \"label\""), "accepted");
  EXPECT_EQ(refusal_of("\"via_root\"", "\"later\": [null], \"via_root\""), "accepted");
}

TEST_F(ManifestTest, AFileThatLeavesTheDirectoryIsRefused) {
  manifest.files[0].file = "../other/schema.pgdump";
  EXPECT_EQ(refusal(test::manifest_text(manifest)),
            "manifest.json: contradicts itself: ../other/schema.pgdump: is no file that a backup may name");
}

TEST_F(ManifestTest, AFileNamedTwiceIsRefused) {
  manifest.relations[1].parts[0].file = manifest.relations[2].parts[0].file;
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("is named twice"), std::string::npos);
}

TEST_F(ManifestTest, RowsThatDoNotSumUpAreRefused) {
  manifest.relations[0].digest.rows += 1;
  EXPECT_EQ(refusal(test::manifest_text(manifest)),
            "manifest.json: contradicts itself: public.orders: rows: 500 of its parts, 501 its own");
}

TEST_F(ManifestTest, DigestsThatDoNotSumUpAreRefused) {
  manifest.relations[0].parts[0].digest.sum += 1;
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("public.orders: digest: "), std::string::npos);
}

TEST_F(ManifestTest, ARootThatIsNotTheSumOfItsLeavesIsRefused) {
  manifest.relations[4].digest.sum += 1;
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("public.measurements: digest: "), std::string::npos);
}

TEST_F(ManifestTest, PageRangesThatLeaveAHoleAreRefused) {
  manifest.relations[0].parts[1].pages = PageRange{5, std::nullopt};
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("its pages do not follow the part before it"),
            std::string::npos);
  manifest.relations[0].parts[1].pages = PageRange{4, 9};
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("no part holds the pages from 9 on"),
            std::string::npos);
}

TEST_F(ManifestTest, ASummaryThatIsNotTheSumIsRefused) {
  manifest.summary.stored_bytes += 1;
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("stored_bytes: "), std::string::npos);
}

TEST_F(ManifestTest, NumbersWhoseSumPassesTheLargestAreRefused) {
  // Added up modulo 2^64 they are what the summary says.
  manifest.relations[0].parts[0].raw += std::uint64_t{1} << 63;
  manifest.relations[0].parts[1].raw += std::uint64_t{1} << 63;
  EXPECT_NE(refusal(test::manifest_text(manifest)).find("numbers: their sum passes 2^64"), std::string::npos);
}

TEST_F(ManifestTest, NumbersThatDoNotFitTheirTypeAreRefused) {
  EXPECT_EQ(refusal_of("\"oid\": 16401", "\"oid\": 4294983697"),
            "manifest.json: /sequences/0/oid: is no OID: it passes 2^32 - 1");
  EXPECT_NE(refusal_of("\"raw_bytes\": ", "\"raw_bytes\": 1844674407370955161"), "accepted");
}

TEST_F(ManifestTest, SumsNameEveryFileSortedBehindTheManifest) {
  const std::string sums = sha256sums(manifest, Sha256{});
  EXPECT_TRUE(sums.starts_with(std::string(64, '0') + "  manifest.json\n"));
  EXPECT_EQ(static_cast<std::size_t>(std::count(sums.begin(), sums.end(), '\n')),
            manifest.stored_files().size() + 1);
  EXPECT_LT(sums.find("  data/"), sums.find("  schema.pgdump"));
}

/// In seconds of this process's CPU, which other processes take nothing from.
double cpu_seconds_to_read(int relations) {
  Manifest manifest = test::empty_manifest({"prod", "app", "20261123T020000Z"});
  for (int i = 0; i < relations; ++i) {
    Relation relation;
    relation.name = {"public", "table_" + std::to_string(i)};
    relation.columns.assign(10, "column");
    Part part;
    part.file = part_file(relation.name, 0);
    relation.parts = {part};
    manifest.relations.push_back(relation);
    manifest.sequences.push_back({relation.name, Oid::none, 1, true, ""});
  }
  test::set_sums(manifest);
  const std::string text = test::manifest_text(manifest);
  const std::clock_t before = std::clock();
  EXPECT_EQ(parse_manifest(text, "manifest.json").relations.size(), static_cast<std::size_t>(relations));
  return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

/// A reader of quadratic cost would take a hundred times as long.
TEST(ManifestOfManyRelations, IsReadInTimeByTheirNumber) {
  EXPECT_LT(cpu_seconds_to_read(8000), 40 * (cpu_seconds_to_read(800) + 0.01));
}

}  // namespace
}  // namespace pgassay
