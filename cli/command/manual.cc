#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/manual.h"
#include "cli/units.h"

namespace pgassay::cli {
namespace {

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

}  // namespace

/// For packaging: not in the help.
Exit run_manual(Context& context) {
  const ManualArguments& arguments = context.arguments.manual;
  for (const auto& [name, text] : arguments.files) write(Path(arguments.dir) / name, text);
  if (arguments.toml)
    write(Path(arguments.dir) / "man/man5/pgassay.toml.5", configuration_page(read_file(*arguments.toml)));
  return Exit::done;
}

}  // namespace pgassay::cli
