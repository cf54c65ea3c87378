#include "stack/model/traefik_release.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace pgassay::stack {
namespace {

/// Of "v3.1.2", "3"; 0: it is no number.
int major_of(std::string version) {
  if (version.starts_with('v')) version.erase(0, 1);
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

std::string tag_of(const std::string& image) {
  const std::size_t slash = image.rfind('/'), from = slash == std::string::npos ? 0 : slash;
  const std::size_t colon = image.find(':', from), digest = image.find('@', from);
  if (colon == std::string::npos || colon > digest) return {};
  return image.substr(colon + 1, digest == std::string::npos ? digest : digest - colon - 1);
}

}  // namespace

bool is_traefik(const std::string& image) {
  std::string name = image.substr(image.rfind('/') + 1);
  name.resize(std::min(name.size(), name.find_first_of(":@")));
  return name == "traefik";
}

std::optional<int> traefik_major(const StackFacts& stack, const Surroundings& around) {
  std::set<int> found;
  const std::string& named = stack.settings.traefik.container;
  if (around.engine)
    for (const EngineContainer& one : around.engine->containers) {
      if (named.empty() ? !one.running || !is_traefik(one.image) : one.name != named) continue;
      const int by_label = major_of(one.image_version);
      found.insert(by_label != 0 ? by_label : major_of(tag_of(one.image)));
    }
  if (found.empty())
    for (const StackFacts& other : around.stacks)
      if (other.model() != nullptr)
        for (const auto& [name, service] : other.model()->services)
          if (is_traefik(service.image)) found.insert(major_of(tag_of(service.image)));
  if (found.size() != 1 || *found.begin() == 0) return std::nullopt;
  return *found.begin();
}

}  // namespace pgassay::stack
