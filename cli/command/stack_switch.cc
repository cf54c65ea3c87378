#include <unistd.h>

#include <iostream>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/hints.h"
#include "cli/command/stacks.h"
#include "cli/command/switch_options.h"
#include "cli/render/json/stack.h"
#include "cli/render/text/switch_text.h"
#include "stack/switch/trial.h"

namespace pgassay::cli {
namespace {

struct SwitchArguments {
  std::string name;
  bool dry_run = false, yes = false, no_drill = false, keep_data = false, data_from_backup = false,
       resume = false;
};

/// Only somebody at a terminal can be asked.
void ask(const Context& context, const std::string& name) {
  if (context.arguments.json || ::isatty(STDIN_FILENO) == 0)
    throw UsageError("nobody is here to be asked whether to switch " + name,
                     "--yes; or look first: --dry-run");
  std::cerr << "switch " << name << "? Type its name to go on: " << std::flush;
  std::string answer;
  if (!std::getline(std::cin, answer) || answer != name)
    throw Refused("not confirmed: nothing was touched", "--yes does not ask");
}

/// The drill runs in the old database's own image, where nothing else is said.
void choose_image(stack::SwitchOptions& options, const stack::SwitchScene& scene) {
  const stack::StackContainer* database = scene.old_database();
  if (!options.drill || !options.drill->image.empty() || options.drill->engine == drill::Engine::local ||
      database == nullptr)
    return;
  options.drill->image = database->image;
  options.drill->engine = drill::Engine::docker;
}

Exit told(Context& context, const stack::SwitchReport& report, const std::string& name) {
  set_switched(context.reply, report, name);
  if (report.outcome == stack::SwitchReport::Outcome::switched) {
    context.reporter.summary(with_our_flags(switched_text(report, name), context.arguments));
    return Exit::done;
  }
  context.reporter.message(Level::error, report.problem, report.hint);
  return Exit::refused;
}

Exit dry_run(Context& context, const stack::SwitchPlan& plan, const stack::SwitchScene& scene,
             const Path& root) {
  if (exists(Place(root) / kRepositoryFile)) check_may_begin(Repository::open(root), plan, scene);
  if (!plan.obstacles.empty())
    throw Error("the switch would be refused: " + plan.obstacles[0].text, plan.obstacles[0].hint, plan.exit);
  context.reporter.print("nothing was touched\n");
  return Exit::done;
}

Exit run_stack_switch(Context& context, const SwitchArguments& arguments) {
  stack::SwitchOptions options = switch_options(context, arguments.name, arguments.no_drill);
  options.keep_data = arguments.keep_data;
  options.data_from_backup = arguments.data_from_backup;
  const std::string& name = options.settings.name;
  const Path root = repository_path(context.arguments, context.config);
  if (arguments.resume) {
    const Repository repository = Repository::open(root);
    const stack::SwitchLock lock(repository);
    const stack::SwitchScene scene = look_at_scene(options, context.reporter, context.stop);
    return told(context, resume_switch(repository, lock, options, scene, context.reporter, context.stop),
                name);
  }
  std::optional<Repository> repository;
  std::optional<stack::SwitchLock> lock;
  if (!arguments.dry_run) {
    repository = Repository::open_or_create(root);
    lock.emplace(*repository);
  }
  stack::SwitchScene scene = look_at_scene(options, context.reporter, context.stop);
  choose_image(options, scene);
  if (exists(Place(root) / kRepositoryFile))
    scene.tried_volume = stack::volume_of_last_trial(Repository::open(root), name);
  const stack::SwitchPlan plan = plan_switch(options, scene);
  set_plan(context.reply, plan);
  context.reporter.print(with_our_flags(plan_text(plan, name), context.arguments));
  if (arguments.dry_run) return dry_run(context, plan, scene, root);
  if (plan.obstacles.empty() && !arguments.yes) ask(context, name);
  return told(context, run_switch(*repository, *lock, options, scene, plan, context.reporter, context.stop),
              name);
}

Run declare_stack_switch(Options& options) {
  const auto arguments = std::make_shared<SwitchArguments>();
  add_switch_name(options, arguments->name);
  options.flag("--dry-run", arguments->dry_run, "print the plan, touch nothing");
  options.flag("--yes", arguments->yes, "do not ask");
  options.flag("--no-drill", arguments->no_drill, "verify the rehearsal's backup, but do not drill it");
  options.flag("--keep-data", arguments->keep_data,
               "both stacks use the same volume: the new server takes it over");
  options
      .flag("--data-from-backup", arguments->data_from_backup,
            "the new stack's volume holds a database already: the old stack's data takes its name, and "
            "what was there stays beside it")
      .excludes({"--keep-data"});
  options.flag("--resume", arguments->resume, "go on with a switch that was interrupted")
      .excludes({"--dry-run"});

  return [arguments](Context& context) { return run_stack_switch(context, *arguments); };
}

}  // namespace

const Command kStackSwitch = {
    .name = "stack switch",
    .what = "replace a running stack by another, its data carried over and proved",
    .examples =
        "  pgassay stack switch prod --dry-run       the plan, with exact commands; touches nothing\n"
        "  pgassay stack switch prod --yes\n"
        "  pgassay stack switch prod --resume        go on after a crash\n"
        "Before the new stack's writers start, whatever fails rolls back by itself. Exit status 6: refused,\n"
        "or somebody must choose; the message says between what.\n",
    .declare = declare_stack_switch,
};

}  // namespace pgassay::cli
