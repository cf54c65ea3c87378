// Volumes beside the database's (Redis, uploads), copied from the old stack to the new one while nothing uses
// them. The old one is mounted read-only; the new one must be empty, and is compared with the old one
// afterwards, file by file.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/container/container_cli.h"
#include "stack/switch/plan.h"

namespace pgassay::stack {

/// Names on the engine.
struct VolumePair {
  std::string from, to;
};
/// "FROM:TO,FROM:TO", as the journal has them.
std::string to_text(const std::vector<VolumePair>& pairs);
std::vector<VolumePair> parse_volume_pairs(std::string_view text);

struct PlannedVolumes {
  std::vector<VolumePair> pairs;  ///< to be carried over
  std::vector<std::string> left;  ///< of the old stack, that are not
  std::vector<std::string> notes;
  std::vector<Obstacle> obstacles;
};
/// Of volumes as [switch.NAME] lists them, and of all others of the old stack but its database's.
PlannedVolumes plan_volumes(const SwitchSettings& settings, const SwitchScene& scene);
/// Of the new stack, that mount a volume of that name.
std::vector<std::string> services_on(const ComposeModel& model, const std::string& volume);

class VolumeCopies {
 public:
  /// `image`: any that has sh, cp, find, stat and sha256sum, as PostgreSQL's has.
  VolumeCopies(const ContainerCli& docker, std::string image) : docker_(docker), image_(std::move(image)) {}

  /// What an operator would type.
  static std::string command(const VolumePair& pair, const std::string& image);

  bool exists(const std::string& volume, const std::stop_token& stop) const;
  /// Both volumes must be there. Returns one line of what was copied and compared. A copy that was
  /// interrupted begins anew, one that is whole already stays. Throws Refused when a container uses either of
  /// them, or when the new one holds anything else.
  std::string copy(const VolumePair& pair, const std::stop_token& stop) const;
  /// Ends what a process that was killed has left running.
  void stop_copying(const VolumePair& pair) const;

 private:
  void check_unused(const std::string& volume, const std::stop_token& stop) const;

  const ContainerCli& docker_;
  std::string image_;
};

}  // namespace pgassay::stack
