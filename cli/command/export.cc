#include <fmt/format.h>
#include <unistd.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/read_repository.h"
#include "cli/render/json/export.h"
#include "core/system/output.h"
#include "core/system/printable.h"
#include "export/sql_script.h"

namespace pgassay::cli {
namespace {

struct ExportArguments {
  Selection selection;
  StoreArguments store;
  std::optional<std::string> output, table, format;
  bool header = false, no_owner = false, no_acl = false, no_tablespaces = false;
  bool no_single_transaction = false, no_restrict = false;
};

/// What the parser can't see. Throws UsageError.
void check(const ExportArguments& exporting, bool json) {
  if (json && !exporting.output)
    throw UsageError("--json needs --output: stdout can't be both the document and the export");
  if (exporting.output && exporting.output->empty()) throw UsageError("--output is empty");
  if (exporting.table && exporting.table->empty()) throw UsageError("--table is empty");
  if (exporting.header && exporting.format != "csv") throw UsageError("--header is of --format csv");
}

exports::RowExport row_export(const ExportArguments& arguments) {
  const exports::ExportFormat format = arguments.format == "csv"      ? exports::ExportFormat::csv
                                       : arguments.format == "binary" ? exports::ExportFormat::binary
                                                                      : exports::ExportFormat::copy;
  return {arguments.table.value(), format, arguments.header};
}

exports::SqlExport sql_export(const ExportArguments& arguments) {
  return {!arguments.no_owner, !arguments.no_acl, !arguments.no_tablespaces, !arguments.no_single_transaction,
          !arguments.no_restrict};
}

/// Many small pieces, some large writes.
class Buffered : public ChunkSink {
 public:
  Buffered(int fd, std::stop_token stop, std::string name)
      : fd_(fd), stop_(std::move(stop)), name_(std::move(name)) {}
  void chunk(Bytes bytes) override {
    buffer_ += as_text(bytes);
    if (buffer_.size() >= kEnough) flush();
  }
  void flush() {
    written_ += buffer_.size();
    const std::string ready = std::exchange(buffer_, {});
    write_to_reader(fd_, as_bytes(ready), stop_, name_);
  }
  std::uint64_t written() const { return written_; }

 private:
  static constexpr std::size_t kEnough = 64 << 10;
  int fd_;
  StopFd stop_;
  std::string name_, buffer_;
  std::uint64_t written_ = 0;
};

/// For an export into a pipe: whoever reads it shows what there is to show.
class MessagesOnly : public Observer {
 public:
  explicit MessagesOnly(Observer& to) : to_(to) {}
  void message(Level level, std::string_view text, std::string_view hint) override {
    to_.message(level, text, hint);
  }

 private:
  Observer& to_;
};

Exit run_export(Context& context, const ExportArguments& arguments) {
  const std::string format = arguments.table ? arguments.format.value_or("copy") : "sql";
  check(arguments, context.arguments.json);
  const ReadRepository place(arguments.store, arguments.selection, context);
  const Repository& repository = place.get();
  const Backup backup = arguments.selection.find_in(repository);
  std::optional<OutputFile> file;
  if (arguments.output) file.emplace(*arguments.output);
  Buffered out(file ? file->fd() : STDOUT_FILENO, context.stop, arguments.output.value_or("stdout"));
  MessagesOnly messages(context.reporter);
  Observer& observer = file ? static_cast<Observer&>(context.reporter) : messages;
  exports::Exported exported;
  try {
    exported = arguments.table
                   ? export_rows(repository, backup, row_export(arguments), out, observer, context.stop)
                   : export_sql(repository, backup, sql_export(arguments), out, observer, context.stop);
  } catch (const BadBackup& error) {
    // Its last words: the statement by which psql fails.
    if (!file) out.flush();
    error.raise();
  }
  out.flush();
  if (!file) return Exit::done;
  file->commit();
  set_exported(context.reply, backup.id, exported, format, arguments.table, *arguments.output, out.written());
  context.reporter.summary(fmt::format("exported {} of {} to {}: {}\n", counted(exported.rows, "row"),
                                       printable(backup.id.shown()), printable(*arguments.output),
                                       format_bytes(out.written())));
  return Exit::done;
}

Run declare_export(Options& options) {
  const auto arguments = std::make_shared<ExportArguments>();
  add_one_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  add_store_to_read(options, arguments->store);
  options.value("-o,--output", &arguments->output, "FILE",
                "a file that appears once it is complete (default: stdout)");
  options.value("--table", &arguments->table, "SCHEMA.TABLE",
                "only the rows of this table, of a partitioned one all");
  options
      .choice("--format", &arguments->format, {"copy", "csv", "binary"},
              "of rows: copy (COPY's text, default), csv, or binary (of tables of --binary-table)")
      .needs("--table");
  options.flag("--header", arguments->header, "of csv: the columns' names come first").needs("--table");
  options.flag("--no-owner", arguments->no_owner, "all objects will belong to the role that runs psql")
      .excludes({"--table"});
  options.flag("--no-acl", arguments->no_acl, "no GRANT and REVOKE").excludes({"--table"});
  options.flag("--no-tablespaces", arguments->no_tablespaces, "everything in the default tablespace")
      .excludes({"--table"});
  options
      .flag("--no-single-transaction", arguments->no_single_transaction,
            "a transaction for each table: where one can't hold all the locks")
      .excludes({"--table"});
  options
      .flag("--no-restrict", arguments->no_restrict,
            "without \\restrict, which psql before 13.22, 14.19, 15.14, 16.10, 17.6 does not know")
      .excludes({"--table"});
  return [arguments](Context& context) { return run_export(context, *arguments); };
}

}  // namespace

const Command kExport = {
    .name = "export",
    .what = "write a backup as one SQL script for psql, or one table's rows",
    .examples =
        "  pgassay export latest | psql -X -d empty_database    all or nothing; set -o pipefail in scripts\n"
        "  pgassay export latest --no-owner --no-acl --output app.sql\n"
        "  pgassay export latest --table public.orders > orders.copy\n"
        "  pgassay export latest --table public.orders --format csv --header --output orders.csv\n",
    .declare = declare_export,
};

}  // namespace pgassay::cli
