#include "core/system/exits.h"

namespace pgassay {

Exit exit_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return Exit::done;
    case Verdict::fail:
      return Exit::bad_backup;
    case Verdict::unverified:
      return Exit::unverified;
  }
  return Exit::unverified;
}

Exit worse(Exit one, Exit other) {
  for (const Exit exit :
       {Exit::bad_backup, Exit::failed, Exit::unverified, Exit::refused, Exit::locked, Exit::usage}) {
    if (one == exit || other == exit) return exit;
  }
  return Exit::done;
}

}  // namespace pgassay
