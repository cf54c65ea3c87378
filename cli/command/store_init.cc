#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/store_options.h"
#include "core/system/printable.h"
#include "store/target.h"

namespace pgassay::cli {
namespace {

Exit run_store_init(Context& context, const std::string& name) {
  const Repository repository = open_repository(context.arguments, context.config);
  const NamedStore named = open_named_store(name, context.config);
  const store::Initialised done =
      store::init(*named.store, repository, named.config.recipients, context.stop);
  const std::string where = printable(named.store->where());
  context.reply.set("store", Json{{"id", done.marker.store_id},
                                  {"url", named.store->where()},
                                  {"encrypted", done.marker.encrypted},
                                  {"recipient", text_or_null(done.recipient)},
                                  {"was_there", done.was_there}});
  std::string text =
      done.was_there ? fmt::format("{} is set up already\n", where) : fmt::format("set up {}\n", where);
  if (done.marker.encrypted) {
    text += fmt::format("everything but commit objects is encrypted to the store key {}, and that to {}\n",
                        done.recipient, counted(named.config.recipients.size(), "recipient"));
  } else {
    context.reporter.message(Level::warning,
                             where + " holds copies in clear: whoever reads it reads the rows",
                             "recipients = [\"age1…\"] in [store.NAME], before store init");
  }
  context.reporter.summary(text);
  return Exit::done;
}

Run declare_store_init(Options& options) {
  return run_on_named_store(options, run_store_init);
}

}  // namespace

const Command kStoreInit = {
    .name = "store init",
    .what = "set a store up for this repository: its key, encrypted to the recipients, and its mark",
    .examples = "  pgassay store init vault\n",
    .declare = declare_store_init,
    .takes_long = false,
};

}  // namespace pgassay::cli
