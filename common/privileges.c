#include "common/privileges.h"

#include <errno.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* root's user number alone gives nothing, and none of it can be taken back. */
#define SECUREBITS                                                                                           \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |         \
     SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static const char *drop_bounding_set(guint64 kept)
{
    for (unsigned long number = 0; number < 64; number++) {
        int present = prctl(PR_CAPBSET_READ, number, 0, 0, 0);

        if (present < 0) /* beyond the last one of this kernel */
            break;
        if (present && !(kept & VCB_CAPABILITY(number)) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0)
            return "dropping the capability bounding set";
    }
    return NULL;
}

const char *vcb_privileges_keep(guint64 capabilities)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
    const char *failed;

    if (syscall(SYS_capget, &header, sets) != 0)
        return "reading the capabilities";
    /* Only who has CAP_SETPCAP may do these; for everybody else the last step is enough. */
    if (sets[0].effective & (1u << CAP_SETPCAP)) {
        if (prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) != 0)
            return "setting the securebits";
        if ((failed = drop_bounding_set(capabilities)))
            return failed;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        return "clearing the ambient capabilities";
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        guint32 kept = (guint32)(capabilities >> (32 * i));

        sets[i].effective &= kept;
        sets[i].permitted &= kept;
        sets[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, sets) != 0)
        return "dropping the capabilities";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return "forbidding new privileges";
    return NULL;
}
