#include "core/container/container_cli.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/system/split.h"
#include "core/system/time_limit.h"

namespace pgassay {
namespace {

constexpr Seconds kLongestStop(900);

bool says(const Completed& done, std::string_view words) {
  return done.err.find(words) != std::string::npos;
}

std::string trimmed(std::string text) {
  while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
  return text;
}

/// A field of --mount, which is a line of CSV.
std::string mount_field(const std::string& key, const std::string& value) {
  if (value.find_first_of(",\"\n") == std::string::npos) return key + "=" + value;
  std::string quoted = "\"" + key + "=";
  for (const char c : value) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string mount_of(const ContainerSpec::Bind& bind) {
  return "type=bind," + mount_field("src", bind.dir) + "," + mount_field("dst", bind.dir) +
         (bind.read_only ? ",readonly" : "");
}

std::vector<std::string> create_arguments(const ContainerSpec& spec) {
  // The entrypoint begins as root, takes its directories over and becomes the user postgres: that takes these
  // five capabilities, of which nothing is left to the server. SELinux would keep us from the socket, and
  // relabelling would change the repository's files.
  std::vector<std::string> arguments = {"create", "--name",     spec.name, "--network",
                                        "none",   "--cap-drop", "ALL"};
  for (const char* option : {"no-new-privileges", "label=disable"})
    arguments.insert(arguments.end(), {"--security-opt", option});
  arguments.insert(arguments.end(), {"--pids-limit", "1024", "--read-only"});
  for (const char* in_memory : {"/tmp:rw,size=67108864,mode=1777", "/var/run:rw,size=16777216,mode=0755"})
    arguments.insert(arguments.end(), {"--tmpfs", in_memory});
  for (const char* capability : {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"})
    arguments.insert(arguments.end(), {"--cap-add", capability});
  const std::string memory = std::to_string(spec.memory_bytes);
  arguments.insert(arguments.end(), {"--memory", memory, "--memory-swap", memory, "--shm-size",
                                     std::to_string(spec.shm_bytes)});
  for (const auto& [name, value] : spec.labels)
    arguments.insert(arguments.end(), {"--label", name + "=" + value});
  for (const auto& [name, value] : spec.environment) arguments.insert(arguments.end(), {"--env", name});
  for (const ContainerSpec::Bind& bind : spec.binds)
    arguments.insert(arguments.end(), {"--mount", mount_of(bind)});
  if (spec.data_tmpfs_bytes != 0) {
    arguments.insert(arguments.end(), {"--tmpfs", fmt::format("{}:rw,size={},mode=0700", spec.data_dir,
                                                              spec.data_tmpfs_bytes)});
  } else {
    arguments.insert(arguments.end(), {"--volume", spec.data_dir});
  }
  arguments.push_back(spec.image);
  arguments.insert(arguments.end(), spec.command.begin(), spec.command.end());
  return arguments;
}

}  // namespace

Completed ContainerCli::call(std::vector<std::string> arguments, std::stop_token stop,
                             std::optional<Seconds> limit,
                             const std::map<std::string, std::string>& environment) const {
  if (!installed()) {
    throw NoContainerEngine(program_ + " is not installed: it is not in PATH", "install it",
                            NoContainerEngine::Reason::not_installed);
  }
  arguments.insert(arguments.begin(), program_);
  Command command;
  command.argv = std::move(arguments);
  command.env = environment;
  const TimeLimit time_limit(std::move(stop), limit);
  try {
    return run(command, time_limit.token());
  } catch (const Stopped& error) {
    if (!time_limit.over()) error.raise();
    throw NoContainerEngine(fmt::format("{} does not answer: `{} {}` took more than {} s", program_, program_,
                                        command.argv[1], limit.value_or(Seconds(0)).count()),
                            "look whether the engine is well: `" + program_ + " info`");
  }
}

Completed ContainerCli::must(const std::string& what, std::vector<std::string> arguments,
                             std::stop_token stop, std::optional<Seconds> limit,
                             const std::map<std::string, std::string>& environment) const {
  Completed done = call(std::move(arguments), std::move(stop), limit, environment);
  if (done.ok()) return done;
  if (says(done, "permission denied") && says(done, "daemon socket")) {
    throw NoContainerEngine(fmt::format("{}: {}", what, done.complaint()),
                            "let this user use docker: as root, usermod -aG docker USER, and log in anew");
  }
  if (says(done, "Cannot connect to the Docker daemon") || says(done, "unable to connect to Podman") ||
      says(done, "dial unix")) {
    throw NoContainerEngine(fmt::format("{}: {}", what, done.complaint()),
                            is_podman() ? "see `podman info`, and CONTAINER_HOST"
                                        : "start it (systemctl start docker), or see DOCKER_HOST");
  }
  throw Error(fmt::format("{}: {}", what, done.complaint()));
}

std::string ContainerCli::reach(std::stop_token stop) const {
  const std::string what = "can't reach " + program_;
  constexpr char kHint[] = "run it on that host";
  constexpr auto kElsewhere = NoContainerEngine::Reason::on_another_host;
  if (is_podman()) {
    const std::vector<std::string> facts = split(
        trimmed(must(what, {"info", "--format", "{{.Version.Version}} {{.Host.ServiceIsRemote}}"}, stop).out),
        ' ');
    if (facts.size() == 2 && facts[1] == "true")
      throw NoContainerEngine("podman is that of another host", kHint, kElsewhere);
    return facts[0];
  }
  const std::string version = trimmed(must(what, {"version", "--format", "{{.Server.Version}}"}, stop).out);
  const Completed context = call({"context", "inspect", "--format", "{{.Endpoints.docker.Host}}"}, stop);
  const std::string endpoint = trimmed(context.out);
  if (context.ok() && !endpoint.empty() && !endpoint.starts_with("unix:"))
    throw NoContainerEngine("docker is that of another host: " + endpoint, kHint, kElsewhere);
  return version;
}

std::optional<ContainerImage> ContainerCli::image(const std::string& reference, std::stop_token stop) const {
  const Completed done =
      call({"image", "inspect", "--format", "{{.Id}}{{range .RepoDigests}} {{.}}{{end}}", reference},
           std::move(stop));
  if (!done.ok()) return std::nullopt;
  const std::vector<std::string> words = split(trimmed(done.out), ' ');
  ContainerImage image{words[0].starts_with("sha256:") ? words[0] : "sha256:" + words[0], {}};
  // podman invents digests for what it built itself.
  for (std::size_t i = 1; i < words.size() && image.digest.empty(); ++i)
    if (!words[i].starts_with("localhost/")) image.digest = words[i];
  return image;
}

void ContainerCli::pull(const std::string& reference, std::stop_token stop) const {
  must("can't pull the image " + reference, {"pull", "--quiet", reference}, std::move(stop), std::nullopt);
}

Path ContainerCli::storage_dir(std::stop_token stop) const {
  const char* format = is_podman() ? "{{.Store.VolumePath}}" : "{{.DockerRootDir}}";
  return trimmed(
      must("can't ask " + program_ + " for its storage", {"info", "--format", format}, std::move(stop)).out);
}

void ContainerCli::create(const ContainerSpec& spec) const {
  must("can't create a container of " + spec.image, create_arguments(spec), {}, kUsualLimit,
       spec.environment);
}

void ContainerCli::start(const std::string& name) const {
  must("can't start the container " + name, {"start", name}, {});
}

void ContainerCli::stop(const std::vector<std::string>& names, std::optional<int> seconds,
                        std::stop_token stop) const {
  if (names.empty()) return;
  std::vector<std::string> arguments = {"stop"};
  if (seconds) arguments.insert(arguments.end(), {"-t", std::to_string(*seconds)});
  arguments.insert(arguments.end(), names.begin(), names.end());
  must("can't stop containers", std::move(arguments), std::move(stop), kLongestStop);
}

std::optional<ContainerState> ContainerCli::state(const std::string& name) const {
  const Completed done =
      call({"container", "inspect", "--format",
            "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Pid}}", name},
           {});
  const std::vector<std::string> words = split(trimmed(done.out), ' ');
  if (done.ok() && words.size() == 4)
    return ContainerState{words[0], std::atoi(words[1].c_str()), words[2] == "true",
                          std::atoi(words[3].c_str())};
  if (says(done, "o such container")) return std::nullopt;
  throw Error(fmt::format("can't look at the container {}: {}", name, done.complaint()));
}

std::string ContainerCli::logs(const std::string& name, unsigned lines) const {
  const Completed done = call({"logs", "--tail", std::to_string(lines), name}, {});
  return done.out + done.err;
}

void ContainerCli::remove(const std::string& name) const {
  // podman's rm lets a container end by itself for ten seconds.
  if (is_podman()) call({"kill", name}, {});
  const Completed done = call({"rm", "-f", "-v", name}, {});
  if (!done.ok() && state(name)) {
    throw Error(fmt::format("can't remove the container {}: {}", name, done.complaint()),
                fmt::format("{} rm -fv {}", program_, name));
  }
}

std::vector<std::string> ContainerCli::ids(const std::vector<std::string>& labels,
                                           std::stop_token stop) const {
  std::vector<std::string> arguments = {"ps", "-a", "-q", "--no-trunc"};
  for (const std::string& label : labels) arguments.insert(arguments.end(), {"--filter", "label=" + label});
  const Completed listed =
      must("can't list containers of " + program_, std::move(arguments), std::move(stop));
  return split_nonempty(listed.out, '\n');
}

std::vector<LabelledContainer> ContainerCli::list(const std::vector<std::string>& labels,
                                                  std::stop_token stop) const {
  std::vector<LabelledContainer> containers;
  std::string format = "{{.Name}}";
  for (const std::string& label : labels) format += "\t{{index .Config.Labels \"" + label + "\"}}";
  // One by one: any of them may be gone by now.
  for (const std::string& id : ids({labels.at(0)}, stop)) {
    const Completed done = call({"container", "inspect", "--format", format, id}, stop);
    if (!done.ok()) continue;
    std::string line = done.out;
    while (line.ends_with('\n')) line.pop_back();
    std::vector<std::string> fields = split(line, '\t');
    const std::string name = fields[0].starts_with('/') ? fields[0].substr(1) : fields[0];
    fields.erase(fields.begin());
    fields.resize(labels.size());
    containers.push_back({name, std::move(fields)});
  }
  return containers;
}

std::optional<InspectedContainer> ContainerCli::inspect(const std::string& name, std::stop_token stop) const {
  const Completed done = call({"container", "inspect", name}, std::move(stop));
  if (!done.ok() && says(done, "o such container")) return std::nullopt;
  const std::string what = fmt::format("can't look at the container {}", name);
  if (!done.ok()) throw Error(fmt::format("{}: {}", what, done.complaint()));
  std::vector<InspectedContainer> containers = parse_inspected(done.out);
  if (containers.size() != 1) throw Error(fmt::format("{}: {} are called so", what, containers.size()));
  return std::move(containers[0]);
}

std::vector<InspectedContainer> ContainerCli::inspect_labelled(const std::vector<std::string>& labels,
                                                               std::stop_token stop) const {
  std::vector<InspectedContainer> containers;
  // One by one: any of them may be gone by now.
  for (const std::string& id : ids(labels, stop))
    if (auto one = inspect(id, stop)) containers.push_back(std::move(*one));
  return containers;
}

Completed ContainerCli::run_inside(const std::string& name, const std::vector<std::string>& argv,
                                   std::stop_token stop) const {
  std::vector<std::string> arguments = {"exec", name};
  arguments.insert(arguments.end(), argv.begin(), argv.end());
  return call(std::move(arguments), std::move(stop));
}

std::string ContainerCli::answer(const std::string& what, const std::vector<std::string>& arguments,
                                 std::stop_token stop) const {
  return must(what, arguments, std::move(stop)).out;
}

std::string ContainerCli::answer_in_part(const std::vector<std::string>& arguments,
                                         std::stop_token stop) const {
  return call(arguments, std::move(stop)).out;
}

std::vector<std::string> ContainerCli::exec(const std::string& name, std::string_view program,
                                            const std::vector<std::string>& variables) const {
  std::vector<std::string> argv = {program_, "exec", "-i"};
  for (const std::string& variable : variables) argv.insert(argv.end(), {"--env", variable});
  argv.insert(argv.end(), {name, std::string(program)});
  return argv;
}

}  // namespace pgassay
