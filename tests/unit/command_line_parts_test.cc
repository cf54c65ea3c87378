// restore: what of a backup is asked for, and what can't be asked for together.
#include <gtest/gtest.h>

#include "cli/command/command_line.h"
#include "cli/command/restore_options.h"

namespace pgassay::cli {
namespace {

using Words = std::vector<std::string>;

restore::RestoreRequest restore(Words words) {
  unsetenv("PGDATABASE");
  unsetenv("PGSERVICE");
  words.insert(words.begin(), "latest");
  RestoreArguments arguments;
  Options options;
  add_restore(options, arguments);
  parse_options(options, words);
  Observer silent;
  return restore_request(arguments, {}, silent);
}

std::string database_of(const restore::RestoreRequest& request) {
  return context_of(request).connection.parameters.at("dbname");
}

std::string complaint(const Words& words) {
  try {
    restore(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(CommandLineParts, ATableWithoutCreateGoesIntoTheDatabaseThatIsNamed) {
  const restore::RestoreRequest request = restore({"--table", "s.t", "--table", "u", "-d", "app"});
  ASSERT_TRUE(std::holds_alternative<restore::WholeTables>(request));
  EXPECT_EQ(context_of(request).wanted.tables, (Words{"s.t", "u"}));
  EXPECT_EQ(database_of(request), "app");
  EXPECT_EQ(database_of(restore({"--table", "t", "--into", "app"})), "app");
  EXPECT_EQ(complaint({"--table", "t"}), "which database?");
  EXPECT_EQ(complaint({"--data-only", "-d", "host=db2"}), "which database?");
}

TEST(CommandLineParts, EachWayToRestoreIsARequestOfItsOwn) {
  EXPECT_TRUE(std::holds_alternative<restore::IntoEmpty>(restore({"--create", "--table", "t"})));
  EXPECT_TRUE(std::holds_alternative<restore::IntoEmpty>(restore({"--into", "e", "--schema-only"})));
  EXPECT_TRUE(std::holds_alternative<restore::RowsInto>(restore({"--data-only", "-d", "app"})));
  EXPECT_EQ(std::get<restore::TableBeside>(restore({"--table", "t", "--as", "u", "-d", "app"})).as, "u");
}

TEST(CommandLineParts, AReplacementIsOfTheWholeBackup) {
  for (const Words& part : {Words{"--table", "t"}, Words{"--table", "t", "--as", "u"}, Words{"--data-only"},
                            Words{"--schema-only"}, Words{"--exclude-table", "t"}}) {
    Words words = part;
    words.insert(words.end(), {"--replace", "app"});
    EXPECT_EQ(complaint(words), "--replace takes the whole backup, and " + part[0] + " a part of it");
  }
  const restore::RestoreRequest request = restore({"--replace", "app", "--role", "boss", "--no-acl"});
  EXPECT_EQ(context_of(request).connection.role, "boss");
  EXPECT_EQ(std::get<restore::IntoEmpty>(request).into, "app");
}

TEST(CommandLineParts, OneTransactionIsNotGoneOnWith) {
  for (const Words& part :
       {Words{"--table", "t"}, Words{"--table", "t", "--as", "u"}, Words{"--data-only"}}) {
    Words words = part;
    words.insert(words.end(), {"-d", "app", "--resume"});
    EXPECT_TRUE(complaint(words).starts_with("--resume has no use here")) << complaint(words);
  }
  EXPECT_TRUE(std::get<restore::IntoEmpty>(restore({"--create", "--table", "t", "--resume"})).resume);
  EXPECT_TRUE(
      std::get<restore::IntoEmpty>(restore({"--into", "empty", "--exclude-table", "t", "--resume"})).resume);
}

TEST(CommandLineParts, AreRefusedWhereTheyContradictEachOther) {
  for (const Words& words :
       {Words{"--as", "u", "-d", "app"}, Words{"--schema-only", "--data-only", "-d", "app"},
        Words{"--table", "t", "--as", "u", "--data-only", "-d", "app"},
        Words{"--table", "t", "--as", "u", "--schema-only", "-d", "app"},
        Words{"--table", "t", "--as", "u", "--create"}, Words{"--data-only", "--create"},
        Words{"--data-only", "--no-acl", "-d", "app"}, Words{"--data-only", "--no-owner", "-d", "app"},
        Words{"--table", "t", "--jobs", "2", "-d", "app"}, Words{"--table", "", "-d", "app"},
        Words{"--table", "t", "--as", "", "-d", "app"}, Words{"--role", "", "--create"},
        Words{"--schema-only", "--table", "t", "-d", "app"}})
    EXPECT_NE(complaint(words), "no error") << words[0] << " " << words[1];
}

}  // namespace
}  // namespace pgassay::cli
