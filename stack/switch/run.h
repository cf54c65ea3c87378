// The steps of a switch, done. Each has a pre-condition, an action, and a post-condition that is measured in
// the world, and can be done again when it was interrupted.
#pragma once

#include "stack/switch/new_stack.h"
#include "stack/switch/switch.h"

namespace pgassay::stack {

class SwitchRun {
 public:
  SwitchRun(const Repository& repository, SwitchJournal& journal, const SwitchOptions& options,
            const SwitchScene& scene, Observer& observer, std::stop_token stop);

  /// What is worth writing down of it.
  std::string act(SwitchStep step);
  /// Throws Refused when a container is gone that the way back starts.
  void check_old_is_there() const;

 private:
  std::string check();
  std::string make_images_be_here();
  std::string rehearse();
  std::string stop_writers();
  std::string take_final_backup();
  std::string start_new_database();
  std::string restore();
  std::string stop_old();
  std::string carry_volumes();
  std::string start_new();
  std::string await_health();
  std::string check_routes();

  SwitchState state() const { return replay(journal_.entries()); }
  void note(const char* name, const std::string& value) { journal_.add(entry::kFact, {{name, value}}); }
  backup::BackupOptions reach_old();
  void note_new_server();
  backup::BackupOptions reach_new(const std::string& database);
  std::string try_new_stack(const Manifest& backup);
  Backup final_backup() const;
  std::string restore_into(const std::string& database);
  bool restore_was_begun_before() const;
  bool is_restored(const std::string& database);
  void prove_nobody_wrote();
  void check_no_newcomers() const;
  void check_old_is_down() const;

  const Repository& repository_;
  SwitchJournal& journal_;
  const SwitchOptions& options_;
  const SwitchScene& scene_;
  Observer& observer_;
  std::stop_token stop_;
  StackContainers containers_;
  NewStack new_stack_;
};

}  // namespace pgassay::stack
