// SQL texts and connection strings that are made without a server.
#include <gtest/gtest.h>

#include "core/postgres/catalog.h"
#include "core/postgres/session.h"
#include "core/postgres/source_facts.h"

namespace pgassay {
namespace {

const QualifiedName kTable{"pub\"lic", "t"};

TEST(Quoting, DoublesQuotesOfIdentifiers) {
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
}

TEST(Quoting, WritesABackslashThatMeansItselfUnderEverySetting) {
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\'b"), "E'a\\\\''b'");
}

TEST(Quoting, TakesObjectIdsUpToTheLastBit) {
  EXPECT_EQ(parse_oid("4294967295"), Oid{4294967295U});
  EXPECT_THROW(parse_oid("4294967296"), Error);
  EXPECT_THROW(parse_oid("12x"), Error);
}

TEST(CopyOutSql, NamesTheColumnsOfAWholeTable) {
  EXPECT_EQ(copy_out_sql(kTable, {"a", "b"}, "", std::nullopt, {"UTF8"}),
            "COPY \"pub\"\"lic\".\"t\" (\"a\", \"b\") TO STDOUT WITH (ENCODING 'UTF8')");
}

TEST(CopyOutSql, HasNoColumnListForATableWithoutColumns) {
  EXPECT_EQ(copy_out_sql(kTable, {}, "", std::nullopt, {"LATIN1"}),
            "COPY \"pub\"\"lic\".\"t\" TO STDOUT WITH (ENCODING 'LATIN1')");
}

TEST(CopyOutSql, ReadsPagesOfOnlyThatTable) {
  EXPECT_EQ(copy_out_sql(kTable, {"a"}, "", PageRange{10, 20}, {"UTF8"}),
            "COPY (SELECT \"a\" FROM ONLY \"pub\"\"lic\".\"t\" WHERE ctid >= '(10,0)'::pg_catalog.tid AND "
            "ctid < '(20,0)'::pg_catalog.tid) TO STDOUT WITH (ENCODING 'UTF8')");
}

TEST(CopyOutSql, LeavesTheLastRangeOpen) {
  const std::string sql = copy_out_sql(kTable, {"a"}, "", PageRange{10, std::nullopt}, {"UTF8"});
  EXPECT_EQ(sql.find("ctid <"), std::string::npos);
}

TEST(CopyOutSql, JoinsAnExtensionsConditionToThePages) {
  const std::string sql = copy_out_sql(kTable, {"a"}, " where a OR b -- c", PageRange{0, 5}, {"UTF8"});
  EXPECT_NE(sql.find("::pg_catalog.tid AND ( a OR b -- c\n))"), std::string::npos) << sql;
}

TEST(CopyInSql, FreezesOnRequest) {
  EXPECT_EQ(copy_in_sql(kTable, {"a"}, {"UTF8"}, true),
            "COPY \"pub\"\"lic\".\"t\" (\"a\") FROM STDIN WITH (ENCODING 'UTF8', FREEZE)");
}

TEST(BinaryCopySql, HasTheEncodingOfTextFromTheSession) {
  EXPECT_EQ(copy_in_sql(kTable, {"a"}, {"UTF8", RowFormat::binary}, true),
            "COPY \"pub\"\"lic\".\"t\" (\"a\") FROM STDIN WITH (FORMAT binary, FREEZE)");
  EXPECT_EQ(
      copy_in_sql(kTable, {"a"}, {"LATIN1", RowFormat::binary}, false),
      "SET client_encoding = 'LATIN1'; COPY \"pub\"\"lic\".\"t\" (\"a\") FROM STDIN WITH (FORMAT binary)");
  EXPECT_EQ(
      copy_out_sql(kTable, {"a"}, "", std::nullopt, {"LATIN1", RowFormat::binary}),
      "SET client_encoding = 'LATIN1'; COPY \"pub\"\"lic\".\"t\" (\"a\") TO STDOUT WITH (FORMAT binary)");
}

TEST(SetClause, KeepsAValueWhole) {
  EXPECT_EQ(set_clause({"", "DateStyle", "ISO, DMY"}), "SET \"DateStyle\" TO 'ISO, DMY'");
}

TEST(SetClause, WritesEachElementOfAListOfNames) {
  EXPECT_EQ(set_clause({"", "search_path", "\"$user\", \"a \"\"b, c\", public"}),
            "SET \"search_path\" TO '$user', 'a \"b, c', 'public'");
  EXPECT_EQ(set_clause({"", "search_path", "\"\""}), "SET \"search_path\" TO ''");
}

TEST(ConnInfoParse, TakesADatabaseName) {
  EXPECT_EQ(ConnInfo::parse("shop").parameters, (std::map<std::string, std::string>{{"dbname", "shop"}}));
}

TEST(ConnInfoParse, TakesKeywordsAndUris) {
  EXPECT_EQ(ConnInfo::parse("host=h dbname='a b'").parameters.at("dbname"), "a b");
  EXPECT_EQ(ConnInfo::parse("postgresql://u@h:5433/d").parameters.at("port"), "5433");
}

TEST(ConnInfoParse, NeverRepeatsATextThatItCannotRead) {
  for (const char* text :
       {"password=se cret host=x", "postgresql://u:se%zzcret@h/d", "host=x passwordcret=1"}) {
    try {
      ConnInfo::parse(text);
      FAIL() << text;
    } catch (const UsageError& error) {
      EXPECT_EQ((std::string(error.what()) + error.hint()).find("cret"), std::string::npos);
    }
  }
}

TEST(ChildOptions, HaveOnlyWhatTheServerKnows) {
  EXPECT_EQ(child_options(130010).find("idle_session_timeout"), std::string::npos);
  EXPECT_NE(child_options(150020).find("idle_session_timeout=0"), std::string::npos);
  EXPECT_EQ(child_options(160000).find("-c transaction_timeout"), std::string::npos);
  EXPECT_NE(child_options(170000).find("-c transaction_timeout=0"), std::string::npos);
}

}  // namespace
}  // namespace pgassay
