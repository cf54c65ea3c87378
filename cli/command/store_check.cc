#include <fmt/format.h>

#include <algorithm>

#include "cli/command/store_options.h"
#include "cli/render/text/tables.h"
#include "core/system/printable.h"
#include "store/target.h"
#include "store/trial.h"

namespace pgassay::cli {
namespace {

using Kept = store::Promise::Kept;

const char* verdict_of(Kept kept) {
  switch (kept) {
    case Kept::yes:
      return "PASS";
    case Kept::no:
      return "WARNING";
    default:
      return "FAIL";
  }
}

store::Promise setup_of(const NamedStore& named, const Repository& repository, const std::stop_token& stop) {
  const auto marker = store::read_marker(*named.store, repository.uuid(), stop);
  if (!marker) return {"set up", Kept::no, "not for this repository", "pgassay store init"};
  const bool wanted = !named.config.recipients.empty();
  if (marker->encrypted != wanted)
    return {"set up", Kept::necessary_and_no,
            marker->encrypted ? "encrypted, and the configuration names no recipients"
                              : "in clear, and the configuration names recipients",
            "one store is one or the other: use another prefix in url, or mend recipients"};
  return {
      "set up", marker->encrypted ? Kept::yes : Kept::no,
      marker->encrypted ? "encrypted to the store key" : "in clear: whoever reads the store reads the rows",
      marker->encrypted ? "" : "recipients = [\"age1…\"] in [store.NAME], and another prefix"};
}

Exit run_store_check(Context& context, const std::string& name) {
  const Repository repository = open_repository(context.arguments, context.config);
  const NamedStore named = open_named_store(name, context.config);
  std::vector<store::Promise> promises = store::try_store(*named.store, repository.uuid(), context.stop);
  promises.push_back(setup_of(named, repository, context.stop));
  TextTable table({{"CHECK"}, {"VERDICT"}, {"DETAIL"}});
  Json checks = Json::array();
  for (const store::Promise& one : promises) {
    table.row({one.name, verdict_of(one.kept), one.detail});
    checks.push_back(Json{{"name", one.name},
                          {"verdict", verdict_of(one.kept)},
                          {"detail", one.detail},
                          {"hint", text_or_null(one.hint)}});
    if (one.kept != Kept::yes && !one.hint.empty())
      context.reporter.message(Level::warning, one.name + ": " + one.detail, one.hint);
  }
  context.reply.set("checks", std::move(checks));
  context.reporter.print(table.text());
  if (std::ranges::count(promises, Kept::necessary_and_no, &store::Promise::kept) > 0)
    throw Refused(printable(named.store->where()) + " can't hold backups as it is");
  return Exit::done;
}

Run declare_store_check(Options& options) {
  return run_on_named_store(options, run_store_check);
}

}  // namespace

const Command kStoreCheck = {
    .name = "store check",
    .what = "try what a store promises: create-only, checksums, delete refused, clock",
    .examples = "  pgassay store check vault\n",
    .declare = declare_store_check,
    .takes_long = false,
};

}  // namespace pgassay::cli
