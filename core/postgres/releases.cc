#include "core/postgres/releases.h"

namespace pgassay {
namespace {

/// In the order of Feature. Sources: https://www.postgresql.org/docs/N/release-N.html
constexpr FeatureOfReleases kFeatures[] = {
    {Feature::drop_expression, 13, kAlways, "ALTER TABLE … ALTER COLUMN … DROP EXPRESSION"},
    {Feature::statistics_targets, 13, kAlways,
     "a statistics object's own target (pg_statistic_ext.stxstattarget)"},
    {Feature::catalog_keys, 14, kAlways, "pg_get_catalog_foreign_keys()"},
    {Feature::column_compression, 14, kAlways, "a column's compression method (pg_attribute.attcompression)"},
    {Feature::heap_checks, 14, kAlways, "amcheck's verify_heapam()"},
    {Feature::idle_session_timeout, 14, kAlways, "the setting idle_session_timeout"},
    {Feature::multiranges, 14, kAlways, "multirange types (pg_range.rngmultitypid)"},
    {Feature::read_all_data, 14, kAlways, "the role pg_read_all_data"},
    {Feature::sql_bodies, 14, kAlways, "function bodies that are parsed (pg_get_function_sqlbody())"},
    {Feature::subscripting, 14, kAlways, "a type's subscripting function (pg_type.typsubscript)"},
    {Feature::tid_range_scans, 14, kAlways, "a range of a table's pages is read without the others"},
    {Feature::closed_public, 15, kAlways, "a new database's schema public is not everybody's to create in"},
    {Feature::parameter_privileges, 15, kAlways, "privileges on settings (pg_parameter_acl)"},
    {Feature::icu_locale_column, 15, 17, "pg_database.daticulocale"},
    {Feature::locale_providers, 15, kAlways, "pg_database.datlocprovider and datcollversion"},
    {Feature::selective_publications, 15, kAlways, "publications of columns, rows and schemas"},
    {Feature::createdb_to_be_had, 16, kAlways,
     "only a role with CREATEDB says CREATEDB or NOCREATEDB of another"},
    {Feature::icu_rules, 16, kAlways, "pg_database.daticurules"},
    {Feature::membership_options, 16, kAlways,
     "a membership's options INHERIT and SET, and grantors that must be able to grant"},
    {Feature::locale_column, 17, kAlways, "pg_database.datlocale, in the place of daticulocale"},
    {Feature::transaction_timeout, 17, kAlways, "the setting transaction_timeout"},
    {Feature::named_not_nulls, 18, kAlways, "NOT NULL constraints that have names (pg_constraint.contype n)"},
    {Feature::statistics_to_restore, 18, kAlways,
     "planner statistics can be given (pg_restore_relation_stats() and so on)"},
    {Feature::one_line_names, 19, kAlways, "no name of a role, database or tablespace has a line break"},
    {Feature::padded_lsn, 19, kAlways, "pg_lsn as text has eight digits behind the slash"},
    {Feature::publication_exceptions, 19, kAlways,
     "tables that a publication of all excepts (pg_publication_rel.prexcept)"},
    {Feature::wrapper_connections, 19, kAlways,
     "a wrapper's function for subscriptions' connections (pg_foreign_data_wrapper.fdwconnection)"},
};

constexpr bool in_order() {
  int at = 0;
  for (const FeatureOfReleases& row : kFeatures)
    if (static_cast<int>(row.feature) != at++ || row.since >= row.until) return false;
  return at == static_cast<int>(Feature::wrapper_connections) + 1;
}
static_assert(in_order());

}  // namespace

std::span<const FeatureOfReleases> features_of_releases() {
  return kFeatures;
}

bool server_has(int server_version, Feature feature) {
  const FeatureOfReleases& row = kFeatures[static_cast<int>(feature)];
  return server_version >= row.since * 10000 && server_version < row.until * 10000;
}

}  // namespace pgassay
