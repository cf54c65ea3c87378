#include "stack/model/engine_view.h"

#include <algorithm>
#include <charconv>

#include "core/container/container_cli.h"
#include "core/system/split.h"

namespace pgassay::stack {
namespace {

constexpr char kProject[] = "com.docker.compose.project";

/// The lines that have so many fields: an object that is gone by now leaves an empty one.
std::vector<std::vector<std::string>> rows(std::string_view text, std::size_t fields) {
  std::vector<std::vector<std::string>> found;
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::string> row = split(line, '\t');
    if (row.size() == fields && !row[0].empty()) found.push_back(std::move(row));
  }
  return found;
}

/// ADDRESS|PORT|TARGET/PROTOCOL
std::optional<PublishedPort> binding(const std::string& text) {
  const std::vector<std::string> parts = split(text, '|');
  if (parts.size() != 3) return std::nullopt;
  PublishedPort port;
  port.address = parts[0];
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), port.first);
  if (port.first == 0) return std::nullopt;
  port.last = port.first;
  if (const std::size_t slash = parts[2].find('/'); slash != std::string::npos)
    port.protocol = parts[2].substr(slash + 1);
  return port;
}

}  // namespace

std::map<std::string, EngineVolume> parse_volumes(std::string_view text) {
  std::map<std::string, EngineVolume> found;
  for (const auto& row : rows(text, 3)) found[row[0]] = {row[1], row[2]};
  return found;
}

std::map<std::string, std::string> parse_networks(std::string_view text) {
  std::map<std::string, std::string> found;
  for (const auto& row : rows(text, 2)) found[row[0]] = row[1];
  return found;
}

std::vector<EngineContainer> parse_containers(std::string_view text) {
  std::vector<EngineContainer> found;
  for (const auto& row : rows(text, 6)) {
    EngineContainer container;
    container.name = row[0].starts_with('/') ? row[0].substr(1) : row[0];
    container.project = row[1];
    container.running = row[2] == "true";
    for (const std::string& word : split(row[3], ' '))
      if (const auto port = binding(word)) container.ports.push_back(*port);
    container.image = row[4];
    container.image_version = row[5];
    found.push_back(std::move(container));
  }
  return found;
}

EngineView look_at_engine(const std::set<std::string>& images, std::stop_token stop) {
  const ContainerCli docker("docker");
  const std::string label = std::string("{{.Label \"") + kProject + "\"}}";
  EngineView view;
  view.version = split_nonempty(
      docker.answer("can't reach docker", {"version", "--format", "{{.Server.Version}}"}, stop) + "\n?",
      '\n')[0];
  view.volumes = parse_volumes(
      docker.answer("can't list volumes of docker",
                    {"volume", "ls", "--format", "{{.Name}}\t" + label + "\t{{.Mountpoint}}"}, stop));
  view.networks = parse_networks(docker.answer("can't list networks of docker",
                                               {"network", "ls", "--format", "{{.Name}}\t" + label}, stop));
  const std::vector<std::string> ids = docker.ids({}, stop);
  if (!ids.empty()) {
    std::vector<std::string> inspect = {
        "container", "inspect", "--format",
        std::string("{{.Name}}\t{{index .Config.Labels \"") + kProject +
            "\"}}\t{{.State.Running}}\t{{range $target, $list := .HostConfig.PortBindings}}"
            "{{range $list}}{{.HostIp}}|{{.HostPort}}|{{$target}} {{end}}{{end}}\t{{.Config.Image}}\t"
            "{{index .Config.Labels \"org.opencontainers.image.version\"}}"};
    inspect.insert(inspect.end(), ids.begin(), ids.end());
    view.containers = parse_containers(docker.answer_in_part(inspect, stop));
  }
  look_at_images(images, view, stop);
  return view;
}

void add_image(std::string_view text, const std::string& image, EngineView& view) {
  constexpr std::string_view kPgdata = "PGDATA=";
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    if (words.size() != 2) continue;
    ImageData& data = view.image_data[image];
    view.images.insert(image);
    if (words[0] == "health" && words[1] == "checks") view.images_with_healthcheck.insert(image);
    if (words[0] == "env" && words[1].starts_with(kPgdata)) data.pgdata = words[1].substr(kPgdata.size());
    if (words[0] == "volume") data.volumes.insert(words[1]);
  }
}

void look_at_images(const std::set<std::string>& images, EngineView& view, const std::stop_token& stop) {
  constexpr char kFormat[] =
      "health\t{{if .Config.Healthcheck}}checks{{else}}none{{end}}\n"
      "{{range .Config.Env}}env\t{{.}}\n{{end}}{{range $path, $nothing := "
      ".Config.Volumes}}volume\t{{$path}}\n{{end}}";
  const ContainerCli docker("docker");
  for (const std::string& image : images)
    add_image(docker.answer_in_part({"image", "inspect", "--format", kFormat, image}, stop), image, view);
}

}  // namespace pgassay::stack
