// A PostgreSQL server that exists for one drill: empty, private, out of reach of everybody but us, able to
// reach nobody, and gone afterwards.
//
// Whatever the engine: the bootstrap superuser has the name of the source's, and we are another one, of a
// random name, over a unix socket in a directory that only we (and root) may enter, and the server itself may
// not; no TCP from outside; nothing inside it can connect to anything, so restored foreign servers,
// subscriptions and jobs reach nobody, nor see or change what is this host's (docs/security.md); schedulers
// are off. Messages are in English. It is faster than a real server because nothing is flushed to disk:
// facts().settings says in what it differs.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/system/fd.h"
#include "core/system/landlock.h"
#include "core/system/observer.h"

namespace pgassay::drill {

enum class Engine { automatic, docker, podman, local };
Engine parse_engine(std::string_view text);  ///< "auto", "docker", "podman", "local"; throws UsageError
std::string_view to_string(Engine engine);

enum class Pull { missing, never, always };
Pull parse_pull(std::string_view text);  ///< throws UsageError

struct ThrowawayRequest {
  int source_version = 0;            ///< server_version_num of the backup's source: 150018
  int pg_dump_version = 0;           ///< of the schema archive, which tool("pg_restore") must be able to read
  std::uint64_t raw_bytes = 0;       ///< of COPY text that is going to be loaded
  std::uint64_t database_bytes = 0;  ///< of the source's database, 0: not known
  std::uint64_t relations = 0;       ///< sizes the lock table
  std::string backup_id;             ///< for labels, markers and people
  std::string database;  ///< what the restored database is going to be called (pg_cron wants to know)
  std::string shared_preload_libraries;  ///< as the source says it; all of them must be there
  Path backup_dir;                       ///< containers see it read-only, under this very path
  Path work_dir;                         ///< where private directories are made; empty: TMPDIR, else /var/tmp
  std::uint64_t memory_bytes = 0;        ///< the server's; 0: half of what is free
  std::string image;                     ///< empty: postgres:<major of the source>
  Pull pull = Pull::missing;
  std::string superuser = "postgres";   ///< the name of the role that initdb makes: the source's
  bool allow_weak_sandbox = false;      ///< local: start it where nothing keeps it away from this host, too
  unsigned landlock = kNewestLandlock;  ///< local: what an older kernel would have of it; 0: nothing
  std::chrono::seconds lifetime = std::chrono::hours(24);  ///< after which anybody's gc may remove it
  unsigned jobs = 2;
};

/// For the evidence.
struct EngineFacts {
  Engine engine = Engine::local;
  std::string engine_version;  ///< of docker or podman
  std::string image, image_id,
      image_digest;            ///< digest: "postgres@sha256:…", empty for an image without registry
  std::string server;          ///< local: the postgres program; containers: the container's name
  std::string server_version;  ///< "15.18 (Debian 15.18-0+deb12u1)"
  int server_version_num = 0;
  std::string host;                             ///< this host's name
  std::string storage;                          ///< "disk", "tmpfs", "volume"
  std::string sandbox;                          ///< what keeps it away from this host, in words
  std::uint64_t memory_bytes = 0;               ///< what the settings were made for; the limit of a container
  std::map<std::string, std::string> settings;  ///< that differ from a server's defaults
};

/// Used from one thread, the one that started it, which must outlive it: the local server is told to end when
/// that thread does. The Observer it was started with must outlive it too.
class ThrowawayServer {
 public:
  virtual ~ThrowawayServer() = default;  ///< server, data, directory, container, volumes: all gone

  /// database "postgres"; sockets have the same path inside a container as outside.
  virtual ConnInfo conninfo() const = 0;
  /// A client program ("pg_restore", "pg_amcheck") that fits this server and reads the archive: the host's,
  /// else the one inside the container, by exec. Either takes conninfo() and paths below backup_dir as they
  /// are; PGPASSWORD, PGOPTIONS, PGAPPNAME and LC_ALL of its Command reach it. Throws Unverified when there
  /// is none.
  virtual PgTool tool(std::string_view program) const = 0;
  virtual EngineFacts facts() const = 0;
  /// The last lines that the server logged, for the explanation of a failure.
  virtual std::string log_tail() const = 0;
  /// What an operator types to look into that database.
  virtual std::string how_to_connect(const std::string& database) const = 0;
  /// Leaves it up past the destructor and this process, until its lifetime has passed and a gc comes by. A
  /// local server is started anew for this: connections to it are lost. Throws Error, and then it is not
  /// kept.
  virtual void keep() = 0;
};

/// In which order a server is looked for; see start_throwaway_server.
std::vector<Engine> engines_in_turn(Engine engine, const ThrowawayRequest& request, std::stop_token stop);

/// Removes what earlier runs with that engine left behind, then starts a server and waits until it is ready.
/// Automatic: a container when an image is given; else local when this host has a server of the source's
/// major release; else a container of postgres:<major>; else a newer local server. Throws Unverified saying
/// what is missing (engine, image, server programs, library, memory, disk) and what to do; Stopped; and
/// leaves nothing behind.
std::unique_ptr<ThrowawayServer> start_throwaway_server(Engine engine, const ThrowawayRequest& request,
                                                        Observer& observer, std::stop_token stop);

/// Removes throwaway servers of this user whose run is dead (nobody holds the lock of their directory's
/// marker) or, kept ones, whose time is over: directories below work_dir, TMPDIR and /var/tmp, containers by
/// their labels. Touches nothing else. Returns a line for each that is gone; what can't be removed now is a
/// warning, and left for the next time.
std::vector<std::string> collect_garbage(const Path& work_dir, Observer& observer, std::stop_token stop);

}  // namespace pgassay::drill
