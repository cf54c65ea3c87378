// What is told of a drill: the sentence for an auditor, and JUnit's XML.
#include <gtest/gtest.h>

#include "cli/render/text/drill_text.h"

namespace pgassay::cli {
namespace {

const BackupId kId{"prod", "app", "20261123T020000Z"};

Evidence proved() {
  Evidence evidence;
  evidence.kind = "drill";
  evidence.started = parse_rfc3339("2026-11-23T02:31:00Z");
  evidence.finished = evidence.started + std::chrono::seconds(60);
  evidence.verdict = Verdict::pass;
  evidence.checks = {{"restore", Verdict::pass, "ended clean"}, {"tables", Verdict::pass, "120 tables"}};
  evidence.facts = {{kRestoreSeconds, "41.2"},
                    {drill::fact::kRowsCompared, "9000660"},
                    {drill::fact::kTablesCompared, "120"}};
  return evidence;
}

TEST(DrillSentence, SaysWhatWasProvedAndHowLongItTook) {
  EXPECT_EQ(drill_sentence(proved()), "all 9,000,660 rows in 120 tables are identical; restored in 41.2 s");
}

TEST(DrillSentence, ClaimsNothingOfRowsThatDiffer) {
  Evidence evidence = proved();
  evidence.checks = {{"table public.t", Verdict::fail, "it is missing"},
                     {"amcheck", Verdict::unverified, "no"}};
  EXPECT_EQ(drill_sentence(evidence), "restored in 41.2 s; 1 check failed; 1 check could not be made");
}

TEST(DrillText, ShowsWhatFailedThoughNotAllIsAskedFor) {
  drill::DrillReport report;
  report.evidence = proved();
  report.evidence.checks.push_back({"index i\x1b", Verdict::fail, "it is missing"});
  report.evidence.verdict = Verdict::fail;
  const std::string text = drill_text(kId, report, false);
  EXPECT_NE(text.find("FAIL        index i\\x1b: it is missing\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("ended clean"), std::string::npos);
}

TEST(Junit, HasATestCaseForEachCheckAndCountsThem) {
  Evidence evidence = proved();
  evidence.checks.push_back({"a <\"&\"> b", Verdict::fail, "line\nfeed \x01"});
  evidence.checks.push_back({"amcheck", Verdict::unverified, "no extension"});
  EXPECT_EQ(junit_xml(kId, evidence), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="1" errors="1" time="60.000">
  <testsuite name="pgassay drill" tests="4" failures="1" errors="1" time="60.000" timestamp="2026-11-23T02:31:00Z" hostname="">
    <testcase classname="prod/app/20261123T020000Z" name="restore"/>
    <testcase classname="prod/app/20261123T020000Z" name="tables"/>
    <testcase classname="prod/app/20261123T020000Z" name="a &lt;&quot;&amp;&quot;&gt; b">
      <failure type="FAIL" message="line&#10;feed \x01"/>
    </testcase>
    <testcase classname="prod/app/20261123T020000Z" name="amcheck">
      <error type="UNVERIFIED" message="no extension"/>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST(Junit, HasEachNameOnce) {
  Evidence evidence = proved();
  evidence.checks = {
      {"table public.t", Verdict::fail, "", {CheckKind::inventory, "table public.t", "existence"}},
      {"table public.t", Verdict::fail, "", {CheckKind::rows, "public.t", ""}}};
  const std::string xml = junit_xml(kId, evidence);
  EXPECT_NE(xml.find("name=\"table public.t (inventory, existence)\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"table public.t (rows)\""), std::string::npos) << xml;
}

TEST(Junit, IsUtf8WhateverNamesAre) {
  Evidence evidence = proved();
  evidence.checks = {{"caf\xe9 caf\xc3\xa9", Verdict::pass, ""}};
  EXPECT_NE(junit_xml(kId, evidence).find("name=\"caf\\xe9 caf\xc3\xa9\""), std::string::npos);
}

}  // namespace
}  // namespace pgassay::cli
