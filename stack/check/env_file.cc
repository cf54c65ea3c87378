// Check 3.
#include <fmt/format.h>

#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

void look_at(const PrivateFile& file, const std::string& problem, Findings& out) {
  const std::string path = file.path.string();
  if (!file.mode) {
    out.refuse(path, "", problem.empty() ? "no such file" : problem,
               "make it from its template: install -m 600 TEMPLATE " + path);
    return;
  }
  const std::string mode = fmt::format("mode {:04o}", *file.mode & 07777U);
  const std::string mend = "chmod 600 " + path;
  if ((*file.mode & 0007U) != 0) {
    out.refuse(path, "", "every user of this host may read or change it: " + mode, mend);
  } else if ((*file.mode & 0020U) != 0) {
    out.refuse(path, "", "others may change it: " + mode, mend);
  } else if ((*file.mode & 0050U) != 0) {
    out.warn(path, "", "its group may read it: " + mode, mend);
  } else if (!problem.empty()) {
    out.unchecked(problem, "run this as a user who may read it");
  }
}

}  // namespace

void check_env_file(const StackFacts& stack, const Surroundings&, Findings& out) {
  if (stack.env_file) {
    look_at(*stack.env_file, stack.env_problem, out);
  } else if (stack.settings.env_template || !stack.settings.required_variables.empty()) {
    out.refuse("", "env_file", "no env file is named, and there is no .env beside the compose file",
               "write env_file = \"FILE\" in [stack." + stack.name() + "]");
  } else {
    out.note("compose reads no env file");
  }
  for (const PrivateFile& file : stack.service_env_files)
    if (!stack.env_file || file.path != stack.env_file->path) look_at(file, "", out);
}

}  // namespace pgassay::stack
