// docker and podman by their command lines, which agree in all that is used here. Argument vectors only; what
// is secret goes by the client's environment. Nothing waits for ever: an engine that does not answer within a
// minute is an error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/container/inspected.h"
#include "core/system/clock.h"
#include "core/system/error.h"
#include "core/system/fd.h"
#include "core/system/subprocess.h"

namespace pgassay {

/// Not installed, not running, no permission, or on another host. What to do about an engine that is not here
/// depends on what it was wanted for: whoever asked may know a better hint.
class NoContainerEngine : public ErrorAs<NoContainerEngine, ErrorKind::no_container_engine, Unverified> {
 public:
  enum class Reason { not_installed, on_another_host, out_of_reach };
  explicit NoContainerEngine(std::string what, std::string hint = {}, Reason reason = Reason::out_of_reach)
      : ErrorAs(std::move(what), std::move(hint)), reason_(reason) {}
  Reason reason() const { return reason_; }
  /// Is it not here at all?
  bool absent() const { return reason_ != Reason::out_of_reach; }

 private:
  Reason reason_;
};

struct ContainerImage {
  std::string id;      ///< "sha256:…"
  std::string digest;  ///< "postgres@sha256:…" by which a registry knows it; empty: none does
};

/// One that never sees a network.
struct ContainerSpec {
  std::string name, image;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> environment;
  struct Bind {
    Path dir;  ///< the same inside as outside
    bool read_only;
  };
  std::vector<Bind> binds;
  std::string data_dir;                ///< in memory, or an anonymous volume
  std::uint64_t data_tmpfs_bytes = 0;  ///< 0: a volume
  std::uint64_t memory_bytes = 0, shm_bytes = 0;
  std::vector<std::string> command;
};

struct ContainerState {
  std::string status;  ///< "created", "running", "exited", …
  int exit_status = 0;
  bool out_of_memory = false;
  int pid = 0;  ///< of its first process, in the engine's process namespace; 0: it does not run
  bool running() const { return status == "running" || status == "restarting"; }
};

struct LabelledContainer {
  std::string name;
  std::vector<std::string> labels;  ///< in the order they were asked for; "" where it has none
};

/// Has no state of its own; may be used from several threads.
class ContainerCli {
 public:
  explicit ContainerCli(std::string program) : program_(std::move(program)) {}  ///< "docker" or "podman"

  const std::string& program() const { return program_; }
  bool installed() const { return !find_program(program_).empty(); }

  /// The engine's version. Throws NoContainerEngine, also for one on another host: its containers' files are
  /// not here.
  std::string reach(std::stop_token stop) const;
  std::optional<ContainerImage> image(const std::string& reference, std::stop_token stop) const;
  void pull(const std::string& reference, std::stop_token stop) const;  ///< however long it takes
  Path storage_dir(std::stop_token stop) const;                         ///< where volumes are

  /// Not to be stopped half way: then nobody would know whether there is one.
  void create(const ContainerSpec& spec) const;
  void start(const std::string& name) const;
  /// All at once. `seconds` to end by themselves, then SIGKILL; absent: as each container says (ten by
  /// default).
  void stop(const std::vector<std::string>& names, std::optional<int> seconds, std::stop_token stop) const;
  std::optional<ContainerState> state(const std::string& name) const;  ///< nothing: no such container
  std::string logs(const std::string& name, unsigned lines) const;
  /// With its anonymous volumes, at once. One that is not there is fine.
  void remove(const std::string& name) const;
  /// Of those with all of these labels ("KEY" or "KEY=VALUE"), running or not.
  std::vector<std::string> ids(const std::vector<std::string>& labels, std::stop_token stop) const;
  /// Those that have the first of these labels, running or not.
  std::vector<LabelledContainer> list(const std::vector<std::string>& labels, std::stop_token stop) const;

  /// By name or id; nothing: no such container. Throws Error.
  std::optional<InspectedContainer> inspect(const std::string& name, std::stop_token stop) const;
  /// Those with all of these labels ("KEY=VALUE"), running or not.
  std::vector<InspectedContainer> inspect_labelled(const std::vector<std::string>& labels,
                                                   std::stop_token stop) const;
  /// Runs a program inside to its end, whatever that is.
  Completed run_inside(const std::string& name, const std::vector<std::string>& argv,
                       std::stop_token stop) const;
  /// What it says to these arguments; `what` for the error, should it fail.
  std::string answer(const std::string& what, const std::vector<std::string>& arguments,
                     std::stop_token stop) const;
  /// The same, where some of what was asked for may be gone by now: whatever it did say.
  std::string answer_in_part(const std::vector<std::string>& arguments, std::stop_token stop) const;

  /// How to run a program inside, which gets these variables of the caller's environment where they are set.
  std::vector<std::string> exec(const std::string& name, std::string_view program,
                                const std::vector<std::string>& variables) const;

 private:
  static constexpr Seconds kUsualLimit{60};
  Completed call(std::vector<std::string> arguments, std::stop_token stop,
                 std::optional<Seconds> limit = kUsualLimit,
                 const std::map<std::string, std::string>& environment = {}) const;
  Completed must(const std::string& what, std::vector<std::string> arguments, std::stop_token stop,
                 std::optional<Seconds> limit = kUsualLimit,
                 const std::map<std::string, std::string>& environment = {}) const;
  bool is_podman() const { return program_ == "podman"; }

  std::string program_;
};

}  // namespace pgassay
