#include "verify/verify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

namespace fs = std::filesystem;

struct Listener : Observer {
  void message(Level level, std::string_view text, std::string_view) override {
    if (level == Level::warning) warnings.emplace_back(text);
  }
  std::vector<std::string> warnings;
};

struct VerifyTest : testing::Test {
  test::TemporaryDir temporary;
  Path root = temporary.path() / "repo";
  Repository repository = Repository::open_or_create(root);
  Backup backup = test::publish_sample(repository);
  Listener listener;

  Evidence verify() { return verify::verify_backup(repository, repository.find("latest"), {}, listener, {}); }
  Check schema_check(const Evidence& evidence) { return evidence.checks.back(); }
};

TEST_F(VerifyTest, ASoundBackupIsProvedOnRecord) {
  const Evidence evidence = verify();
  for (const Check& check : evidence.checks)
    EXPECT_EQ(check.verdict, Verdict::pass) << check.name << check.detail;
  EXPECT_EQ(evidence.verdict, Verdict::pass);
  EXPECT_EQ(parse_evidence(read_file(evidence.file), evidence.file).scope, "all");
  EXPECT_EQ(repository.find("latest").proofs.verified->verdict, Verdict::pass);
}

TEST_F(VerifyTest, ASchemaArchiveThatWasCutShortBeforeItWasHashedIsFound) {
  Manifest manifest = read_manifest(backup.dir);
  const std::string whole = read_file(backup.dir.path() / kSchemaFile),
                    cut = whole.substr(0, whole.size() - 1);
  test::overwrite(backup.dir.path() / kSchemaFile, cut);
  manifest.files[0] = {std::string(kSchemaFile), cut.size(), sha256_of(as_bytes(cut))};
  test::set_sums(manifest);
  const std::string text = test::manifest_text(manifest);
  test::overwrite(backup.dir.path() / kManifestFile, text);
  test::overwrite(backup.dir.path() / kSumsFile, sha256sums(manifest, sha256_of(as_bytes(text))));
  const Evidence evidence = verify();
  EXPECT_EQ(schema_check(evidence).verdict, Verdict::fail);
  ASSERT_EQ(evidence.findings.size(), 1u);
  EXPECT_EQ(evidence.findings[0].kind, "schema");
}

TEST_F(VerifyTest, ADamagedBackupIsBadOnRecord) {
  test::overwrite(backup.dir.path() / kGlobalsFile, "");
  EXPECT_EQ(verify().verdict, Verdict::fail);
  EXPECT_EQ(repository.find("latest").proofs.verified->verdict, Verdict::fail);
}

TEST_F(VerifyTest, ABackupThatWasMovedIsFoundAndGetsNoEvidenceInItsWrongPlace) {
  const Backup there = backup;
  make_private_dirs(root / "prod/other");
  fs::rename(backup.dir.path(), root / "prod/other" / backup.id.stamp);
  EXPECT_THROW(verify(), BadBackup);
  const std::vector<Backup> all = repository.list();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_THROW(verify::verify_backup(repository, all[0], {}, listener, {}), BadBackup);
  fs::rename(all[0].dir.path(), there.dir.path());
  EXPECT_EQ(verify().verdict, Verdict::pass);
}

TEST_F(VerifyTest, ARepositoryThatCannotBeWrittenGetsAWarningAndAVerdict) {
  if (::geteuid() != 0) FAIL() << "needs root to become another user";
  for (const auto& entry : fs::recursive_directory_iterator(temporary.path())) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0555) : fs::perms(0444));
  }
  fs::permissions(temporary.path(), fs::perms(0555));
  ASSERT_EQ(::seteuid(65534), 0);
  const Evidence evidence = verify();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(evidence.verdict, Verdict::pass);
  EXPECT_TRUE(evidence.file.empty());
  EXPECT_EQ(listener.warnings.size(), 1u);
}

}  // namespace
}  // namespace pgassay
