// How the report looks: one style sheet, in the page itself.
#pragma once

#include <span>
#include <string>

namespace pgassay::cli {

/// A colour by day and by night, as #rrggbb.
struct Colour {
  const char *name, *light, *dark;
};

/// `page` and `panel` are what text stands on; the others are text, or marks of a plot.
std::span<const Colour> palette();

std::string style_sheet();

}  // namespace pgassay::cli
