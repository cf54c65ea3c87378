#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/store_options.h"
#include "cli/render/text/tables.h"
#include "core/system/subprocess.h"

namespace pgassay::cli {
namespace {

std::string age_of(Time at) {
  return format_age(std::chrono::duration<double>(now() - at).count());
}

std::string proof_cell(const std::optional<Proofs::Last>& last) {
  if (!last) return "never";
  return fmt::format("{} {} ago{}", to_string(last->verdict), age_of(last->at),
                     last->restore_seconds ? ", in " + format_seconds(*last->restore_seconds) : "");
}

std::string note_of(const Backup& backup) {
  std::string note = backup.proofs.pin ? "pinned" : "";
  if (backup.says)
    return note + (note.empty() ? "" : ", ") + "BELONGS ELSEWHERE: it is " + backup.says->shown();
  if (!backup.summary) return note + (note.empty() ? "" : ", ") + "UNREADABLE: " + backup.problem;
  if (!backup.summary->label.empty()) note += (note.empty() ? "" : ", ") + backup.summary->label;
  return note;
}

std::string list_text(const std::vector<Backup>& backups) {
  TextTable table({{"ID"},
                   {"AGE", Align::right},
                   {"SIZE", Align::right},
                   {"NEW", Align::right},
                   {"ROWS", Align::right},
                   {"VERIFIED"},
                   {"DRILLED"},
                   {"NOTE"}});
  for (const Backup& backup : backups) {
    std::vector<std::string> cells = {backup.id.shown(), "", "", "", ""};
    if (backup.summary) {
      cells = {backup.id.shown(), age_of(backup.summary->snapshot.taken),
               format_bytes(backup.summary->stored_bytes), format_bytes(backup.summary->new_bytes),
               format_count(backup.summary->rows)};
    }
    cells.push_back(proof_cell(backup.proofs.verified));
    cells.push_back(proof_cell(backup.proofs.drilled));
    cells.push_back(note_of(backup));
    table.row(std::move(cells));
  }
  return table.text();
}

struct ListArguments {
  Selection selection;
  StoreArguments store;
};

Exit run_list(Context& context, const ListArguments& arguments) {
  const Selection& selection = arguments.selection;
  if (arguments.store.store) return list_store(context, selection, arguments.store);
  const Repository repository = open_repository(context.arguments, context.config);
  std::vector<Path> foreign;
  const std::vector<Backup> backups = repository.list(selection.filter(), &foreign);
  for (const Backup& backup : backups) {
    if (backup.says) {
      const Error problem = misplaced(backup);
      context.reporter.message(Level::warning, problem.what(), problem.hint());
    } else if (!backup.summary) {
      context.reporter.message(Level::warning,
                               fmt::format("{} is unreadable: {}", backup.id.shown(), backup.problem),
                               "pgassay verify " + shell_word(backup.id.shown()) + " says what is wrong");
    }
    for (const std::string& file : backup.proofs.dated_ahead) {
      context.reporter.message(
          Level::warning,
          fmt::format("{}: evidence is dated after now and set aside: {}", backup.id.shown(), file),
          "a PASS among it proves nothing, a FAIL counts; see to the clocks, and prove the backup again");
    }
    for (const std::string& file : backup.proofs.unreadable) {
      context.reporter.message(Level::warning,
                               fmt::format("{}: evidence is unreadable: {}", backup.id.shown(), file));
    }
  }
  for (const Path& path : foreign) {
    context.reporter.message(Level::warning, fmt::format("not a backup, left alone: {}", path.string()));
  }
  context.reply.set_backups(backups);
  context.reporter.print(backups.empty() ? "no backups\n" : list_text(backups));
  return Exit::done;
}

Run declare_list(Options& options) {
  const auto arguments = std::make_shared<ListArguments>();
  add_selection(options, arguments->selection);
  add_store(options, arguments->store, "what lies in that store, by its name or URL");
  add_keys(options, arguments->store);
  return [arguments](Context& context) { return run_list(context, *arguments); };
}

}  // namespace

const Command kList = {
    .name = "list",
    .what = "what backups there are",
    .examples =
        "  pgassay list\n"
        "  pgassay list --source prod --database app\n"
        "  pgassay list --store vault\n"
        "  pgassay list --json | jq -r '.backups[-1].path'\n",
    .declare = declare_list,
    .takes_long = false,
};

}  // namespace pgassay::cli
