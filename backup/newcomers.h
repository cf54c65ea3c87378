// Beside tables that come and go faster than a schema is dumped, a backup would never come to its end: what
// came since the attempt before began, or was dropped and made anew again and again, is left out and named.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/postgres/catalog.h"

namespace pgassay::backup {

/// A relation that the snapshot shows, and that neither the schema nor the rows are to have.
struct Newcomer {
  Oid oid{};
  QualifiedName name;
  std::string shown;  ///< "table public.t"
};

/// Remembers from attempt to attempt which relations were there.
class Settled {
 public:
  /// Looks at what is there now. True where a relation that was settled is gone, or made anew.
  bool look(Connection& connection);
  /// Was it there under this name when the attempt before began, and is none that is dropped and made anew
  /// all the time? One that another takes the place of, in one transaction, is there at any time.
  bool contains(const QualifiedName& name) const { return names_.contains(name); }
  /// Those of the leader's snapshot that are not: tables, views, sequences; in the order of their names.
  std::vector<Newcomer> newcomers(Connection& leader) const;

 private:
  struct Past {
    int changes = 0;  ///< how often it was gone, or another, since the look before
    bool was_gone = false;
  };
  std::map<QualifiedName, Oid> last_;
  std::map<QualifiedName, Past> past_;
  std::set<QualifiedName> names_;
};

}  // namespace pgassay::backup
