#include "restore/tables/sequence_positions.h"

#include <fmt/format.h>

#include "proof/values_proof.h"

namespace pgassay::restore {

std::vector<std::string> raise_sequence_positions(Connection& connection, std::vector<Sequence>& sequences) {
  std::vector<std::string> absent;
  std::vector<Sequence> here;
  for (Sequence& sequence : sequences) {
    const Result facts = connection.query(
        "SELECT s.seqincrement FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
        {sequence.name.schema, sequence.name.name});
    if (facts.rows() == 0) {
      absent.push_back(sequence.name.shown());
      continue;
    }
    const Result now = connection.query("SELECT last_value, is_called FROM " + sequence.name.quoted());
    if (proof::compare_positions(sequence, now.integer(0, 0), now.boolean(0, 1), facts.integer(0, 0)) < 0)
      connection.query(fmt::format("SELECT pg_catalog.setval({}, {}, {})",
                                   quote_literal(sequence.name.quoted()), sequence.last_value,
                                   sequence.is_called));
    here.push_back(std::move(sequence));
  }
  sequences = std::move(here);
  return absent;
}

}  // namespace pgassay::restore
