#include <fmt/format.h>
#include <unistd.h>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/render/json/export.h"
#include "cli/units.h"
#include "core/system/output.h"
#include "export/sql_script.h"

namespace pgassay::cli {
namespace {

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

}  // namespace

Exit run_export(Context& context) {
  const ExportArguments& arguments = context.arguments.exporting;
  const std::string format = arguments.table ? arguments.format.value_or("copy") : "sql";
  check_export(context.arguments);
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const Selection& selection = context.arguments.selection;
  const Backup backup = repository.find(selection.ids.at(0), {selection.source, selection.database});
  std::optional<OutputFile> file;
  if (arguments.output) file.emplace(*arguments.output);
  Buffered out(file ? file->fd() : STDOUT_FILENO, context.stop, arguments.output.value_or("stdout"));
  exports::Exported exported;
  try {
    exported =
        arguments.table
            ? export_rows(repository, backup, row_export(arguments), out, context.reporter, context.stop)
            : export_sql(repository, backup, sql_export(arguments), out, context.reporter, context.stop);
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

}  // namespace pgassay::cli
