#include "store/sealing.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/system/error.h"
#include "core/system/split.h"
#include "core/system/spool.h"
#include "core/system/subprocess.h"

namespace pgassay::store {
namespace {

constexpr std::string_view kIdentityBegins = "AGE-SECRET-KEY-", kRecipientBegins = "# public key: ";

Completed run_age(Command command, const std::stop_token& stop) {
  if (find_program(command.argv[0]).empty())
    throw Error(fmt::format("there is no program {} in PATH", command.argv[0]),
                "install the package age; encrypted stores are written and read by it");
  // It is no business of age's, nor of its plug-ins.
  for (const char* secret : {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
    if (std::getenv(secret) != nullptr) command.env[secret] = "";
  return run(command, stop);
}

}  // namespace

KeyPair make_key_pair(const std::stop_token& stop) {
  const Completed made = run_age({.argv = {"age-keygen"}, .env = {}, .input = {}}, stop);
  if (!made.ok()) throw Error("age-keygen failed: " + made.complaint());
  KeyPair pair;
  for (const std::string& line : split(made.out, '\n')) {
    if (line.starts_with(kIdentityBegins)) pair.identity = line;
    if (line.starts_with(kRecipientBegins)) pair.recipient = line.substr(kRecipientBegins.size());
  }
  if (pair.identity.empty() || pair.recipient.empty()) throw Error("age-keygen printed no key pair");
  return pair;
}

std::string wrap(const std::string& text, const std::vector<std::string>& recipients,
                 const std::stop_token& stop) {
  Command command{.argv = {"age", "--armor"}, .env = {}, .input = text};
  for (const std::string& recipient : recipients) command.argv.insert(command.argv.end(), {"-r", recipient});
  const Completed done = run_age(command, stop);
  if (!done.ok())
    throw UsageError("age does not encrypt to the recipients: " + done.complaint(),
                     "recipients = [\"age1…\"] takes public keys, as age-keygen -y prints them, or "
                     "ssh-ed25519 and ssh-rsa ones");
  return done.out;
}

std::string unwrap(const std::string& wrapped, const Path& identity_file, const std::string& name,
                   const std::stop_token& stop) {
  const Completed done = run_age(
      {.argv = {"age", "--decrypt", "-i", identity_file.string()}, .env = {}, .input = wrapped}, stop);
  if (!done.ok())
    throw Unverified(
        fmt::format("{} can't be opened with {}: {}", name, identity_file.string(), done.complaint()),
        "name the file with the secret key of one of the recipients: identity_file in [store.NAME], or "
        "--identity FILE");
  return done.out;
}

Fd seal(const Fd& plain, const std::string& recipient, const std::stop_token& stop) {
  Fd sealed = make_spool_file();
  const Completed done = run_age({.argv = {"age", "-r", recipient, path_of_inherited(plain).string()},
                                  .env = {},
                                  .input = {},
                                  .stdout_fd = sealed.get(),
                                  .inherited = {plain.get()}},
                                 stop);
  if (!done.ok()) throw Error("age failed: " + done.complaint());
  rewind_file(sealed);
  return sealed;
}

Fd unseal(const Fd& sealed, const std::string& identity, const std::string& name,
          const std::stop_token& stop) {
  const Fd key = make_memory_file(identity + "\n");
  Fd plain = make_spool_file();
  const Completed done = run_age({.argv = {"age", "--decrypt", "-i", path_of_inherited(key).string(),
                                           path_of_inherited(sealed).string()},
                                  .env = {},
                                  .input = {},
                                  .stdout_fd = plain.get(),
                                  .inherited = {key.get(), sealed.get()}},
                                 stop);
  // What it wrote before it failed is not used.
  if (!done.ok()) throw BadBackup(fmt::format("{}: age can't decrypt it: {}", name, done.complaint()));
  rewind_file(plain);
  return plain;
}

}  // namespace pgassay::store
