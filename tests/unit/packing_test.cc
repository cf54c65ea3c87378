#include "store/packing.h"

#include <gtest/gtest.h>

#include <set>

#include "core/repository/layout.h"
#include "tests/fixtures/sample_backup.h"

namespace pgassay::store {
namespace {

Manifest with_small_tables(unsigned tables) {
  Manifest manifest = test::empty_manifest({"prod", "app", "20261123T020000Z"});
  for (unsigned n = 0; n < tables; ++n) {
    Relation relation;
    relation.name = {"public", "t" + std::to_string(n)};
    Part part;
    part.file = part_file(relation.name, 0);
    part.stored = 100 + n % 1000;
    part.sha = sha256_of(as_bytes(part.file));
    relation.parts.push_back(part);
    manifest.relations.push_back(std::move(relation));
  }
  return manifest;
}

std::set<std::string> identities(const Manifest& manifest) {
  std::set<std::string> all;
  for (const Unit& unit : units_of(manifest)) all.insert(unit.identity());
  return all;
}

TEST(Packing, PutsTenThousandSmallTablesIntoSome300Objects) {
  EXPECT_LE(units_of(with_small_tables(10'000)).size(), 300u);
  EXPECT_GE(units_of(with_small_tables(10'000)).size(), 100u);
}

TEST(Packing, OfATableThatChangedMakesOnePackAnew) {
  Manifest manifest = with_small_tables(10'000);
  const std::set<std::string> before = identities(manifest);
  manifest.relations[4711].parts[0].sha = sha256_of(as_bytes("other rows"));
  unsigned anew = 0;
  for (const std::string& one : identities(manifest)) anew += before.contains(one) ? 0 : 1;
  EXPECT_EQ(anew, 1u);
}

TEST(Packing, LeavesOutNoFileAndTakesEachContentOnce) {
  Manifest manifest = with_small_tables(500);
  manifest.relations[7].parts[0].stored = kSmallFile;  // in an object of its own
  manifest.relations[8].parts[0].sha = manifest.relations[9].parts[0].sha;
  std::multiset<std::string> packed;
  for (const Unit& unit : units_of(manifest)) {
    EXPECT_TRUE(unit.is_pack || unit.files.size() == 1);
    for (const StoredFile& file : unit.files) packed.insert(file.sha.hex());
  }
  std::set<std::string> wanted;
  for (const Relation& relation : manifest.relations) wanted.insert(relation.parts[0].sha.hex());
  EXPECT_EQ(packed.size(), wanted.size());
  EXPECT_EQ(std::set<std::string>(packed.begin(), packed.end()), wanted);
}

}  // namespace
}  // namespace pgassay::store
