// What list and verify do with --store.
#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/store_options.h"
#include "cli/render/text/tables.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

Json copy_json(const store::Copy& copy) {
  Json json = {{"id", copy.id.stamp},
               {"source", copy.id.source},
               {"database", copy.id.database},
               {"repository", copy.repository},
               {"problem", text_or_null(copy.problem)},
               {"taken", nullptr},
               {"pushed", nullptr},
               {"bytes", nullptr},
               {"objects", nullptr},
               {"encrypted", nullptr},
               {"mac_checked", copy.is_sealed_by_us},
               {"signer", text_or_null(copy.signer)}};
  if (!copy.commit) return json;
  json["taken"] = to_rfc3339(copy.commit->taken);
  json["pushed"] = to_rfc3339(copy.commit->pushed);
  json["bytes"] = copy.commit->bytes();
  json["objects"] = std::uint64_t{copy.commit->parts.size() + 1};
  json["encrypted"] = copy.commit->key != 0;
  return json;
}

std::string ago(Time at) {
  return format_age(std::chrono::duration<double>(now() - at).count());
}

std::string list_text(const std::vector<store::Copy>& copies) {
  TextTable table({{"ID"},
                   {"AGE", Align::right},
                   {"SIZE", Align::right},
                   {"OBJECTS", Align::right},
                   {"PUSHED"},
                   {"NOTE"}});
  for (const store::Copy& copy : copies) {
    if (!copy.commit) {
      table.row({printable(copy.id.shown()), "", "", "", "", "UNUSABLE: " + printable(copy.problem)});
      continue;
    }
    std::string note = copy.commit->key == 0 ? "in clear" : "encrypted";
    if (!copy.is_sealed_by_us) note += ", MAC not checked";
    if (!copy.signer.empty()) note += ", signed by " + printable(copy.signer);
    table.row({printable(copy.id.shown()), ago(copy.commit->taken), format_bytes(copy.commit->bytes()),
               format_count(copy.commit->parts.size() + 1), ago(copy.commit->pushed) + " ago", note});
  }
  return table.text();
}

}  // namespace

Exit list_store(Context& context, const Selection& selection, const StoreArguments& arguments) {
  StoreReader store(arguments, context);
  const std::vector<store::Copy> copies = store.reader().list(selection.filter(), context.stop);
  Json list = Json::array();
  for (const store::Copy& copy : copies) {
    list.push_back(copy_json(copy));
    if (!copy.problem.empty())
      context.reporter.message(Level::warning,
                               fmt::format("{} can't be used: {}", copy.id.shown(), copy.problem));
  }
  context.reply.set("copies", std::move(list));
  context.reporter.print(copies.empty() ? "no backups\n" : list_text(copies));
  return Exit::done;
}

Exit verify_store_bytes(Context& context, const Selection& selection, bool all, unsigned jobs,
                        const StoreArguments& arguments) {
  StoreReader store(arguments, context);
  std::vector<Verified> verified;
  std::string bad, newer;
  context.reporter.phase("read");
  for (const store::Copy& copy : selected_copies(store.reader(), selection, all, context.stop)) {
    throw_if_stopped(context.stop);
    Evidence evidence;
    evidence.kind = "verify";
    evidence.scope = "stored bytes";
    if (copy.commit) {
      evidence.findings =
          store::check_bytes(store.reader(), *copy.commit, jobs, context.reporter, context.stop);
    } else if (copy.is_newer) {
      newer += (newer.empty() ? "" : "; ") + copy.problem;
    } else {
      evidence.findings.push_back({std::string("commit.json"), "commit", copy.problem});
    }
    evidence.verdict = copy.is_newer               ? Verdict::unverified
                       : evidence.findings.empty() ? Verdict::pass
                                                   : Verdict::fail;
    const std::size_t objects = copy.commit ? copy.commit->parts.size() + 1 : 0;
    std::string text =
        fmt::format("{} {}: {} in {}\n", to_string(evidence.verdict), printable(copy.id.shown()),
                    counted(objects, "object"), printable(store.reader().store().where()));
    for (const Finding& finding : evidence.findings)
      text += fmt::format("  {}: {}: {}\n", printable(finding.file), finding.kind, printable(finding.detail));
    evidence.verdict == Verdict::pass ? context.reporter.summary(text) : context.reporter.print(text);
    evidence.checks.push_back(
        {"stored bytes", evidence.verdict, counted(evidence.findings.size(), "finding")});
    if (!evidence.findings.empty())
      bad += fmt::format("{}{}: {}", bad.empty() ? "" : "; ", copy.id.shown(),
                         counted(evidence.findings.size(), "finding"));
    verified.push_back({copy.id, std::move(evidence)});
  }
  context.reply.set_verified(verified);
  if (!bad.empty())
    throw Error("what lies in the store is bad: " + bad,
                "the backup in the repository is another matter: pgassay verify proves it; a bad copy is "
                "replaced under "
                "another prefix",
                Exit::bad_backup);
  if (!newer.empty())
    throw Unverified("could not verify " + newer, "use the pgassay that wrote it, or a newer one");
  return Exit::done;
}

}  // namespace pgassay::cli
