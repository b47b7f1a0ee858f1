#pragma once
#include <md4c.h>

// Swift does not import macros that are expressions of other macros with casts.
static const unsigned MD_DIALECT_GITHUB_FLAGS = MD_DIALECT_GITHUB;
