#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/basics/units.h"
#include "cli/command/store_options.h"
#include "core/system/printable.h"
#include "store/target.h"

namespace pgassay::cli {
namespace {

struct RekeyArguments {
  std::string name;
  StoreArguments store;  ///< --identity
  bool make_new = false;
};

Exit run_store_rekey(Context& context, const RekeyArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  const NamedStore named = open_named_store(arguments.name, context.config);
  const Path identity =
      arguments.store.identity ? Path(*arguments.store.identity) : named.config.identity_file;
  const store::Rekeyed done = store::rekey(*named.store, repository, named.config.recipients, identity,
                                           arguments.make_new, context.stop);
  context.reply.set("rekeyed", Json{{"wrapped_again", done.wrapped_again}, {"made", done.made}});
  const std::string recipients = counted(named.config.recipients.size(), "recipient");
  std::string text;
  if (!done.wrapped_again.empty())
    text += fmt::format("store key {} of {} opens for {}\n", fmt::join(done.wrapped_again, ", "),
                        printable(named.store->where()), recipients);
  if (done.made) {
    text += fmt::format("what is pushed from now on is encrypted to store key {}, and that to {}\n",
                        *done.made, recipients);
    context.reporter.message(
        Level::warning,
        "what was pushed before stays readable to its recipients, and the next push sends every part anew",
        "who must not read that either: take away their access to the store");
  }
  context.reporter.summary(text);
  return Exit::done;
}

Run declare_store_rekey(Options& options) {
  const auto arguments = std::make_shared<RekeyArguments>();
  add_store_name(options, arguments->name);
  add_identity(options, arguments->store);
  options.flag("--new", arguments->make_new,
               "make a new store key for what is pushed from now on: for recipients that were removed");
  return [arguments](Context& context) { return run_store_rekey(context, *arguments); };
}

}  // namespace

const Command kStoreRekey = {
    .name = "store rekey",
    .what = "other recipients: encrypt the store key to those that the configuration names by now",
    .examples =
        "  pgassay store rekey vault --identity recovery.key          a recipient was added\n"
        "  pgassay store rekey vault --identity recovery.key --new    one was removed\n",
    .declare = declare_store_rekey,
    .takes_long = false,
};

}  // namespace pgassay::cli
