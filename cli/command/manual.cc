#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/manual_pages.h"

namespace pgassay::cli {
namespace {

struct ManualArguments {
  std::string dir;
  std::optional<std::string> toml;
};

/// The example that holds every key, as pgassay.toml(5).
std::string configuration_page(const std::string& example) {
  return fmt::format(
      ".TH \"pgassay.toml\" 5 \"\" \"pgassay {}\"\n.SH NAME\npgassay.toml \\- configuration of pgassay\n.SH "
      "DESCRIPTION\n"
      "Every key there is, each with its meaning and default:\n.PP\n.nf\n{}.fi\n.SH \"SEE "
      "ALSO\"\n\\fBpgassay\\fR(1)\n",
      PGASSAY_VERSION, roff(example));
}

void write(const Path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  replace_file(file, text);
  set_mode(file, 0644);
}

Exit run_manual(const ManualArguments& arguments) {
  for (const auto& [name, text] : manual_files()) write(Path(arguments.dir) / name, text);
  if (arguments.toml)
    write(Path(arguments.dir) / "man/man5/pgassay.toml.5", configuration_page(read_file(*arguments.toml)));
  return Exit::done;
}

Run declare_manual(Options& options) {
  const auto arguments = std::make_shared<ManualArguments>();
  options.argument("DIR", &arguments->dir, "a share directory").required();
  options.value("--toml", &arguments->toml, "FILE", "the configuration that pgassay.toml(5) shows");
  return [arguments](Context&) { return run_manual(*arguments); };
}

}  // namespace

/// For packaging.
const Command kManual = {
    .name = "manual",
    .what = "write man pages and completions",
    .examples = "  pgassay manual /usr/local/share\n",
    .declare = declare_manual,
    .takes_long = false,
    .is_hidden = true,
};

}  // namespace pgassay::cli
