#include "cli/command/command.h"

namespace pgassay::cli {
namespace {

constexpr const Command* kCommands[] = {
    &kBackup,      &kList,        &kShow,          &kVerify,       &kRestore,     &kDrill,   &kExport,
    &kPrune,       &kPin,         &kUnpin,         &kAccept,       &kDoctor,      &kNightly, &kStatus,
    &kReport,      &kSource,      &kSourceAlias,   &kSourceForget, &kSourceReset, &kStack,   &kStackCheck,
    &kStackRoutes, &kStackSwitch, &kStackRollback, &kStackStatus,  &kStackForget, &kPush,    &kPull,
    &kStore,       &kStoreInit,   &kStoreCheck,    &kStoreRekey,   &kStoreKit,    &kManual,
};

}  // namespace

std::span<const Command* const> all_commands() {
  return kCommands;
}

}  // namespace pgassay::cli
