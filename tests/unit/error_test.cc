#include "core/system/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "backup/attempt.h"
#include "core/container/container_cli.h"
#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/stream/part.h"
#include "core/system/files.h"

namespace pgassay {
namespace {

const Path kSourceDir = PGASSAY_SOURCE_DIR;

TEST(ErrorContext, KeepsKindSqlstateHintAndCauseOfAServersError) {
  const ServerError error("permission denied", "GRANT it", "42501");
  const auto told = error.with_context("copying public.t");
  EXPECT_STREQ(told->what(), "copying public.t: permission denied");
  EXPECT_EQ(told->hint(), "GRANT it");
  EXPECT_EQ(told->kind(), ErrorKind::server);
  EXPECT_EQ(told->sqlstate(), "42501");
  ASSERT_NE(told->cause(), nullptr);
  EXPECT_STREQ(told->cause()->what(), "permission denied");
  EXPECT_EQ(told->cause()->kind(), ErrorKind::server);
}

TEST(ErrorContext, KeepsTheErrnoOfASystemCall) {
  const auto told = SystemError("can't open: x", "", ENOENT).with_context("reading the manifest");
  EXPECT_EQ(told->number(), ENOENT);
  EXPECT_TRUE(told->is_loss());
  EXPECT_THROW(told->raise(), SystemError);
}

TEST(ErrorContext, KeepsTheClassThroughEveryLayer) {
  const Error& error = ServerError("deadlock", "", "40P01");
  try {
    error.with_context("a")->with_context("b")->with_hint("again")->with_outcome("undone")->raise();
  } catch (const ServerError& told) {
    EXPECT_STREQ(told.what(), "b: a: deadlock; undone");
    EXPECT_EQ(told.hint(), "again");
    EXPECT_EQ(told.sqlstate(), "40P01");
  }
}

TEST(ErrorContext, KeepsTheExitStatus) {
  EXPECT_EQ(Error("x", "", Exit::refused).with_context("c")->exit(), Exit::refused);
  EXPECT_EQ(BadBackup("x").with_context("c")->exit(), Exit::bad_backup);
}

TEST(ErrorContext, KeepsWhatAClassKnowsBeside) {
  const DamagedPart part("damaged", 10, {}, 7, 3);
  try {
    part.with_context("verify")->raise();
  } catch (const DamagedPart& told) {
    EXPECT_EQ(told.offset, 7U);
    EXPECT_EQ(told.rows, 3U);
  }
}

TEST(ErrorOfAnotherKind, KeepsSqlstateErrnoAndCause) {
  const ServerError server("no space left", "", "53100");
  const Unverified error("could not verify: no space left", "make room", server);
  EXPECT_EQ(error.kind(), ErrorKind::unverified);
  EXPECT_EQ(error.exit(), Exit::unverified);
  EXPECT_EQ(error.sqlstate(), "53100");
  EXPECT_EQ(error.cause()->kind(), ErrorKind::server);
  const BadBackup bad("gone", "", SystemError("gone", "", ENOENT));
  EXPECT_EQ(bad.number(), ENOENT);
  EXPECT_FALSE(bad.is_loss());
}

template <class Class>
void expect_raised_as(const Class& error, ErrorKind kind) {
  EXPECT_EQ(error.kind(), kind);
  const Error& base = error;
  EXPECT_THROW(base.raise(), Class);
  EXPECT_THROW(base.with_context("c")->raise(), Class);
  EXPECT_THROW(base.raise_if(kind), Class);
  EXPECT_NO_THROW(base.raise_if(kind == ErrorKind::usage ? ErrorKind::stopped : ErrorKind::usage));
}

TEST(ErrorRaise, ThrowsItAsTheClassThatItHas) {
  expect_raised_as(Error("x"), ErrorKind::failed);
  expect_raised_as(UsageError("x"), ErrorKind::usage);
  expect_raised_as(Refused("x"), ErrorKind::refused);
  expect_raised_as(Locked("x"), ErrorKind::locked);
  expect_raised_as(Stopped(), ErrorKind::stopped);
  expect_raised_as(BadBackup("x"), ErrorKind::bad_backup);
  expect_raised_as(NewerFormat("x"), ErrorKind::newer_format);
  expect_raised_as(NoContainerEngine("x"), ErrorKind::no_container_engine);
  expect_raised_as(ConnectionLost("x"), ErrorKind::connection_lost);
  expect_raised_as(ServerSilent("x"), ErrorKind::server_silent);
  expect_raised_as(backup::SchemaBlocked("x"), ErrorKind::schema_blocked);
}

TEST(ErrorRaise, ASpecialClassIsCaughtAsItsGeneralOne) {
  EXPECT_THROW(NewerFormat("x").raise(), BadBackup);
  EXPECT_THROW(NoContainerEngine("x").raise(), Unverified);
  EXPECT_THROW(backup::SchemaBlocked("x").raise(), backup::TryAgain);
}

TEST(OnFailure, UndoesWhenAnExceptionLeavesTheScopeOnly) {
  int undone = 0;
  {
    const OnFailure undo([&] { ++undone; });
  }
  EXPECT_EQ(undone, 0);
  EXPECT_THROW(
      {
        const OnFailure undo([&] { ++undone; });
        throw Error("x");
      },
      Error);
  EXPECT_EQ(undone, 1);
}

TEST(OnFailure, LetsTheFirstErrorGoOnWhenTheUndoingFailsToo) {
  try {
    const OnFailure undo([] { throw Error("second"); });
    throw Error("first");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "first");
  }
}

TEST(OnFailure, WorksWithinAnUndoing) {
  int undone = 0;
  try {
    const OnFailure outer([&] { const OnFailure inner([&] { ++undone; }); });
    throw Error("x");
  } catch (const Error&) {
  }
  EXPECT_EQ(undone, 0);
}

/// Lines of the rooms' sources that hold the word, as "file: line".
std::vector<std::string> lines_with(const std::string& word) {
  std::vector<std::string> found;
  std::ifstream rooms(kSourceDir / "rooms.txt");
  for (std::string room; std::getline(rooms, room);) {
    if (room.empty() || room[0] == '#') continue;
    const std::string folder = room.substr(0, room.find(':'));
    for (const auto& entry : std::filesystem::directory_iterator(kSourceDir / folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);)
        if (line.find(word) < line.find("//"))
          found.push_back(folder + "/" + entry.path().filename().string() + ": " + line);
    }
  }
  std::ranges::sort(found);
  return found;
}

TEST(ErrorCode, NowhereThrowsWhatItCannotName) {
  EXPECT_EQ(lines_with("throw;"), std::vector<std::string>());
}

TEST(ErrorCode, NowhereCastsAnErrorToFindOutWhatItIs) {
  // CLI11 has no other way to tell one of its errors from another.
  std::vector<std::string> casts = lines_with("dynamic_cast<");
  std::erase_if(casts, [](const std::string& line) { return line.find("CLI::") != std::string::npos; });
  EXPECT_EQ(casts, std::vector<std::string>());
}

TEST(ErrorCode, EveryClassOfErrorsSaysItsKind) {
  for (const char* base : {"public Error ", "public BadBackup ", "public Unverified ", "public UsageError ",
                           "public Refused ", "public Locked ", "public ServerError ", "public SystemError "})
    EXPECT_EQ(lines_with(base), std::vector<std::string>());
}

}  // namespace
}  // namespace pgassay
