// What the container engine has now, as far as stacks can collide with it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/files.h"
#include "stack/model/compose_model.h"

namespace pgassay::stack {

struct EngineVolume {
  std::string project;  ///< that made it; empty: no compose project
  Path mountpoint;
};

struct EngineContainer {
  std::string name, project;
  bool running = false;
  std::vector<PublishedPort> ports;
  std::string image = {};          ///< as it was named
  std::string image_version = {};  ///< that the image itself says (org.opencontainers.image.version)
};

/// Where an image of PostgreSQL keeps its data.
struct ImageData {
  std::string pgdata;  ///< of its environment; empty: it says nothing
  std::set<std::string>
      volumes;  ///< for which a container gets an anonymous one, unless something is mounted there
};

struct EngineView {
  std::string version;
  std::map<std::string, EngineVolume> volumes;
  std::map<std::string, std::string> networks;  ///< name → project that made it
  std::vector<EngineContainer> containers;
  std::set<std::string> images_with_healthcheck;  ///< of those that were asked for
  std::set<std::string> images;                   ///< that are here, of those that were asked for
  std::map<std::string, ImageData> image_data;    ///< of those
};

/// Throws Unverified when docker can't be asked.
EngineView look_at_engine(const std::set<std::string>& images, std::stop_token stop);
/// Of further images, into a view that is there.
void look_at_images(const std::set<std::string>& images, EngineView& view, const std::stop_token& stop);

// From the engine's own words, one object a line, fields separated by tabs.
std::map<std::string, EngineVolume> parse_volumes(std::string_view text);  ///< name, project, mountpoint
std::map<std::string, std::string> parse_networks(std::string_view text);  ///< name, project
std::vector<EngineContainer> parse_containers(
    std::string_view text);  ///< name, project, running, ports, image, its version
/// Lines of a word and what it says: health, env, volume.
void add_image(std::string_view text, const std::string& image, EngineView& view);

}  // namespace pgassay::stack
