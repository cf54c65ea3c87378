#include <gtest/gtest.h>

#include "tests/fixtures/json_schema.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

std::string schema(const std::string& name) {
  return read_file(Path(PGASSAY_SOURCE_DIR) / "docs" / name);
}

struct Schemas : testing::Test {
  test::TemporaryDir temporary;
  std::string manifest = test::manifest_text(
      test::write_sample(Place(temporary.path()), {"prod", "caf\xe9", "20261123T020000Z-2"}));

  std::string changed(const std::string& from, const std::string& to) {
    std::string text = manifest;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, from.size(), to);
  }
};

TEST_F(Schemas, AWrittenManifestIsValid) {
  EXPECT_EQ(test::schema_violations(schema("manifest.schema.json"), manifest), std::vector<std::string>{});
}

TEST_F(Schemas, AManifestOfBinaryRowsIsValid) {
  EXPECT_EQ(test::schema_violations(
                schema("manifest.schema.json"),
                changed("\"data\": \"copied\"", "\"data\": \"copied\", \"row_format\": \"binary\"")),
            std::vector<std::string>{});
}

TEST_F(Schemas, AManifestWithAMissingOrAStrangeFieldIsNot) {
  const std::string rules = schema("manifest.schema.json");
  EXPECT_FALSE(test::schema_violations(rules, changed("\"label\"", "\"lebal\"")).empty());
  EXPECT_FALSE(test::schema_violations(rules, changed("\"kind\": \"r\"", "\"kind\": \"x\"")).empty());
  EXPECT_FALSE(test::schema_violations(rules, changed("[0, 4]", "[0, 4, 8]")).empty());
  EXPECT_FALSE(test::schema_violations(rules, changed("\"rows\": ", "\"rows\": -")).empty());
}

TEST_F(Schemas, WrittenEvidenceIsValid) {
  Evidence evidence;
  evidence.kind = "drill";
  evidence.started = evidence.finished = parse_rfc3339("2026-11-23T02:00:00.123456Z");
  evidence.scope = "all";
  evidence.checks = {{"parts", Verdict::fail, "1 of 2"}};
  evidence.findings = {{"data/caf\xe9", "rows", "3, 4"}};
  evidence.phases = {{"load", 0.25}};
  evidence.facts = {{"image", "postgres:15"}};
  evidence.notes = {"schema public: every new database has it"};
  EXPECT_EQ(test::schema_violations(schema("evidence.schema.json"), to_json(evidence)),
            std::vector<std::string>{});
}

TEST(RepositoryFormat, ItsExampleOfARowDigestIsRight) {
  RowDigest digest;
  digest.add(as_bytes("1\tAda"));
  digest.add(as_bytes("2\t\\N"));
  const std::string text = read_file(Path(PGASSAY_SOURCE_DIR) / "docs/repository-format.md");
  EXPECT_NE(text.find("sum mod 2^128     = " + digest.hex()), std::string::npos) << digest.hex();
}

}  // namespace
}  // namespace pgassay
