#include "common/error.h"

G_DEFINE_QUARK(vcb - error - quark, vcb_error)

int vcb_error_exit_status(const GError *error)
{
    if (!error)
        return 0;
    return error->domain == VCB_ERROR ? error->code : VCB_ERROR_INTERNAL;
}
