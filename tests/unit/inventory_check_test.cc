#include "proof/inventory_check.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

using Objects = std::vector<proof::InventoryObject>;
using Acl = std::vector<std::string>;

proof::InventoryObject table(const std::string& name) {
  return {"table", name, "owner", Acl{"owner=SELECT"}, "2:d"};
}

/// "VERDICT name: detail" and a line feed for each check.
std::string compared(const Objects& then, const Objects& now,
                     const proof::DrillCircumstances& circumstances = {}, const std::string& in_doubt = {}) {
  std::string text;
  for (const Check& check : compare_inventories(then, now, circumstances, in_doubt).checks)
    text += std::string(to_string(check.verdict)) + " " + check.name + ": " + check.detail + "\n";
  return text;
}

TEST(InventoryCheck, TwoThatAreEqualPassInOneLineThatCounts) {
  const Objects objects = {table("a"), table("b"), {"index", "i", {}, {}, "2:d"}};
  EXPECT_EQ(compared(objects, objects), "PASS objects: 3 objects are what they were: table 2, index 1\n");
}

TEST(InventoryCheck, OrderDoesNotCount) {
  EXPECT_EQ(
      proof::compare_inventories({table("a"), table("b")}, {table("b"), table("a")}, {}, "").checks.size(),
      1U);
}

TEST(InventoryCheck, NoObjectsAreNoProof) {
  EXPECT_EQ(compared({}, {}).substr(0, 10), "UNVERIFIED");
}

TEST(InventoryCheck, NamesWhatIsMissing) {
  EXPECT_EQ(compared({table("a"), table("b")}, {table("a")}), "FAIL table b: it is missing\n");
}

TEST(InventoryCheck, NamesWhatWasNotThere) {
  EXPECT_EQ(compared({table("b")}, {table("a"), table("b"), table("c")}),
            "FAIL table a: it is there, and the backup's database had none of that name\n"
            "FAIL table c: it is there, and the backup's database had none of that name\n");
}

TEST(InventoryCheck, NamesOfNotNullConstraintsAreNotMissedInABackupThatHasNone) {
  const proof::InventoryObject named{"not-null constraint", "a_b_not_null on a", {}, {}, "2:d"};
  EXPECT_EQ(compared({table("a")}, {table("a"), named}).substr(0, 4), "PASS");
  EXPECT_EQ(compared({table("a"), named}, {table("a")}),
            "FAIL not-null constraint a_b_not_null on a: it is missing\n");
}

TEST(InventoryCheck, ADefinitionThatIsHashedInTheOlderWayIsNotCompared) {
  proof::InventoryObject then = table("a");
  then.definition = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(compared({then}, {table("a")}).substr(0, 18), "UNVERIFIED table a");
}

TEST(InventoryCheck, NamesBothOwners) {
  proof::InventoryObject other = table("a");
  other.owner = "postgres";
  EXPECT_EQ(compared({table("a")}, {other}), "FAIL table a: its owner is postgres instead of owner\n");
}

TEST(InventoryCheck, NamesPrivilegesThatWereLostOrGained) {
  proof::InventoryObject then = table("a"), now = table("a");
  then.acl = Acl{"owner=SELECT", "reader=SELECT"};
  now.acl = Acl{"PUBLIC=SELECT", "owner=SELECT"};
  EXPECT_EQ(compared({then}, {now}),
            "FAIL table a: its privileges are not what they were: PUBLIC=SELECT instead of reader=SELECT\n");
}

TEST(InventoryCheck, NamesAnotherDefinition) {
  proof::InventoryObject now = table("a");
  now.definition = "e";
  EXPECT_EQ(compared({table("a")}, {now}), "FAIL table a: its definition is not what it was\n");
}

TEST(InventoryCheck, AnotherVersionExcusesDefinitionsButNothingThatIsMissing) {
  proof::InventoryObject now = table("a");
  now.definition = "e";
  proof::DrillCircumstances other;
  other.other_versions = {"PostgreSQL 17 here, 15 in the backup"};
  EXPECT_EQ(compared({table("a"), table("b")}, {now}, other),
            "UNVERIFIED table a: its definition is not what it was; that proves nothing: PostgreSQL 17 here, "
            "15 in the "
            "backup\nFAIL table b: it is missing\n");
}

TEST(InventoryCheck, AMaterializedViewOverAForeignTableIsExcused) {
  proof::InventoryObject then{"materialized view", "public.v", "owner", {}, "2:d"}, now = then;
  now.definition = "e";
  proof::DrillCircumstances cut;
  cut.cut_off["public.v"] = {"public", "v"};
  EXPECT_EQ(compared({then}, {now}, cut).substr(0, 10), "UNVERIFIED");
  EXPECT_EQ(compared({then}, {now}).substr(0, 4), "FAIL");
}

TEST(InventoryCheck, AnInventoryInDoubtProvesNothing) {
  EXPECT_EQ(compared({table("a")}, {table("b")}, {}, "objects were altered while it was read"),
            "UNVERIFIED table a: it is missing; objects were altered while it was read\n"
            "UNVERIFIED table b: it is there, and the backup's database had none of that name; objects were "
            "altered while "
            "it was read\n");
}

TEST(InventoryCheck, SubscriptionsDoNotCount) {
  const proof::InventoryObject subscription{"subscription", "s", "owner", {}, "2:d"},
      comment{"comment", "on subscription s", {}, {}, "2:d"};
  EXPECT_EQ(compared({table("a"), subscription, comment}, {table("a")}),
            "PASS objects: 1 objects are what they were: table 1\n");
}

}  // namespace
}  // namespace pgassay
