// The only C that Trawl writes: SIMD inner loops. Every kernel has a portable twin with the suffix `_portable`; the
// plain name chooses the best twin for the running CPU.
#pragma once

#include "activations.h"
#include "blocks.h"
#include "dequantise.h"
#include "direct.h"
#include "gemm.h"
#include "int8.h"
#include "isa.h"
#include "rank.h"
#include "dot.h"
#include "spin.h"
