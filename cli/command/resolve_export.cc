#include "cli/command/resolve.h"
#include "core/system/error.h"

namespace pgassay::cli {

void check_export(const Arguments& arguments) {
  const ExportArguments& exporting = arguments.exporting;
  if (arguments.json && !exporting.output)
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

}  // namespace pgassay::cli
