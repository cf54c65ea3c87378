#include "core/system/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

TEST(OutputFile, TakesItsNameWhenItIsComplete) {
  const test::TemporaryDir dir;
  const Path file = dir.path() / "out.sql";
  write_new_file(file, "old");
  OutputFile output(file);
  write_all(output.fd(), as_bytes("new"), file);
  EXPECT_EQ(read_file(file), "old");
  output.commit();
  EXPECT_EQ(read_file(file), "new");
  EXPECT_EQ(list_names(dir.path()), std::vector<std::string>{"out.sql"});
}

TEST(OutputFile, LeavesNothingWhenItIsGivenUp) {
  const test::TemporaryDir dir;
  { const OutputFile output(dir.path() / "out.sql"); }
  EXPECT_TRUE(list_names(dir.path()).empty());
}

TEST(OutputFile, ReplacesWhatASymbolicLinkLeadsTo) {
  const test::TemporaryDir dir;
  write_new_file(dir.path() / "real", "old");
  std::filesystem::create_symlink("real", dir.path() / "link");
  OutputFile output(dir.path() / "link");
  output.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(dir.path() / "link"));
  EXPECT_EQ(read_file(dir.path() / "real"), "");
}

TEST(OutputFile, NeverPutsAFileInADevicesPlace) {
  OutputFile output("/dev/null");
  output.commit();
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(WriteToReader, SaysThatNobodyReads) {
  signal(SIGPIPE, SIG_IGN);
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const Fd writer(fds[1]);
  close(fds[0]);
  const StopFd stop({});
  EXPECT_THROW(write_to_reader(writer.get(), as_bytes("x"), stop, "pipe"), ReaderGone);
}

TEST(WriteToReader, IsStoppedThoughTheReaderStalls) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const Fd reader(fds[0]), writer(fds[1]);
  std::stop_source source;
  const StopFd stop(source.get_token());
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    source.request_stop();
  });
  EXPECT_THROW(write_to_reader(writer.get(), as_bytes(std::string(1 << 20, 'x')), stop, "pipe"), Stopped);
}

}  // namespace
}  // namespace pgassay
