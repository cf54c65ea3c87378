// Differences that the operator has accepted, by name: "generated:public.t.r" for the values of a generated
// column. Each is a check that passes, and says that it was accepted.
#pragma once

#include <set>
#include <string>

namespace pgassay::proof {

using Accepted = std::set<std::string>;

}  // namespace pgassay::proof
