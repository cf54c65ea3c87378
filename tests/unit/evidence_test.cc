#include "core/repository/evidence.h"

#include <gtest/gtest.h>

#include "core/system/error.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

Evidence sample(const std::string& kind, const std::string& finished, Verdict verdict,
                const std::string& scope = "all") {
  Evidence evidence;
  evidence.kind = kind;
  evidence.finished = parse_rfc3339(finished);
  evidence.started = evidence.finished - std::chrono::seconds(90);
  evidence.verdict = verdict;
  evidence.scope = scope;
  return evidence;
}

struct EvidenceTest : testing::Test {
  test::TemporaryDir temporary;
  Path dir = temporary.path();
  EvidenceTest() { make_private_dirs(dir / "evidence"); }
  void put(const std::string& name, const std::string& text) {
    write_new_file(dir / "evidence" / name, text);
  }
};

TEST_F(EvidenceTest, ComesBackFromItsTextAsItWas) {
  Evidence evidence = sample("drill", "2026-11-23T03:00:00.5Z", Verdict::unverified, "2/7");
  evidence.tool_version = "0.1.0";
  evidence.host = "db1";
  evidence.checks = {{"parts", Verdict::pass, "9 parts"}, {"amcheck", Verdict::unverified, "no extension"}};
  evidence.findings = {{"data/caf\xe9", "rows", "one \"quoted\""}};
  evidence.phases = {{"load", 12.5}};
  evidence.facts = {{"image", "postgres:15"}};
  evidence.notes = {"one", "two"};
  evidence.number = 7;
  const Evidence again = parse_evidence(to_json(evidence), "x.json");
  EXPECT_EQ(to_json(again), to_json(evidence));
  EXPECT_EQ(again.findings[0].file, "data/caf\xe9");
}

TEST_F(EvidenceTest, DamagedEvidenceIsRefusedByFileAndField) {
  std::string text = to_json(sample("verify", "2026-11-23T03:00:00Z", Verdict::pass));
  text.replace(text.find("PASS"), 4, "PASs");
  try {
    parse_evidence(text, "x.json");
    FAIL();
  } catch (const BadBackup& error) {
    EXPECT_STREQ(error.what(), "x.json: /verdict: is none of PASS, FAIL, UNVERIFIED");
  }
}

TEST_F(EvidenceTest, TheNewestProofOfEachKindCounts) {
  put("20261123T030000Z.verify.json", to_json(sample("verify", "2026-11-23T03:00:00Z", Verdict::pass)));
  put("20261124T030000Z.verify.json", to_json(sample("verify", "2026-11-24T03:00:00Z", Verdict::fail)));
  put("20261122T030000Z.drill.json", to_json(sample("drill", "2026-11-22T03:00:00Z", Verdict::pass)));
  const Proofs proofs = read_proofs(Place(dir));
  EXPECT_EQ(proofs.verified->verdict, Verdict::fail);
  EXPECT_EQ(proofs.verified->seconds, 90);
  EXPECT_EQ(proofs.drilled->at, parse_rfc3339("2026-11-22T03:00:00Z"));
  EXPECT_FALSE(proofs.pin);
}

Evidence numbered(Evidence evidence, std::uint64_t number) {
  evidence.number = number;
  return evidence;
}

TEST_F(EvidenceTest, DatedAfterNowIsSetAsideAndTold) {
  const Time now = parse_rfc3339("2026-11-25T00:00:00Z");
  put("1.verify.json", to_json(sample("verify", "2026-11-23T03:00:00Z", Verdict::pass)));
  put("2.verify.json", to_json(numbered(sample("verify", "2031-01-01T03:00:00Z", Verdict::pass), 2)));
  put("2.drill.json", to_json(sample("drill", "2031-01-01T03:00:00Z", Verdict::pass)));
  const Proofs proofs = read_proofs(Place(dir), nullptr, now);
  EXPECT_EQ(proofs.verified->at, parse_rfc3339("2026-11-23T03:00:00Z"));
  EXPECT_FALSE(proofs.drilled);
  EXPECT_EQ(proofs.dated_ahead, (std::vector<std::string>{"2.drill.json", "2.verify.json"}));
  put("3.verify.json", to_json(numbered(sample("verify", "2026-11-24T03:00:00Z", Verdict::unverified), 3)));
  EXPECT_EQ(read_proofs(Place(dir), nullptr, now).dated_ahead.size(), 2U) << "that proves nothing";
  put("4.verify.json", to_json(numbered(sample("verify", "2026-11-24T04:00:00Z", Verdict::pass), 4)));
  EXPECT_EQ(read_proofs(Place(dir), nullptr, now).dated_ahead, (std::vector<std::string>{"2.drill.json"}));
}

TEST_F(EvidenceTest, OfAHostWhoseClockIsAMinuteAheadCounts) {
  const Time now = parse_rfc3339("2026-11-25T00:00:00Z");
  put("1.verify.json", to_json(sample("verify", "2026-11-25T00:01:00Z", Verdict::pass)));
  EXPECT_TRUE(read_proofs(Place(dir), nullptr, now).verified);
}

TEST_F(EvidenceTest, AFailCountsThoughAPassOfAWrongClockIsDatedLater) {
  const Time now = parse_rfc3339("2026-11-25T00:00:00Z");
  put("1.drill.json", to_json(numbered(sample("drill", "2026-11-24T20:00:00Z", Verdict::pass), 1)));
  put("2.drill.json", to_json(numbered(sample("drill", "2026-11-24T03:00:00Z", Verdict::fail), 2)));
  EXPECT_EQ(read_proofs(Place(dir), nullptr, now).drilled->verdict, Verdict::fail);
  put("3.drill.json", to_json(numbered(sample("drill", "2026-11-24T02:00:00Z", Verdict::pass), 3)));
  EXPECT_EQ(read_proofs(Place(dir), nullptr, now).drilled->verdict, Verdict::pass);
}

TEST_F(EvidenceTest, AFailThatIsDatedAfterNowCountsUntilAPassThatWasStoredLater) {
  const Time now = parse_rfc3339("2026-11-25T00:00:00Z");
  put("1.verify.json", to_json(numbered(sample("verify", "2031-01-01T03:00:00Z", Verdict::fail), 1)));
  EXPECT_EQ(read_proofs(Place(dir), nullptr, now).verified->verdict, Verdict::fail);
  put("2.verify.json", to_json(numbered(sample("verify", "2026-11-24T03:00:00Z", Verdict::pass), 2)));
  EXPECT_EQ(read_proofs(Place(dir), nullptr, now).verified->verdict, Verdict::pass);
}

TEST_F(EvidenceTest, WhatCouldNotBeVerifiedDoesNotTakeAFailAway) {
  put("1.drill.json", to_json(numbered(sample("drill", "2026-11-22T03:00:00Z", Verdict::fail), 1)));
  put("2.drill.json", to_json(numbered(sample("drill", "2026-11-23T03:00:00Z", Verdict::unverified), 2)));
  EXPECT_EQ(read_proofs(Place(dir)).drilled->verdict, Verdict::fail);
}

TEST_F(EvidenceTest, OfTwoStoredAtOnceByHostsApartTheFailCounts) {
  put("1.drill.json", to_json(numbered(sample("drill", "2026-11-22T03:00:00Z", Verdict::fail), 4)));
  put("2.drill.json", to_json(numbered(sample("drill", "2026-11-23T03:00:00Z", Verdict::pass), 4)));
  EXPECT_EQ(read_proofs(Place(dir)).drilled->verdict, Verdict::fail);
}

TEST_F(EvidenceTest, OfADrillTheRestoresTimeIsKnown) {
  Evidence evidence = sample("drill", "2026-11-22T03:00:00Z", Verdict::pass);
  evidence.facts[kRestoreSeconds] = "41.250";
  put("1.drill.json", to_json(evidence));
  put("1.verify.json", to_json(sample("verify", "2026-11-22T03:00:00Z", Verdict::pass)));
  const Proofs proofs = read_proofs(Place(dir));
  EXPECT_EQ(proofs.drilled->restore_seconds, 41.25);
  EXPECT_FALSE(proofs.verified->restore_seconds);
}

TEST_F(EvidenceTest, ThatIsOlderThanItsNotesIsStillRead) {
  std::string text = to_json(sample("verify", "2026-11-23T03:00:00Z", Verdict::pass));
  text.erase(text.rfind(",\n"), text.rfind("\n}") - text.rfind(",\n"));
  EXPECT_EQ(text.find("notes"), std::string::npos);
  EXPECT_EQ(parse_evidence(text, "x.json").notes, std::vector<std::string>{});
}

TEST_F(EvidenceTest, ASubsetThatPassedProvesNothingOfTheWhole) {
  put("1.verify.json", to_json(sample("verify", "2026-11-23T03:00:00Z", Verdict::pass, "1/7")));
  EXPECT_FALSE(read_proofs(Place(dir)).verified);
}

TEST_F(EvidenceTest, ASubsetThatFailedCounts) {
  put("1.verify.json", to_json(sample("verify", "2026-11-23T03:00:00Z", Verdict::pass)));
  put("2.verify.json", to_json(sample("verify", "2026-11-24T03:00:00Z", Verdict::fail, "1/7")));
  EXPECT_EQ(read_proofs(Place(dir)).verified->verdict, Verdict::fail);
}

TEST_F(EvidenceTest, WhatCannotBeReadIsReportedAndAnUnreadablePinStillPins) {
  put("1.verify.json", "{");
  put("pin.json", "");
  const Proofs proofs = read_proofs(Place(dir));
  EXPECT_EQ(proofs.unreadable, (std::vector<std::string>{"1.verify.json", "pin.json"}));
  EXPECT_TRUE(proofs.pin);
}

}  // namespace
}  // namespace pgassay
