// restore: what of a backup is asked for, and what can't be asked for together.
#include <gtest/gtest.h>

#include "cli/command/command_line.h"
#include "cli/command/restore_options.h"

namespace pgassay::cli {
namespace {

using Words = std::vector<std::string>;

restore::RestoreOptions restore(Words words) {
  unsetenv("PGDATABASE");
  unsetenv("PGSERVICE");
  words.insert(words.begin(), "latest");
  RestoreArguments arguments;
  Options options;
  add_restore(options, arguments);
  parse_options(options, words);
  Observer silent;
  return restore_options(arguments, {}, silent);
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
  const restore::RestoreOptions options = restore({"--table", "s.t", "--table", "u", "-d", "app"});
  EXPECT_EQ(options.wanted.tables, (Words{"s.t", "u"}));
  EXPECT_EQ(options.connection.parameters.at("dbname"), "app");
  EXPECT_EQ(restore({"--table", "t", "--into", "app"}).connection.parameters.at("dbname"), "app");
  EXPECT_EQ(complaint({"--table", "t"}), "which database?");
  EXPECT_EQ(complaint({"--data-only", "-d", "host=db2"}), "which database?");
}

TEST(CommandLineParts, AReplacementIsOfTheWholeBackup) {
  for (const Words& part : {Words{"--table", "t"}, Words{"--table", "t", "--as", "u"}, Words{"--data-only"},
                            Words{"--schema-only"}, Words{"--exclude-table", "t"}}) {
    Words words = part;
    words.insert(words.end(), {"--replace", "app"});
    EXPECT_EQ(complaint(words), "--replace takes the whole backup, and " + part[0] + " a part of it");
  }
  EXPECT_EQ(restore({"--replace", "app", "--role", "boss", "--no-acl"}).connection.role, "boss");
}

TEST(CommandLineParts, OneTransactionIsNotGoneOnWith) {
  for (const Words& part :
       {Words{"--table", "t"}, Words{"--table", "t", "--as", "u"}, Words{"--data-only"}}) {
    Words words = part;
    words.insert(words.end(), {"-d", "app", "--resume"});
    EXPECT_TRUE(complaint(words).starts_with("--resume has no use here")) << complaint(words);
  }
  EXPECT_TRUE(restore({"--create", "--table", "t", "--resume"}).resume);
  EXPECT_TRUE(restore({"--into", "empty", "--exclude-table", "t", "--resume"}).resume);
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
