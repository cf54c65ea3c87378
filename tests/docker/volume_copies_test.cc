// Volumes beside the database's, on a real engine.
#include "stack/switch/volumes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/system/error.h"
#include "tests/docker/docker_calls.h"
#include "tests/fixtures/host_postgres.h"

namespace pgassay::test {
namespace {

class VolumeCopiesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& volume : {pair_.from, pair_.to}) docker({"volume", "create", volume});
    in_volume(pair_.from,
              "mkdir 'a dir'; echo append > 'a dir/only file.aof'; ln -s nowhere link; : > empty; "
              "chown -R 999:998 .; chmod 600 empty; chmod 750 .");
  }
  void TearDown() override {
    for (const std::string& volume : {pair_.from, pair_.to}) docker({"volume", "rm", volume});
  }

  static std::string in_volume(const std::string& volume, const std::string& commands) {
    return docker({"run", "--rm", "--network", "none", "-v", volume + ":/v", "-w", "/v", "--entrypoint", "sh",
                   host_image(), "-euc", commands});
  }
  std::string copy() const { return copies_.copy(pair_, {}); }
  std::string refusal() const {
    try {
      return copy();
    } catch (const Refused& refused) {
      return refused.what();
    }
  }
  static std::string listed(const std::string& volume) {
    return in_volume(volume, "stat -c '%A %u %g %N' . .* * */*; cat */*; sha256sum empty");
  }
  std::vector<std::string> left_containers() const {
    return lines_of(docker({"ps", "-aq", "--filter", "name=pgassay-copies-" + pair_.to}));
  }

  const std::string mark_ = "pgassayvolumes" + std::to_string(::getpid());
  const stack::VolumePair pair_{mark_ + "-old", mark_ + "-new"};
  const ContainerCli docker_{"docker"};
  const stack::VolumeCopies copies_{docker_, host_image()};
};

TEST_F(VolumeCopiesTest, HoldWhatTheOldVolumeHoldsWithItsOwnersAndModes) {
  const std::string before = listed(pair_.from);
  EXPECT_EQ(copy(), pair_.from + " into " + pair_.to + ": 2 files, every one compared");
  EXPECT_EQ(listed(pair_.to), before);
  EXPECT_EQ(listed(pair_.from), before);
  EXPECT_EQ(copy(), pair_.from + " into " + pair_.to + ": 2 files, every one compared")
      << "it is whole already";
  EXPECT_EQ(left_containers(), std::vector<std::string>{});
}

TEST_F(VolumeCopiesTest, AreMadeAnewWhenTheyWereInterruptedAndRefusedOverAnythingElse) {
  const std::string kept = in_volume(pair_.to, "echo precious > file; cat file");
  EXPECT_EQ(refusal(), "the volume " + pair_.from + " could not be copied into " + pair_.to +
                           ": that one holds something else");
  EXPECT_EQ(in_volume(pair_.to, "ls -A; cat file"), "file\n" + kept);
  in_volume(pair_.to, ": > .pgassay-copying");
  EXPECT_EQ(copy(), pair_.from + " into " + pair_.to + ": 2 files, every one compared");
  EXPECT_EQ(listed(pair_.to), listed(pair_.from));
}

TEST_F(VolumeCopiesTest, AreRefusedWhileAContainerUsesTheVolume) {
  const std::string user = mark_ + "-user";
  docker({"run", "-d", "--init", "--name", user, "--network", "none", "-v", pair_.from + ":/v",
          "--entrypoint", "sleep", host_image(), "600"});
  EXPECT_EQ(refusal(), "the volume " + pair_.from + " is in use: " + user);
  docker({"rm", "-fv", user});
}

}  // namespace
}  // namespace pgassay::test
