// The only C that Trawl writes: SIMD inner loops. A kernel's plain name chooses the version for the running CPU, and the
// name with `_on` takes the instruction set that it is told, down to portable C. Kernels that only some processors have say
// so when asked (direct.h, blocks.h), and others give the same bits in their place.
#pragma once

#include "activations.h"
#include "blocks.h"
#include "codes.h"
#include "dequantise.h"
#include "direct.h"
#include "dot.h"
#include "gemm.h"
#include "int8.h"
#include "isa.h"
#include "maxsim.h"
#include "prefetch.h"
#include "rank.h"
#include "rotation.h"
#include "scan.h"
#include "spin.h"
#include "training.h"
