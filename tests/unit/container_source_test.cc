// What is read out of an inspected container, and what is made of it.
#include <gtest/gtest.h>

#include "source/container_address.h"
#include "source/find_container.h"

namespace pgassay {
namespace {

using Addresses = std::vector<source::ContainerAddress>;

constexpr char kDocker[] = R"([{"Id": "4f1d", "Name": "/shop-db-1", "Image": "sha256:aa",
  "State": {"Status": "running", "Pid": 7}, "HostConfig": {"NetworkMode": "shop_default"},
  "Config": {"Image": "postgres:15", "Env": ["POSTGRES_USER=shop", "POSTGRES_PASSWORD=a=b \"c\"\nd", "ODD"],
             "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "db"}},
  "NetworkSettings": {"Ports": {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "15432"},
                                             {"HostIp": "::", "HostPort": "15432"}],
                                "5432/udp": [{"HostIp": "", "HostPort": "9"}], "8008/tcp": null},
                      "Networks": {"a": {"IPAddress": "", "GlobalIPv6Address": "fd00::2"},
                                   "shop_default": {"IPAddress": "172.18.0.2", "GlobalIPv6Address": ""}}},
  "Mounts": [{"Type": "volume", "Name": "shop_data", "Source": "/var/lib/docker/volumes/shop_data/_data",
              "Destination": "/var/lib/postgresql/data"},
             {"Type": "bind", "Source": "/srv/shop/run", "Destination": "/var/run/postgresql"}]}])";

/// podman's has no slash before the name, and nulls where docker has nothing.
constexpr char kPodman[] = R"([{"Id": "99aa", "Name": "db", "ImageName": "docker.io/library/postgres:15",
  "State": {"Status": "exited", "OOMKilled": false}, "HostConfig": {"NetworkMode": "none"},
  "Config": {"Image": "docker.io/library/postgres:15", "Env": ["PGDATA=/data"], "Labels": null},
  "NetworkSettings": {"Ports": null, "Networks": null}, "Mounts": []}])";

InspectedContainer docker() {
  return parse_inspected(kDocker).at(0);
}

TEST(InspectedContainers, AreReadAsDockerWritesThem) {
  const InspectedContainer container = docker();
  EXPECT_EQ(container.name, "shop-db-1");
  EXPECT_EQ(container.image, "postgres:15");
  EXPECT_TRUE(container.running());
  EXPECT_EQ(container.variable("POSTGRES_PASSWORD"), "a=b \"c\"\nd");
  EXPECT_EQ(container.variable("POSTGRES_DB"), "");
  EXPECT_EQ(container.labels.at("com.docker.compose.service"), "db");
  ASSERT_EQ(container.published.size(), 2u);
  EXPECT_EQ(container.published[0].host_port, 15432u);
  EXPECT_EQ(container.addresses, (std::vector<std::string>{"172.18.0.2", "fd00::2"}));
  EXPECT_EQ(container.mounts.at(1).outside, "/srv/shop/run");
}

TEST(InspectedContainers, AreReadAsPodmanWritesThem) {
  const InspectedContainer container = parse_inspected(kPodman).at(0);
  EXPECT_EQ(container.name, "db");
  EXPECT_EQ(container.status, "exited");
  EXPECT_EQ(container.network_mode, "none");
  EXPECT_EQ(container.variable("PGDATA"), "/data");
  EXPECT_TRUE(container.published.empty() && container.addresses.empty() && container.mounts.empty());
}

TEST(InspectedContainers, WhatIsNoneIsAnErrorThatDoesNotRepeatIt) {
  for (const char* text : {"", "{", "{}", "[1]", "[{}]", "[{\"secret\": \"hunter2\"}]", "[\"hunter2\""}) {
    try {
      parse_inspected(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos);
    }
  }
}

TEST(ContainerAddresses, ArePublishedPortsThenItsNetworksThenSockets) {
  const source::ServerInside inside{5432, "/var/run/postgresql", "*"};
  EXPECT_EQ(addresses_of(docker(), docker(), inside), (Addresses{{"127.0.0.1", 15432},
                                                                 {"::1", 15432},
                                                                 {"172.18.0.2", 5432},
                                                                 {"fd00::2", 5432},
                                                                 {"/srv/shop/run", 5432}}));
}

TEST(ContainerAddresses, OfAnotherPortAreNotItsServers) {
  const source::ServerInside inside{5433, "", "*"};
  EXPECT_EQ(addresses_of(docker(), docker(), inside), (Addresses{{"172.18.0.2", 5433}, {"fd00::2", 5433}}));
}

TEST(ContainerAddresses, AreOnlySocketsWhereItListensOnNoPort) {
  EXPECT_EQ(source::addresses_of(docker(), docker(), {5432, "/run/postgresql", ""}),
            (Addresses{{"/srv/shop/run", 5432}}));
}

TEST(ContainerAddresses, OfASocketMayBeBelowAMountOfALargerDirectory) {
  InspectedContainer container;
  container.mounts = {{"/run", "/srv/run"}, {"/var/run/postgres", "/srv/other"}};
  EXPECT_EQ(source::addresses_of(container, container, {5432, "/var/run/postgresql", ""}),
            (Addresses{{"/srv/run/postgresql", 5432}}));
}

TEST(ContainerAddresses, AreTheHostsWhereItHasTheHostsNetwork) {
  InspectedContainer container;
  container.network_mode = "host";
  EXPECT_EQ(source::addresses_of(container, container, {5433, "", "*"}), (Addresses{{"127.0.0.1", 5433}}));
  EXPECT_EQ(source::addresses_of(container, container, {5433, "", "10.0.0.7"}),
            (Addresses{{"10.0.0.7", 5433}}));
}

TEST(ContainerAddresses, AreThoseOfTheContainerWhoseNetworkItShares) {
  InspectedContainer sidecar;
  sidecar.network_mode = "container:4f1d";
  EXPECT_EQ(source::addresses_of(sidecar, docker(), {5432, "", "*"}).at(0),
            (source::ContainerAddress{"127.0.0.1", 15432}));
}

TEST(PostmasterPid, SaysPortSocketsAndAddress) {
  const auto inside = source::parse_postmaster_pid(
      "1\n/var/lib/postgresql/data\n1795647600\n5433\n/var/run/postgresql\n*\n   16385     0\nready   \n");
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->port, 5433u);
  EXPECT_EQ(inside->socket_dir, "/var/run/postgresql");
  EXPECT_EQ(inside->listens, "*");
}

TEST(PostmasterPid, OfAServerWithoutTcpHasAnEmptyLine) {
  const auto inside = source::parse_postmaster_pid("1\n/data\n1795647600\n5432\n/tmp\n\n16385 0\nready\n");
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->listens, "");
}

TEST(PostmasterPid, WhatIsNoneIsNothing) {
  EXPECT_FALSE(source::parse_postmaster_pid(""));
  EXPECT_FALSE(source::parse_postmaster_pid("1\n/data\n1795647600\nnone\n/tmp\n*\n"));
}

class ComposeServices : public ::testing::Test {
 protected:
  void add(const std::string& container, const std::string& status, const std::string& oneoff = "False") {
    containers_.emplace_back();
    containers_.back().name = container;
    containers_.back().status = status;
    containers_.back().labels["com.docker.compose.oneoff"] = oneoff;
  }
  std::string chosen() {
    try {
      return source::the_running_one({"", "", "shop", "db"}, ContainerCli("docker"), containers_).facts.name;
    } catch (const Error& error) {
      exit_ = error.exit();
      return error.what();
    }
  }
  std::vector<InspectedContainer> containers_;
  Exit exit_ = Exit::done;
};

TEST_F(ComposeServices, HaveOneContainerThatRuns) {
  add("shop-db-1", "exited");
  add("shop-db-2", "running");
  add("shop-db-run-9", "running", "True");
  EXPECT_EQ(chosen(), "shop-db-2");
}

TEST_F(ComposeServices, OfSeveralContainersAreAmbiguous) {
  add("shop-db-1", "running");
  add("shop-db-2", "running");
  EXPECT_EQ(
      chosen(),
      "which one? 2 containers run as the service db of the compose project shop: shop-db-1, shop-db-2");
  EXPECT_EQ(exit_, Exit::usage);
}

TEST_F(ComposeServices, WithoutOneThatRunsSayItsStatus) {
  add("shop-db-1", "paused");
  EXPECT_EQ(chosen(), "the container shop-db-1 does not run: its status is paused");
  EXPECT_EQ(exit_, Exit::failed);
}

TEST(FindContainer, TakesNoOptionForAName) {
  source::ContainerName name;
  name.container = "--format=x";
  EXPECT_THROW(find_container(name, {}), UsageError);
}

}  // namespace
}  // namespace pgassay
