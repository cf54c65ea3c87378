#include "proof/planned.h"

#include <gtest/gtest.h>

#include "drill/planned.h"

namespace pgassay {
namespace {

Manifest manifest_of() {
  Manifest manifest;
  const auto add = [&](const char* name, char kind, Data data = Data::copied) {
    Relation relation;
    relation.name = {"public", name};
    relation.kind = kind;
    relation.data = data;
    manifest.relations.push_back(relation);
  };
  add("t", 'r');
  add("left_out", 'r', Data::excluded);
  add("tree", 'p', Data::none);
  add("leaf", 'r');
  manifest.relations.back().root = QualifiedName{"public", "tree"};
  add("view", 'm', Data::none);
  manifest.sequences.push_back({{"public", "s"}, Oid::none, 1, true, {}});
  manifest.large_objects.count = 1;
  return manifest;
}

std::string told(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks)
    text += std::string(to_string(check.verdict)) + " " + check.name + ": " + check.detail + "\n";
  return text;
}

TEST(PlannedChecks, AreOneForEachTableTreeViewAndSequence) {
  std::string text;
  for (const CheckId& id : proof::planned_checks(manifest_of()))
    text += std::string(to_string(id.kind)) + " " + id.object + "\n";
  EXPECT_EQ(
      text,
      "rows public.t\nrows public.tree\nmaterialized view public.view\nsequence public.s\nlarge objects \n");
}

TEST(PlannedChecks, ThatDidNotRunAreUnverified) {
  const Manifest manifest = manifest_of();
  std::set<CheckId> made = proof::planned_checks(manifest);
  EXPECT_EQ(told(proof::not_made(manifest, {}, made)), "");
  made.erase({CheckKind::rows, "public.t", {}});
  made.erase({CheckKind::sequence, "public.s", {}});
  EXPECT_EQ(told(proof::not_made(manifest, {}, made)),
            "UNVERIFIED table public.t: it was to be compared, and was not\n"
            "UNVERIFIED sequence public.s: it was to be compared, and was not\n");
}

TEST(PlannedChecks, OfATableThatOnlyTheInventoryHasAreUnverified) {
  const Manifest manifest = manifest_of();
  const std::vector<proof::InventoryObject> inventory = {{"table", "public.t", {}, {}, {}},
                                                         {"table", "public.\"O\"\"dd\"", {}, {}, {}},
                                                         {"sequence", "public.s", {}, {}, {}},
                                                         {"function", "public.f()", {}, {}, {}}};
  EXPECT_EQ(
      told(proof::not_made(manifest, inventory, proof::planned_checks(manifest))),
      "UNVERIFIED table public.O\"dd: the backup's inventory has it, and the manifest does not say what it "
      "holds\n");
}

TEST(PlannedChecks, OfNamesThatAreNoUtf8InADatabaseWithoutAnEncodingAreNotLookedFor) {
  Manifest manifest = manifest_of();
  manifest.encoding = "SQL_ASCII";
  const std::vector<proof::InventoryObject> inventory = {{"table", "public.\"caf\xc3\xa9\"", {}, {}, {}}};
  EXPECT_EQ(told(proof::not_made(manifest, inventory, proof::planned_checks(manifest))), "");
}

TEST(PlannedChecks, OfADrillThatDidNotRunAreUnverified) {
  const std::vector<proof::InventoryObject> inventory = {{"table", "public.t", {}, {}, {}},
                                                         {"index", "public.t_pkey", {}, {}, {}},
                                                         {"index", "public.gone", {}, {}, {}},
                                                         {"subscription", "s", {}, {}, {}},
                                                         {"function", "public.f()", {}, {}, {}}};
  drill::DrillQuestions questions;
  questions.amcheck = true;
  questions.assertions = {{"some", "SELECT true", {}, Seconds(1)}, {"other", "SELECT true", {}, Seconds(1)}};
  EXPECT_EQ(
      told(drill::PlannedAnswers(inventory, questions).not_made()),
      "UNVERIFIED objects: function: 1 of the inventory were to be compared, and were not\n"
      "UNVERIFIED objects: index: 2 of the inventory were to be compared, and were not\n"
      "UNVERIFIED objects: table: 1 of the inventory were to be compared, and were not\n"
      "UNVERIFIED database: it was to be compared, and was not\n"
      "UNVERIFIED assert other: it was to be asked, and was not\n"
      "UNVERIFIED assert some: it was to be asked, and was not\n"
      "UNVERIFIED amcheck not made: 3 relations were to be looked at, and were not: public.gone, public.t, "
      "public.t_pkey\n");

  drill::PlannedAnswers planned(inventory, questions);
  planned.objects(compare_inventories(inventory, {inventory.front()}, {}, "").answered);
  planned.properties();
  planned.assertions({{"assert some", Verdict::fail, "", {CheckKind::assertion, "some", {}}}});
  planned.structures(std::set<std::string>{"public.t", "public.t_pkey"});
  EXPECT_EQ(told(planned.not_made()),
            "UNVERIFIED assert other: it was to be asked, and was not\n"
            "UNVERIFIED amcheck not made: 1 relations were to be looked at, and were not: public.gone\n");
  planned.structures(std::nullopt);
  EXPECT_EQ(planned.not_made().size(), 1U);
}

}  // namespace
}  // namespace pgassay
