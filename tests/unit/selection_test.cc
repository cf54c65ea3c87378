#include "restore/archive/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/system/error.h"

namespace pgassay {
namespace {

/// As `pg_restore --list --verbose` has it: orders with a sequence, a type, an index, a foreign key to
/// customers, a trigger and privileges; a view of it; a partitioned table of two; a table that inherits; a
/// row type in use.
constexpr const char* kList = R"(;
; Archive created at 2026-11-24 16:21:03 UTC
; Selected TOC Entries:
;
900; 0 0 ENCODING - ENCODING 
10; 2615 1000 SCHEMA - shop boss man
901; 0 0 ACL - SCHEMA shop boss man
;	depends on: 10
11; 1247 1001 TYPE shop status boss man
;	depends on: 10
12; 1255 1002 FUNCTION shop stamp() boss man
;	depends on: 10
13; 3079 1003 EXTENSION - hstore 
20; 1259 2000 TABLE shop customers boss man
;	depends on: 10 13 13
21; 1259 2001 TABLE shop orders boss man
;	depends on: 10 11
902; 0 0 COMMENT shop COLUMN orders.id boss man
;	depends on: 21
903; 0 0 ACL shop TABLE orders boss man
;	depends on: 21
22; 1259 2002 SEQUENCE shop orders_id_seq boss man
;	depends on: 10 21
904; 0 0 SEQUENCE OWNED BY shop orders_id_seq boss man
;	depends on: 22
23; 1259 2003 VIEW shop open_orders boss man
;	depends on: 10 21
24; 1259 2004 TABLE shop events boss man
;	depends on: 10
25; 1259 2005 TABLE shop events 2025 boss man
;	depends on: 10 24
26; 1259 2006 TABLE shop events_2026 boss man
;	depends on: 10 24
27; 1259 2007 TABLE shop old orders boss man
;	depends on: 10 21
28; 1259 2008 TABLE shop notes boss man
;	depends on: 10 20
29; 1259 2009 MATERIALIZED VIEW shop totals boss man
;	depends on: 10 21
905; 0 0 TABLE ATTACH shop events 2025 boss man
;	depends on: 24 25
906; 0 0 TABLE ATTACH shop events_2026 boss man
;	depends on: 24 26
40; 2604 3000 DEFAULT shop orders id boss man
;	depends on: 21 22
41; 2606 3001 CONSTRAINT shop customers customers_pkey boss man
;	depends on: 20
42; 2606 3002 CONSTRAINT shop orders orders_pkey boss man
;	depends on: 21
43; 1259 3003 INDEX shop events_at boss man
;	depends on: 24
44; 1259 3004 INDEX shop events_2026_at boss man
;	depends on: 26 43
907; 0 0 INDEX ATTACH shop events_2026_at boss man
;	depends on: 43 44 24 26
45; 2620 3005 TRIGGER shop orders stamp boss man
;	depends on: 12 21
46; 2606 3006 FK CONSTRAINT shop orders orders_customer_fkey boss man
;	depends on: 20 21 41
908; 0 2009 MATERIALIZED VIEW DATA shop totals boss man
;	depends on: 29
47; 6104 3007 PUBLICATION - news boss man
)";

void add(Manifest& manifest, const std::string& name, unsigned oid, std::uint64_t rows, char kind = 'r',
         const std::string& root = {}) {
  Relation relation;
  relation.name = {"shop", name};
  relation.oid = Oid{oid};
  relation.kind = kind;
  relation.digest.rows = rows;
  if (kind != 'r') relation.data = Data::none;
  if (!root.empty()) relation.root = QualifiedName{"shop", root};
  manifest.relations.push_back(relation);
}

class SelectionTest : public testing::Test {
 protected:
  SelectionTest() {
    add(manifest_, "customers", 2000, 10);
    add(manifest_, "orders", 2001, 20);
    add(manifest_, "events", 2004, 12, 'p');
    add(manifest_, "events 2025", 2005, 7, 'r', "events");
    add(manifest_, "events_2026", 2006, 5, 'r', "events");
    add(manifest_, "old orders", 2007, 1);
    add(manifest_, "notes", 2008, 1);
    add(manifest_, "totals", 2009, 0, 'm');
    manifest_.sequences = {{{"shop", "orders_id_seq"}, Oid{2002}, 20, true, ""}};
    manifest_.extensions = {{"plpgsql", "pg_catalog", "1.0"}, {"hstore", "public", "1.8"}};
  }

  restore::TableSelection select(const restore::Wanted& wanted) const {
    return restore::select(manifest_, restore::read_archive_list(kList), wanted);
  }
  std::string refusal(const restore::Wanted& wanted) const {
    try {
      select(wanted);
      return "accepted";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  static std::string relations(const restore::TableSelection& selection) {
    std::vector<std::string> names;
    for (const Relation& relation : selection.manifest.relations) names.push_back(relation.name.name);
    return fmt::format("{}", fmt::join(names, ", "));
  }
  static bool takes(const restore::TableSelection& selection, int entry) {
    return std::find(selection.entries.begin(), selection.entries.end(), entry) != selection.entries.end();
  }
  static std::string told(const restore::TableSelection& selection) {
    return fmt::format("{}", fmt::join(selection.not_carried, "\n"));
  }

  Manifest manifest_;
};

TEST_F(SelectionTest, OfATableBringsWhatItNeedsAndWhatBelongsToIt) {
  const restore::TableSelection selection = select({{"shop.orders"}, {}});
  EXPECT_EQ(selection.entries, (std::vector<int>{10, 901, 11, 12, 21, 902, 903, 22, 904, 40, 42, 45}));
  EXPECT_EQ(relations(selection), "orders");
  EXPECT_EQ(selection.manifest.sequences.size(), 1U);
  EXPECT_EQ(selection.manifest.extensions.size(), 1U);
}

TEST_F(SelectionTest, SaysWhatWasNotCarried) {
  EXPECT_EQ(told(select({{"shop.orders"}, {}})),
            "foreign key orders_customer_fkey of shop.orders: it needs table shop.customers, which is not "
            "selected\n"
            "the rest of the database: 1 extension, 1 materialized view, 1 publication, 6 tables, 1 view");
}

TEST_F(SelectionTest, OfBothTablesBringsTheForeignKeyBetweenThem) {
  const restore::TableSelection selection = select({{"orders", "customers"}, {}});
  EXPECT_TRUE(takes(selection, 46));
  EXPECT_TRUE(takes(selection, 13));
  EXPECT_EQ(selection.manifest.extensions.size(), 2U);
}

TEST_F(SelectionTest, OfAPartitionedTableBringsItsPartitions) {
  const restore::TableSelection selection = select({{"events"}, {}});
  EXPECT_EQ(relations(selection), "events, events 2025, events_2026");
  EXPECT_EQ(selection.entries, (std::vector<int>{10, 901, 24, 25, 26, 905, 906, 43, 44, 907}));
}

TEST_F(SelectionTest, OfAPartitionAloneMakesItATableOfItsOwn) {
  const restore::TableSelection selection = select({{"events_2026"}, {}});
  EXPECT_EQ(selection.entries, (std::vector<int>{10, 901, 26, 44}));
  EXPECT_FALSE(selection.manifest.relations.at(0).root);
  EXPECT_NE(told(selection).find("place as a partition of shop.events_2026: it needs table shop.events"),
            std::string::npos)
      << told(selection);
}

TEST_F(SelectionTest, MakesAParentWithoutItsRows) {
  const restore::TableSelection selection = select({{"old orders"}, {}});
  EXPECT_EQ(relations(selection), "old orders");
  EXPECT_TRUE(takes(selection, 21));
  EXPECT_FALSE(takes(selection, 42));
  EXPECT_NE(told(selection).find("rows, indexes and constraints of shop.orders"), std::string::npos)
      << told(selection);
}

TEST_F(SelectionTest, WithoutATableLeavesOutWhatNeedsIt) {
  const restore::TableSelection selection = select({{}, {"notes"}});
  EXPECT_FALSE(takes(selection, 28));
  EXPECT_EQ(selection.entries.size(), restore::read_archive_list(kList).size() - 1);
  EXPECT_EQ(told(selection), "1 as --exclude-table says, with 1 rows: shop.notes");
}

TEST_F(SelectionTest, WithoutATableThatOthersReadSaysWhichAreNotCarried) {
  const restore::TableSelection selection = select({{}, {"orders", "old orders"}});
  for (const int gone : {21, 27, 22, 904, 40, 23, 29, 46, 908}) EXPECT_FALSE(takes(selection, gone)) << gone;
  EXPECT_TRUE(selection.manifest.sequences.empty());
  EXPECT_EQ(told(selection),
            "2 as --exclude-table says, with 21 rows: shop.orders, shop.old orders\n"
            "view shop.open_orders: it needs what is left out\n"
            "materialized view shop.totals: it needs what is left out");
}

TEST_F(SelectionTest, RefusesToExcludeWhatAnotherTableIsMadeOf) {
  EXPECT_EQ(refusal({{}, {"customers"}}), "shop.notes can't be made without what --exclude-table leaves out");
  EXPECT_EQ(refusal({{"old orders"}, {"shop.orders"}}),
            "what --table names can't be made without shop.orders, which --exclude-table leaves out");
}

TEST_F(SelectionTest, RefusesToExcludeOnePartitionOfThoseThatShareRows) {
  for (Relation& relation : manifest_.relations)
    if (relation.root) relation.via_root = true;
  EXPECT_NE(refusal({{}, {"events_2026"}}).find("can't be left out alone"), std::string::npos);
  EXPECT_FALSE(select({{"events_2026"}, {}}).manifest.relations.at(0).via_root);
}

TEST_F(SelectionTest, NamesThePatternThatFitsNothing) {
  EXPECT_EQ(refusal({{"orders", "shop.order"}, {}}),
            "--table 'shop.order': no table of the backup is named so");
  EXPECT_EQ(refusal({{"totals"}, {}}),
            "--table 'totals': shop.totals is a materialized view, of which no rows are in the backup");
  EXPECT_EQ(refusal({{}, {"shop.none"}}), "--exclude-table 'shop.none': no table of the backup is named so");
}

TEST_F(SelectionTest, OfASchemaOnlyHasNeitherRowsNorValues) {
  const restore::TableSelection selection = select({{}, {}, false});
  EXPECT_FALSE(takes(selection, 908));
  EXPECT_TRUE(takes(selection, 46));
  EXPECT_TRUE(selection.manifest.sequences.empty());
  EXPECT_TRUE(std::all_of(selection.manifest.relations.begin(), selection.manifest.relations.end(),
                          [](const Relation& relation) { return relation.digest.rows == 0; }));
  EXPECT_EQ(told(selection),
            "rows: 44 of 6 tables, as --schema-only says\ncontents of materialized views: 1\nvalues of "
            "sequences: 1");
}

TEST_F(SelectionTest, OfABackupThatDoesNotKnowItsEntriesIsRefused) {
  manifest_.relations[1].oid = Oid::none;
  EXPECT_NE(refusal({{"orders"}, {}}).find("can only be restored whole"), std::string::npos);
}

}  // namespace
}  // namespace pgassay
