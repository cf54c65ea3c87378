#include "store/kit.h"

#include "cli/command/store_options.h"

namespace pgassay::cli {
namespace {

Exit run_store_kit(Context& context, const std::string& name) {
  const Repository repository = open_repository(context.arguments, context.config);
  const NamedStore named = open_named_store(name, context.config);
  const std::string kit = store::recovery_kit(*named.store, named.config.at, named.config.recipients,
                                              repository, PGASSAY_VERSION, context.stop);
  context.reply.set("kit", kit);
  context.reporter.print(kit);
  return Exit::done;
}

Run declare_store_kit(Options& options) {
  return run_on_named_store(options, run_store_kit);
}

}  // namespace

const Command kStoreKit = {
    .name = "store kit",
    .what =
        "what to print and keep: where the copies are, their keys as they lie there, and how to read them",
    .examples = "  pgassay store kit vault > kit.md\n",
    .declare = declare_store_kit,
    .takes_long = false,
};

}  // namespace pgassay::cli
