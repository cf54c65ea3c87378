// What becomes of every column of every system catalog: it is compared by the inventory, or left out for a
// reason. A test reads the catalogs of a server and fails for a column that is not in this table, for one
// that is said to be compared and that no query of the inventory reads, and for one that is there no more.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pgassay {

enum class Treatment {
  compared,     ///< a query of the inventory names it
  through,      ///< compared by what a function of the server makes of it: `by`
  elsewhere,    ///< compared by another check: `by`
  derived,      ///< follows from what is compared: `by`
  oid,          ///< an object's number, or another's; names are compared
  physical,     ///< where and how it lies in this cluster
  statistics,   ///< what ANALYZE and VACUUM find out
  passing,      ///< a state that passes: a transaction's, an extension script's, a replication's
  cluster,      ///< of the whole cluster: tablespaces and the like, which the globals carry
  environment,  ///< of the host's libraries; checked as versions
  secret,       ///< holds passwords, which are not kept, even as a hash
  not_carried,  ///< no dump carries it: `by` says what stands in its place
};
std::string_view to_string(Treatment treatment);

struct CatalogColumns {
  std::string_view catalog, columns;  ///< names with a blank between them
  Treatment treatment;
  std::string_view by = {};
  int since = 0, until = 999999;  ///< server versions: from this one on, and before that one
};

std::span<const CatalogColumns> catalog_columns();
/// How many columns a server of that version has of each treatment: "compared 301, oid 46, …".
std::string catalog_columns_summary(int server_version);

}  // namespace pgassay
