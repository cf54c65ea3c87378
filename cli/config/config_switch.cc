#include "cli/config/config_switch.h"

#include "cli/config/config.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

stack::SwitchSettings read_switch(Section section, const toml::node& node, const std::string& name,
                                  const Path& file,
                                  const std::map<std::string, stack::StackSettings>& stacks) {
  stack::SwitchSettings one;
  one.name = name;
  const auto stack = [&](const char* key) {
    const auto named = section.text(key);
    if (!named) fail(file, node.source(), fmt::format("[switch.{}] needs from and to", name));
    if (!stacks.contains(*named))
      section.reject(key, fmt::format("{} names no stack", key),
                     fmt::format("write [stack.{}], or correct the name", printable(*named)));
    return *named;
  };
  one.from = stack("from");
  one.to = stack("to");
  if (one.from == one.to) section.reject("to", "from and to are the same stack");
  const auto of_stack = [&](const std::string& which) { return stacks.at(which).source.value_or(""); };
  const std::string usual = of_stack(one.to).empty() ? of_stack(one.from) : of_stack(one.to);
  one.source = section.text("source").value_or(usual);
  if (one.source.empty())
    fail(file, node.source(), fmt::format("[switch.{}] needs a source, and neither stack has one", name),
         "the [source.NAME] under which the backups are filed");
  one.volumes = section.texts_by_key("volumes");
  one.drill = section.boolean("drill").value_or(one.drill);
  one.health_timeout = section.duration("health_timeout").value_or(one.health_timeout);
  section.finish();
  return one;
}

}  // namespace

std::map<std::string, stack::SwitchSettings> read_switches(
    const toml::node& node, const Path& file, const std::map<std::string, stack::StackSettings>& stacks) {
  std::map<std::string, stack::SwitchSettings> switches;
  read_named_tables(node, "switch", file,
                    [&](Section section, const toml::node& child, const std::string& name) {
                      switches[name] = read_switch(std::move(section), child, name, file, stacks);
                    });
  return switches;
}

}  // namespace pgassay::cli
