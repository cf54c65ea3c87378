#include "restore/loss.h"

#include <algorithm>
#include <utility>

namespace pgassay::restore {
namespace {

/// The record in a target keeps these words: they are never given another meaning.
constexpr std::pair<LossKind, std::string_view> kLossKinds[] = {
    {LossKind::unknown, "unknown"},
    {LossKind::object, "object"},
    {LossKind::lacking, "lacking"},
    {LossKind::privilege, "privilege"},
    {LossKind::materialized_view, "materialized_view"},
    {LossKind::uncounted, "uncounted"},
    {LossKind::role, "role"},
    {LossKind::role_membership, "role_membership"},
    {LossKind::parameter_privilege, "parameter_privilege"},
    {LossKind::database_property, "database_property"},
    {LossKind::rows, "rows"},
    {LossKind::extension_rows, "extension_rows"},
    {LossKind::sequence, "sequence"},
    {LossKind::large_object, "large_object"},
    {LossKind::rule, "rule"},
};
constexpr std::pair<NoteKind, std::string_view> kNoteKinds[] = {
    {NoteKind::unknown, "unknown"},
    {NoteKind::role, "role"},
    {NoteKind::tablespace, "tablespace"},
    {NoteKind::encoding, "encoding"},
    {NoteKind::extension_version, "extension_version"},
    {NoteKind::left_out, "left_out"},
    {NoteKind::harmless, "harmless"},
    {NoteKind::there_already, "there_already"},
    {NoteKind::made, "made"},
    {NoteKind::analyze, "analyze"},
    {NoteKind::resumed, "resumed"},
    {NoteKind::record, "record"},
    {NoteKind::triggers, "triggers"},
    {NoteKind::large_objects, "large_objects"},
    {NoteKind::database_property, "database_property"},
    {NoteKind::replaced, "replaced"},
    {NoteKind::moved, "moved"},
    {NoteKind::tool, "tool"},
    {NoteKind::owner_code, "owner_code"},
};

template <typename Kind>
std::string_view word_of(std::span<const std::pair<Kind, std::string_view>> words, Kind kind) {
  const auto found = std::ranges::find(words, kind, &std::pair<Kind, std::string_view>::first);
  return found == words.end() ? std::string_view("unknown") : found->second;
}

template <typename Kind>
Kind kind_of(std::span<const std::pair<Kind, std::string_view>> words, std::string_view word) {
  const auto found = std::ranges::find(words, word, &std::pair<Kind, std::string_view>::second);
  return found == words.end() ? Kind::unknown : found->first;
}

template <typename Line>
std::vector<std::string> texts_of(std::span<const Line> lines) {
  std::vector<std::string> out;
  for (const Line& line : lines) out.push_back(line.text);
  return out;
}

}  // namespace

std::string_view to_string(LossKind kind) {
  return word_of<LossKind>(kLossKinds, kind);
}

LossKind parse_loss_kind(std::string_view word) {
  return kind_of<LossKind>(kLossKinds, word);
}

std::string_view to_string(NoteKind kind) {
  return word_of<NoteKind>(kNoteKinds, kind);
}

NoteKind parse_note_kind(std::string_view word) {
  return kind_of<NoteKind>(kNoteKinds, word);
}

std::set<std::string> roles_told(std::span<const Loss> lost) {
  std::set<std::string> roles;
  for (const Loss& loss : lost)
    if (loss.kind == LossKind::role || loss.kind == LossKind::role_membership ||
        loss.kind == LossKind::parameter_privilege)
      roles.insert(loss.object);
  return roles;
}

std::string lacking_of_host(std::span<const Loss> lost) {
  std::string lacking;
  for (const Loss& loss : lost)
    if (loss.kind == LossKind::lacking) lacking += (lacking.empty() ? "" : "; ") + loss.text;
  return lacking;
}

std::vector<std::string> texts(std::span<const Loss> lost) {
  return texts_of(lost);
}

std::vector<std::string> texts(std::span<const Note> notes) {
  return texts_of(notes);
}

}  // namespace pgassay::restore
