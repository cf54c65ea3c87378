#include <unistd.h>

#include <iostream>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/command/resolve_switch.h"
#include "cli/render/text/switch_text.h"

namespace pgassay::cli {
namespace {

/// Only somebody at a terminal can be asked.
void ask(const Context& context, const std::string& name) {
  if (context.arguments.stack.switching.yes) return;
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
    context.reporter.summary(switched_text(report, name));
    return Exit::done;
  }
  context.reporter.message(Level::error, report.problem, report.hint);
  return Exit::refused;
}

Exit dry_run(Context& context, const stack::SwitchPlan& plan, const stack::SwitchScene& scene,
             const Path& root) {
  if (exists(status_of(root / kRepositoryFile))) check_may_begin(Repository::open(root), plan, scene);
  if (!plan.obstacles.empty())
    throw Error("the switch would be refused: " + plan.obstacles[0].text, plan.obstacles[0].hint, plan.exit);
  context.reporter.print("nothing was touched\n");
  return Exit::done;
}

}  // namespace

Exit run_stack_switch(Context& context) {
  const SwitchArguments& arguments = context.arguments.stack.switching;
  stack::SwitchOptions options = switch_options(context);
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
  const stack::SwitchScene scene = look_at_scene(options, context.reporter, context.stop);
  choose_image(options, scene);
  const stack::SwitchPlan plan = plan_switch(options, scene);
  set_plan(context.reply, plan);
  context.reporter.print(plan_text(plan, name));
  if (arguments.dry_run) return dry_run(context, plan, scene, root);
  if (plan.obstacles.empty()) ask(context, name);
  return told(context, run_switch(*repository, *lock, options, scene, plan, context.reporter, context.stop),
              name);
}

}  // namespace pgassay::cli
