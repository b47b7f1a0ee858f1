#include "CTrawlKernels.h"
