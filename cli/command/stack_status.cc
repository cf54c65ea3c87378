#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/basics/json.h"
#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/hints.h"
#include "core/system/printable.h"
#include "stack/switch/status.h"

namespace pgassay::cli {
namespace {

/// Configured, or begun once.
std::vector<std::string> known_switches(const Context& context, const std::optional<Repository>& repository) {
  std::vector<std::string> known;
  for (const auto& [name, settings] : context.config.switches) known.push_back(name);
  if (repository)
    for (const std::string& name : stack::SwitchJournal::names(*repository))
      if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  return known;
}

struct Chosen {
  std::vector<std::string> stacks, switches;
};

/// A name may be of a stack and of a switch; then both are told of.
Chosen chosen(const Context& context, const std::vector<std::string>& names,
              const std::vector<std::string>& known_switches) {
  Chosen all{{}, known_switches}, found;
  for (const auto& [name, stack] : context.config.stacks) all.stacks.push_back(name);
  if (names.empty()) return all;
  for (const std::string& name : names) {
    const bool stack = std::ranges::find(all.stacks, name) != all.stacks.end(),
               a_switch = std::ranges::find(all.switches, name) != all.switches.end();
    if (stack) found.stacks.push_back(name);
    if (a_switch) found.switches.push_back(name);
    if (!stack && !a_switch)
      throw UsageError(fmt::format("no stack and no switch '{}' is configured", printable(name)),
                       fmt::format("stacks: {}; switches: {}", fmt::join(all.stacks, ", "),
                                   fmt::join(all.switches, ", ")));
  }
  return found;
}

/// The newest backup of the stack's source that was verified.
std::optional<Backup> newest_proved(const std::optional<Repository>& repository,
                                    const stack::StackSettings& stack) {
  std::optional<Backup> newest;
  if (!repository || !stack.source) return newest;
  for (Backup& backup : repository->list({*stack.source, stack.database.value_or("")})) {
    const auto& verified = backup.proofs.verified;
    if (!backup.summary || !verified || verified->verdict != Verdict::pass) continue;
    if (!newest || newest->summary->snapshot.taken < backup.summary->snapshot.taken)
      newest = std::move(backup);
  }
  return newest;
}

stack::SwitchStatus status_of_switch(const std::optional<Repository>& repository, const std::string& name) {
  if (repository) return stack::switch_status(*repository, name);
  stack::SwitchStatus status;
  status.name = name;
  return status;
}

/// The last one that took the stack's place, or put it into another's.
const stack::SwitchStatus* last_switch_of(const std::string& stack,
                                          const std::vector<stack::SwitchStatus>& switches) {
  const stack::SwitchStatus* last = nullptr;
  for (const stack::SwitchStatus& one : switches)
    if (one.is_of(stack) && (last == nullptr || last->state.started < one.state.started)) last = &one;
  return last;
}

/// As it would be typed into a browser, but for the scheme where that is whatever the router has.
std::string address_of(const stack::StackRoute& route) {
  return (route.scheme ? *route.scheme + "://" : "") + route.host + route.path;
}

/// What is known of a stack besides its containers.
struct StackStory {
  const stack::StackSettings& settings;
  std::optional<Backup> backup;
  const stack::SwitchStatus* last_switch;
};

std::string stack_text(const stack::StackStatus& stack, const StackStory& story) {
  std::string text = fmt::format("stack {} (project {})\n", printable(stack.name), printable(stack.project));
  if (!stack.problem.empty()) text += "  " + printable(stack.problem) + "\n";
  if (stack.problem.empty() && stack.containers.empty()) text += "  no container\n";
  for (const stack::StackContainer& one : stack.containers)
    text += fmt::format("  {:<16} {}{}, {}\n", printable(one.service), one.status,
                        one.health == "none" ? "" : ", " + one.health, printable(one.name));
  for (const stack::StackVolume& one : stack.volumes)
    text += fmt::format("  volume {}, {}\n", printable(one.name),
                        one.bytes ? format_bytes(*one.bytes) : "of unknown size");
  if (!stack.networks.empty())
    text += "  networks: " + printable(fmt::format("{}", fmt::join(stack.networks, ", "))) + "\n";
  for (const stack::StackRoute& one : story.settings.routes)
    text += fmt::format("  route {} to {}\n", printable(address_of(one)), printable(one.service));
  if (const stack::SwitchStatus* last = story.last_switch)
    text += fmt::format("  last switch: {}, {}, {}\n", printable(last->name),
                        to_rfc3339(*last->state.started), to_string(last->state.standing));
  if (story.backup) text += "  newest verified backup: " + printable(story.backup->id.shown()) + "\n";
  return text;
}

Json stack_json(const stack::StackStatus& stack, const StackStory& story) {
  Json containers = Json::array(), volumes = Json::array(), routes = Json::array();
  for (const stack::StackContainer& one : stack.containers)
    containers.push_back({{"service", one.service},
                          {"name", one.name},
                          {"id", one.id},
                          {"status", one.status},
                          {"health", one.health == "none" ? Json() : Json(one.health)},
                          {"restart", one.restart}});
  for (const stack::StackVolume& one : stack.volumes)
    volumes.push_back({{"name", one.name}, {"bytes", one.bytes ? Json(*one.bytes) : Json()}});
  for (const stack::StackRoute& one : story.settings.routes)
    routes.push_back({{"address", address_of(one)}, {"service", one.service}});
  Json last;
  if (const stack::SwitchStatus* one = story.last_switch)
    last = {{"name", one->name},
            {"begun", to_rfc3339(*one->state.started)},
            {"standing", to_string(one->state.standing)}};
  return {{"name", stack.name},
          {"project", stack.project},
          {"problem", text_or_null(stack.problem)},
          {"containers", std::move(containers)},
          {"volumes", std::move(volumes)},
          {"networks", stack.networks},
          {"routes", std::move(routes)},
          {"last_switch", std::move(last)},
          {"newest_verified_backup", story.backup ? Json(story.backup->id.shown()) : Json()}};
}

std::string switch_text(const stack::SwitchStatus& one) {
  const stack::SwitchState& state = one.state;
  std::string text = fmt::format("switch {}: {}\n", printable(one.name),
                                 !one.problem.empty() ? printable(one.problem)
                                 : one.under_way      ? "goes on now"
                                                      : std::string(to_string(state.standing)));
  if (state.started)
    text += fmt::format("  {} → {}, begun {}", printable(state.fact(stack::fact::kFrom)),
                        printable(state.fact(stack::fact::kTo)), to_rfc3339(*state.started));
  if (state.last) text += fmt::format(", last step: {}", to_string(*state.last));
  if (state.started) text += "\n";
  if (!state.failure.empty()) text += "  failed: " + printable(state.failure) + "\n";
  if (const std::string final = state.fact(stack::fact::kFinal); !final.empty())
    text += "  final backup: " + printable(final) + "\n";
  if (const std::string down = state.fact(stack::fact::kDowntime); !down.empty())
    text += "  down-time: " + printable(down) + " s\n";
  for (const std::string& command : one.next) text += "  next: " + printable(command) + "\n";
  return text;
}

Json switch_json(const stack::SwitchStatus& one) {
  const auto fact = [&](const char* name) { return text_or_null(one.state.fact(name)); };
  const std::string down = one.state.fact(stack::fact::kDowntime);
  return {{"name", one.name},
          {"standing", to_string(one.state.standing)},
          {"open", one.state.open()},
          {"under_way", one.under_way},
          {"from", fact(stack::fact::kFrom)},
          {"to", fact(stack::fact::kTo)},
          {"begun", one.state.started ? Json(to_rfc3339(*one.state.started)) : Json()},
          {"last_step", one.state.last ? Json(to_string(*one.state.last)) : Json()},
          {"failed", text_or_null(one.state.failure)},
          {"final_backup", fact(stack::fact::kFinal)},
          {"downtime_seconds", down.empty() ? Json() : Json(std::strtod(down.c_str(), nullptr))},
          {"journal", text_or_null(one.journal.string())},
          {"problem", text_or_null(one.problem)},
          {"next", one.next}};
}

Exit run_stack_status(Context& context, const std::vector<std::string>& asked_for) {
  std::optional<Repository> repository;
  const Path root = repository_path(context.arguments, context.config);
  if (exists(Place(root) / kRepositoryFile)) repository = Repository::open(root);
  const std::vector<std::string> switch_names = known_switches(context, repository);
  const Chosen names = chosen(context, asked_for, switch_names);
  std::vector<stack::SwitchStatus> known;
  for (const std::string& name : switch_names) known.push_back(status_of_switch(repository, name));
  std::string text;
  Json stacks = Json::array(), switches = Json::array();
  for (const std::string& name : names.stacks) {
    const stack::StackSettings& settings = context.config.stacks.at(name);
    const stack::StackStatus status = stack_status(settings, context.stop);
    const StackStory story{settings, newest_proved(repository, settings), last_switch_of(name, known)};
    text += stack_text(status, story);
    stacks.push_back(stack_json(status, story));
  }
  bool attention = false;
  for (const stack::SwitchStatus& status : known) {
    if (std::ranges::find(names.switches, status.name) == names.switches.end()) continue;
    attention |= status.state.open() || !status.problem.empty();
    text += switch_text(status);
    switches.push_back(switch_json(status));
  }
  context.reply.set("stacks", std::move(stacks));
  context.reply.set("switches", std::move(switches));
  context.reporter.print(with_our_flags(text, context.arguments));
  return attention ? Exit::refused : Exit::done;
}

Run declare_stack_status(Options& options) {
  const auto names = std::make_shared<std::vector<std::string>>();
  options.argument("NAME", names.get(), "stacks and switches of the configuration");
  return [names](Context& context) { return run_stack_status(context, *names); };
}

}  // namespace

const Command kStackStatus = {
    .name = "stack status",
    .what = "stacks, and where their switches stand",
    .examples =
        "  pgassay stack status              everything that is configured\n"
        "  pgassay stack status prod --json\n"
        "Exit status 6: a switch is neither finished nor undone.\n",
    .declare = declare_stack_status,
    .takes_long = false,
};

}  // namespace pgassay::cli
