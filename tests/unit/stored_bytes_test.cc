#include "verify/stored_bytes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "core/system/subprocess.h"
#include "tests/fixtures/sample_backup.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

namespace fs = std::filesystem;

struct StoredBytesTest : testing::Test {
  test::TemporaryDir temporary;
  Repository repository = Repository::open_or_create(temporary.path() / "repo");
  Backup backup = test::publish_sample(repository);
  Path dir = backup.dir.path();
  const std::string orders = "data/public.orders.0000.copy.zst",
                    more_orders = "data/public.orders.0001.copy.zst";

  verify::StoredBytes result;
  std::vector<Finding> verify(verify::VerifyOptions options = {}) {
    Observer silent;
    verify::VerifyFindings findings;
    result = check_stored_bytes(backup.dir, options, findings, silent, {});
    return findings.sorted();
  }
  bool found(const std::string& file, const std::string& kind) {
    const auto findings = verify();
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& f) { return f.file == file && f.kind == kind; });
  }
  Verdict verdict_of(const std::string& check) {
    for (const Check& one : result.checks) {
      if (one.name == check) return one.verdict;
    }
    ADD_FAILURE() << "no check " << check;
    return Verdict::unverified;
  }
  /// Changes the manifest as somebody would who also puts SHA256SUMS right.
  void forge(const std::function<void(Manifest&)>& change) {
    Manifest manifest = read_manifest(backup.dir);
    change(manifest);
    const std::string text = test::manifest_text(manifest);
    test::overwrite(dir / kManifestFile, text);
    test::overwrite(dir / kSumsFile, sha256sums(manifest, sha256_of(as_bytes(text))));
  }
};

TEST_F(StoredBytesTest, ASoundBackupPassesEveryCheck) {
  EXPECT_TRUE(verify().empty());
  EXPECT_EQ(overall(result.checks), Verdict::pass);
  EXPECT_EQ(result.checks.size(), 6u);
  EXPECT_EQ(result.rows_read, 300 + 200 + 3 + 10 + 20 + 5u);
}

TEST_F(StoredBytesTest, EvidenceAndHardLinksAreNoFindings) {
  repository.pin(backup, "keep");
  fs::create_hard_link(dir / orders, temporary.path() / "another backup's");
  EXPECT_TRUE(verify().empty());
}

TEST_F(StoredBytesTest, AnyFlippedBitOfAnyFileIsFound) {
  for (const std::string& file : list_files(dir)) {
    const std::string good = read_file(dir / file);
    const std::size_t step = good.size() / 120 + 1;
    for (std::size_t at = 0; at < good.size(); at += step) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at / step % 8)));
      test::overwrite(dir / file, bad);
      const auto findings = verify();
      const bool named = std::any_of(findings.begin(), findings.end(), [&](const Finding& f) {
        return f.file == file || (file == kSumsFile && f.file == kManifestFile);
      });
      ASSERT_TRUE(named) << file << " at " << at;
    }
    test::overwrite(dir / file, good);
  }
  EXPECT_TRUE(verify().empty());
}

TEST_F(StoredBytesTest, TruncationAtAnyOffsetIsFound) {
  for (const std::string& file : list_files(dir)) {
    const std::string good = read_file(dir / file);
    const std::size_t step = file == more_orders ? 1 : good.size() / 25 + 1;
    for (std::size_t length = 0; length < good.size(); length += step) {
      test::overwrite(dir / file, good.substr(0, length));
      ASSERT_FALSE(verify().empty()) << file << " cut to " << length;
    }
    test::overwrite(dir / file, good);
  }
}

TEST_F(StoredBytesTest, DamageIsToldWithItsOffsetAndRows) {
  const std::string good = read_file(dir / orders);
  test::overwrite(dir / orders, good.substr(0, good.size() - 1));
  const auto findings = verify();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].kind, "size");
  EXPECT_EQ(findings[1].kind, "zstd");
  const std::string of = " of " + verify::grouped(good.size() - 1) + "; ";
  EXPECT_NE(findings[1].detail.find(of), std::string::npos) << findings[1].detail;
  EXPECT_NE(findings[1].detail.find(" of 300 rows read before it"), std::string::npos) << findings[1].detail;
}

/// A small file may decode to any size: 16 MiB here, where a few hundred bytes were written.
TEST_F(StoredBytesTest, APartThatDecodesToMoreIsNotDecodedToItsEnd) {
  fs::remove(dir / orders);
  PartEncoder encoder(1);
  PartWriter writer(encoder, Place(dir), orders);
  for (int i = 0; i < 16; ++i) writer.chunk(as_bytes(std::string((1 << 20) - 1, 'x') + "\n"));
  const Part bomb = writer.finish();
  forge([&](Manifest& manifest) {
    Part& part = manifest.relations[0].parts[0];
    ASSERT_EQ(part.file, orders);
    part.sha = bomb.sha;
    part.stored = bomb.stored;
    test::set_sums(manifest);
  });
  const auto findings = verify();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "zstd");
  EXPECT_LT(result.rows_read, 300u);
}

TEST_F(StoredBytesTest, EverythingWrongIsFoundNotOnlyTheFirst) {
  fs::remove(dir / orders);
  test::overwrite(dir / kGlobalsFile, "");
  write_new_file(dir / "data/stray", "");
  EXPECT_TRUE(found(orders, "missing"));
  EXPECT_TRUE(found(std::string(kGlobalsFile), "globals"));
  EXPECT_TRUE(found("data/stray", "extra"));
  EXPECT_EQ(verdict_of(verify::check::kParts), Verdict::fail);
  EXPECT_EQ(verdict_of(verify::check::kInventory), Verdict::pass);
}

TEST_F(StoredBytesTest, AMissingFileOfAnyKindIsFound) {
  for (const std::string& file : list_files(dir)) {
    const std::string good = read_file(dir / file);
    fs::remove(dir / file);
    EXPECT_TRUE(found(file, "missing")) << file;
    EXPECT_EQ(overall(result.checks), Verdict::fail);
    write_new_file(dir / file, good);
  }
}

TEST_F(StoredBytesTest, AnExtraFileIsFoundAmongEvidenceToo) {
  write_new_file(dir / "evidence/notes.txt", "");
  EXPECT_TRUE(found("evidence/notes.txt", "extra"));
}

TEST_F(StoredBytesTest, ASymbolicLinkInThePlaceOfAFileIsFound) {
  fs::rename(dir / orders, temporary.path() / "moved");
  fs::create_symlink(temporary.path() / "moved", dir / orders);
  EXPECT_TRUE(found(orders, "kind"));
}

TEST_F(StoredBytesTest, ASymbolicLinkInThePlaceOfADirectoryIsFound) {
  fs::rename(dir / "data", temporary.path() / "moved");
  fs::create_directory_symlink(temporary.path() / "moved", dir / "data");
  EXPECT_TRUE(found("data", "kind"));
}

TEST_F(StoredBytesTest, SwappedFilesAreFound) {
  fs::rename(dir / orders, dir / "x");
  fs::rename(dir / more_orders, dir / orders);
  fs::rename(dir / "x", dir / more_orders);
  EXPECT_TRUE(found(orders, "sha256"));
  EXPECT_TRUE(found(orders, "rows"));
  EXPECT_TRUE(found(more_orders, "zstd"));  // decodes to more than it should
}

TEST_F(StoredBytesTest, ACapitalLetterInSumsIsFound) {
  std::string sums = read_file(dir / kSumsFile);
  sums[sums.find_first_of("abcdef", sums.find('\n'))] ^= 0x20;
  test::overwrite(dir / kSumsFile, sums);
  EXPECT_TRUE(found("SHA256SUMS", "sums"));
}

TEST_F(StoredBytesTest, AnEditedManifestIsFoundByItsHash) {
  std::string text = read_file(dir / kManifestFile);
  text.replace(text.find("0.1.0"), 5, "0.1.1");
  test::overwrite(dir / kManifestFile, text);
  EXPECT_TRUE(found("manifest.json", "sha256"));
  EXPECT_EQ(verdict_of(verify::check::kSums), Verdict::pass);
}

TEST_F(StoredBytesTest, AnEditedManifestWithFittingSumsIsFoundByTheRows) {
  forge([](Manifest& manifest) {
    for (RowDigest* digest : {&manifest.relations[0].digest, &manifest.relations[0].parts[0].digest})
      --digest->rows;
    --manifest.summary.rows;
  });
  const auto findings = verify();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].detail, "rows: 300 in the file, 299 in the manifest");
}

TEST_F(StoredBytesTest, ATableTakenOutOfTheManifestIsFoundByItsFiles) {
  forge([](Manifest& manifest) {
    manifest.relations.erase(manifest.relations.begin());
    test::set_sums(manifest);
  });
  EXPECT_TRUE(found(orders, "extra"));
}

TEST_F(StoredBytesTest, AManifestThatNamesAFileTwiceIsFound) {
  forge([](Manifest& manifest) {
    manifest.relations[0].parts[1] = manifest.relations[0].parts[0];
    test::set_sums(manifest);
  });
  EXPECT_TRUE(found("manifest.json", "manifest"));
}

TEST_F(StoredBytesTest, AManifestThatLeadsElsewhereIsNotFollowed) {
  forge([](Manifest& manifest) { manifest.files[0].file = "../../../pgassay.json"; });
  EXPECT_TRUE(found("manifest.json", "manifest"));
  EXPECT_FALSE(found("../../../pgassay.json", "sha256"));
}

TEST_F(StoredBytesTest, WithoutAManifestNothingIsTakenForProved) {
  test::overwrite(dir / kManifestFile, "{}");
  EXPECT_TRUE(found("manifest.json", "manifest"));
  EXPECT_EQ(overall(result.checks), Verdict::fail);
  EXPECT_EQ(verdict_of(verify::check::kParts), Verdict::unverified);
}

TEST_F(StoredBytesTest, ASubsetReadsItsPartsAndTogetherTheyReadAll) {
  std::uint64_t rows = 0;
  for (unsigned n = 1; n <= 3; ++n) {
    verify::VerifyOptions options;
    options.subset = {n, 3};
    EXPECT_TRUE(verify(options).empty());
    EXPECT_LT(result.rows_read, 538u);
    rows += result.rows_read;
  }
  EXPECT_EQ(rows, 538u);
}

TEST_F(StoredBytesTest, ASubsetStillFindsWhatIsMissing) {
  fs::remove(dir / orders);
  verify::VerifyOptions options;
  options.subset = {2, 7};
  EXPECT_FALSE(verify(options).empty());
  options.subset = {8, 7};
  EXPECT_THROW(verify(options), UsageError);
}

TEST_F(StoredBytesTest, AStopIsPassedOn) {
  std::stop_source source;
  source.request_stop();
  Observer silent;
  verify::VerifyFindings findings;
  EXPECT_THROW(check_stored_bytes(backup.dir, {}, findings, silent, source.get_token()), Stopped);
}

TEST_F(StoredBytesTest, AFileOutOfReachIsUnverifiedAndNoDamage) {
  if (::geteuid() != 0) FAIL() << "needs root to become another user";
  fs::permissions(temporary.path(), fs::perms(0755));
  for (const auto& entry : fs::recursive_directory_iterator(temporary.path())) {
    fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0755) : fs::perms(0644));
  }
  fs::permissions(dir / orders, fs::perms(0600));
  ASSERT_EQ(::seteuid(65534), 0);
  const bool no_findings = verify().empty();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(no_findings);
  EXPECT_EQ(verdict_of(verify::check::kParts), Verdict::unverified);
  EXPECT_EQ(overall(result.checks), Verdict::unverified);
  fs::permissions(dir / "data", fs::perms(0700));
  ASSERT_EQ(::seteuid(65534), 0);
  const auto findings = verify();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(findings.empty());
  EXPECT_EQ(overall(result.checks), Verdict::unverified);
}

TEST_F(StoredBytesTest, AManifestOfANewerFormatIsUnverifiedAndNoDamage) {
  test::overwrite(dir / kManifestFile, R"({"format": 99})");
  EXPECT_TRUE(verify().empty());
  EXPECT_EQ(verdict_of(verify::check::kManifest), Verdict::unverified);
}

}  // namespace
}  // namespace pgassay
