// What nearly every test includes: see core/precompiled.h.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/precompiled.h"
