#include "cli/command/declare.h"

namespace pgassay::cli {
namespace {

void add_engine(CLI::App& command, DrillArguments& drill) {
  command
      .add_option("--engine", drill.engine,
                  "where the throwaway server runs: auto (default), docker, podman, or local")
      ->option_text("auto|docker|podman|local")
      ->check(CLI::IsMember({"auto", "docker", "podman", "local"}));
  command
      .add_option("--image", drill.image,
                  "the container's image (default: postgres:MAJOR of the backup's server)")
      ->option_text("IMAGE");
  command.add_option("--pull", drill.pull, "pull the image when it is missing (default), never, or always")
      ->option_text("missing|never|always")
      ->check(CLI::IsMember({"missing", "never", "always"}));
  command
      .add_option("--memory", drill.memory, "memory for the server, as 2GB (default: half of what is free)")
      ->option_text("SIZE");
  command
      .add_option("--work-dir", drill.work_dir,
                  "where its private directory is made (default: TMPDIR, else /var/tmp)")
      ->option_text("DIR");
}

}  // namespace

void declare_drill(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "drill", "restore a backup into a throwaway server, and prove that each row and object came back",
      "  pgassay drill                          the latest backup, where there is one database\n"
      "  pgassay drill latest --database app --engine docker --image postgis/postgis:15-3.3\n"
      "  pgassay drill prod/app/20261123T020000Z --amcheck --junit drill.xml\n"
      "  pgassay drill --keep                   and look around in it afterwards\n"
      "  pgassay drill --gc                     remove what killed drills left behind\n");
  DrillArguments& drill = arguments.drill;
  command
      .add_option("ID", arguments.selection.ids,
                  "latest (default; of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its "
                  "beginning")
      ->expected(0, 1)
      ->option_text(" ");
  add_selection(command, arguments.selection);
  add_engine(command, drill);
  add_jobs(command, drill.jobs, "connections that load and compare (default: CPUs, at most 4)");
  command.add_flag("--amcheck", drill.amcheck,
                   "also look at the structure of each index and table (extension amcheck)");
  command.add_option("--junit", drill.junit, "write the checks as JUnit XML, too")->option_text("FILE");
  CLI::Option* keep =
      command.add_flag("--keep", drill.keep, "leave the server up for a day, and say how to connect");
  command
      .add_flag("--gc", drill.gc, "only remove throwaway servers that were left behind or whose day is over")
      ->excludes(keep);
}

}  // namespace pgassay::cli
