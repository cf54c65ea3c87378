#include "store/signing.h"

#include <fmt/format.h>

#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/split.h"
#include "core/system/spool.h"
#include "core/system/subprocess.h"

namespace pgassay::store {
namespace {

constexpr const char* kNamespace = "pgassay";

Completed run_ssh_keygen(Command command, const std::stop_token& stop) {
  command.argv.insert(command.argv.begin(), "ssh-keygen");
  if (find_program("ssh-keygen").empty())
    throw Error("there is no program ssh-keygen in PATH",
                "install the package openssh-client: it makes and checks signatures");
  return run(command, stop);
}

}  // namespace

std::string sign_by_ssh(const std::string& text, const Path& key, const std::stop_token& stop) {
  const Completed done = run_ssh_keygen(
      {.argv = {"-q", "-Y", "sign", "-n", kNamespace, "-f", key.string()}, .env = {}, .input = text}, stop);
  if (!done.ok() || done.out.empty())
    throw Error(fmt::format("{}: ssh-keygen does not sign with it: {}", key.string(), done.complaint()),
                "sign_key in [store.NAME] names an SSH key, whose secret half is there or with ssh-agent");
  return done.out;
}

std::string signer_of(const std::string& text, const std::string& signature, const Path& allowed_signers,
                      const std::string& name_for_errors, const std::stop_token& stop) {
  if (status_of(allowed_signers).type() == std::filesystem::file_type::not_found)
    throw UsageError(allowed_signers.string() + ": there is no such file",
                     "it names who may sign, as ssh-keygen(1) has it: PRINCIPAL KEYTYPE KEY");
  const Fd file = make_memory_file(signature);
  const std::string path = path_of_inherited(file).string(), allowed = allowed_signers.string();
  const Completed found = run_ssh_keygen({.argv = {"-Y", "find-principals", "-s", path, "-f", allowed},
                                          .env = {},
                                          .input = {},
                                          .inherited = {file.get()}},
                                         stop);
  for (const std::string& principal : split_nonempty(found.ok() ? found.out : "", '\n')) {
    const Completed checked = run_ssh_keygen(
        {.argv = {"-Y", "verify", "-f", allowed, "-I", principal, "-n", kNamespace, "-s", path},
         .env = {},
         .input = text,
         .inherited = {file.get()}},
        stop);
    if (checked.ok()) return principal;
  }
  throw BadBackup(fmt::format("{}: its signature is of nobody that {} allows", name_for_errors, allowed),
                  "somebody may have written to the store, or a key was changed and not added there");
}

}  // namespace pgassay::store
