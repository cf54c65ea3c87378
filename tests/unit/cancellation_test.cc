#include "core/system/cancellation.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "core/system/error.h"

namespace pgassay {
namespace {

using namespace std::chrono_literals;

struct PipeEnds {
  Fd reader, writer;
  PipeEnds() {
    int fds[2];
    if (::pipe(fds) != 0) throw_errno("can't make", "pipe");
    reader = Fd(fds[0]);
    writer = Fd(fds[1]);
  }
};

TEST(WaitFor, SeesTheEvent) {
  PipeEnds pipe;
  write_all(pipe.writer.get(), as_bytes("x"), "pipe");
  EXPECT_TRUE(wait_for(pipe.reader.get(), POLLIN, StopFd({}), 0ms));
}

TEST(WaitFor, GivesUpAfterItsTime) {
  PipeEnds pipe;
  EXPECT_FALSE(wait_for(pipe.reader.get(), POLLIN, StopFd({}), 20ms));
}

TEST(WaitFor, ThrowsWhenTheStopComesWhileItWaits) {
  PipeEnds pipe;
  std::stop_source source;
  StopFd stop(source.get_token());
  std::jthread later([&] {
    std::this_thread::sleep_for(20ms);
    source.request_stop();
  });
  EXPECT_THROW(wait_for(pipe.reader.get(), POLLIN, stop), Stopped);
}

TEST(WaitFor, ThrowsWhenTheStopCameBefore) {
  PipeEnds pipe;
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(wait_for(pipe.reader.get(), POLLIN, StopFd(source.get_token())), Stopped);
}

TEST(RunWorkers, RunsEachIndexOnce) {
  std::mutex mutex;
  std::multiset<unsigned> seen;
  run_workers("worker", 4, {}, [&](unsigned index, std::stop_token) {
    std::lock_guard lock(mutex);
    seen.insert(index);
  });
  EXPECT_EQ(seen, (std::multiset<unsigned>{0, 1, 2, 3}));
}

void until_stopped(const std::stop_token& stop) {
  while (true) {
    throw_if_stopped(stop);
    std::this_thread::sleep_for(1ms);
  }
}

TEST(RunWorkers, StopsTheOthersAndReportsTheErrorThatCameFirst) {
  try {
    run_workers("worker", 3, {}, [](unsigned index, std::stop_token stop) {
      if (index != 1) until_stopped(stop);
      throw Error("the disk is gone");
    });
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the disk is gone");
  }
}

TEST(RunWorkers, ReportsARealErrorThoughStoppedCameBeforeIt) {
  std::stop_source source;
  source.request_stop();
  std::atomic<bool> first_is_out = false;
  try {
    run_workers("worker", 2, source.get_token(), [&](unsigned index, std::stop_token) {
      if (index == 0) {
        first_is_out = true;
        throw Stopped();
      }
      while (!first_is_out) std::this_thread::sleep_for(1ms);
      std::this_thread::sleep_for(10ms);
      throw Error("the disk is gone");
    });
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the disk is gone");
  }
}

TEST(RunWorkers, PassesTheOuterStopOn) {
  std::stop_source source;
  std::jthread later([&] {
    std::this_thread::sleep_for(20ms);
    source.request_stop();
  });
  EXPECT_THROW(run_workers("worker", 2, source.get_token(),
                           [](unsigned, std::stop_token stop) { until_stopped(stop); }),
               Stopped);
}

std::string name_of_this_thread() {
  char name[16] = "";
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

TEST(RunTogether, RunsEachRoleOnAThreadOfItsName) {
  std::string watch, lead;
  run_together({{"watch", [&](std::stop_token) { watch = name_of_this_thread(); }},
                {"lead, and what follows", [&](std::stop_token) { lead = name_of_this_thread(); }}},
               {});
  EXPECT_EQ(watch, "watch");
  EXPECT_EQ(lead, "lead, and what ");
}

TEST(RunTogether, StopsTheOtherRolesAndReportsTheErrorThatCameFirst) {
  try {
    run_together({{"watch", until_stopped},
                  {"lead", [](std::stop_token) { throw Error("the disk is gone"); }},
                  {"schema", until_stopped}},
                 {});
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the disk is gone");
  }
}

TEST(RunWorkers, NamesItsThreadsByTheirNumber) {
  std::mutex mutex;
  std::set<std::string> names;
  run_workers("proof", 2, {}, [&](unsigned, std::stop_token) {
    const std::lock_guard lock(mutex);
    names.insert(name_of_this_thread());
  });
  EXPECT_EQ(names, (std::set<std::string>{"proof 0", "proof 1"}));
}

}  // namespace
}  // namespace pgassay
