/* The table of checks, and what they share. To add one: a line here, and a probe if none of them fits. */
#include "harness/cli/doctor.h"

#include <unistd.h>

#define EVERY_CALL "every call"

/* clang-format off */
const VcbCheck vcb_doctor_checks[] = {
    {"Calls", "webrtcbin", EVERY_CALL, TRUE, "webrtcbin", "gstreamer1.0-plugins-bad", vcb_probe_elements},
    {"Calls", "ICE", EVERY_CALL, TRUE, "nicesrc nicesink", "gstreamer1.0-nice", vcb_probe_elements},
    {"Calls", "DTLS and SRTP", EVERY_CALL, TRUE, "dtlssrtpenc dtlssrtpdec srtpenc srtpdec", "gstreamer1.0-plugins-bad", vcb_probe_elements},
    {"Calls", "RTP", EVERY_CALL, TRUE, "rtpbin rtpjitterbuffer rtpfunnel", "gstreamer1.0-plugins-good", vcb_probe_elements},
    {"Calls", "SCTP", "data_channel: true", TRUE, "sctpenc sctpdec", "gstreamer1.0-plugins-bad", vcb_probe_elements},
    {"Calls", "test sources", "source: test", TRUE, "videotestsrc audiotestsrc videoconvert audioconvert audioresample appsink", "gstreamer1.0-plugins-base", vcb_probe_elements},
    {"Calls", "loopback", EVERY_CALL, TRUE, NULL, NULL, vcb_probe_loopback},

    {"Codecs", "Opus", "codec: opus", TRUE, "opusenc opusdec", "gstreamer1.0-plugins-base", vcb_probe_elements},
    {"Codecs", "codecs in RTP", EVERY_CALL, TRUE, "rtpopuspay rtpopusdepay rtpvp8pay rtpvp8depay", "gstreamer1.0-plugins-good", vcb_probe_elements},
    {"Codecs", "VP8", "codec: vp8", TRUE, "vp8enc vp8dec", "gstreamer1.0-plugins-good", vcb_probe_elements},
    {"Codecs", "VP9", "codec: vp9", FALSE, "vp9enc vp9dec rtpvp9pay rtpvp9depay", "gstreamer1.0-plugins-good", vcb_probe_elements},
    {"Codecs", "H.264 encoder", "codec: h264", FALSE, "x264enc", "gstreamer1.0-plugins-ugly", vcb_probe_elements},
    {"Codecs", "H.264 decoder", "codec: h264", FALSE, "avdec_h264", "gstreamer1.0-libav", vcb_probe_elements},
    {"Codecs", "H.264 in RTP", "codec: h264", FALSE, "rtph264pay rtph264depay", "gstreamer1.0-plugins-good", vcb_probe_elements},

    {"Programs", "gnuplot", "the report's graphs", TRUE, "gnuplot", "gnuplot-nox", vcb_probe_program},
    {"Programs", "coturn", "turn_server: coturn", FALSE, "turnserver", "coturn", vcb_probe_program},
    {"Programs", "headless Chromium", "calls with Chromium", FALSE, "chromium-headless-shell /usr/lib/chromium/chromium-headless-shell", "chromium-headless-shell", vcb_probe_program},
    {"Programs", "Chromium", "calls with Chromium", FALSE, "chromium /usr/lib/chromium/chromium chromium-browser", "chromium", vcb_probe_program},
    {"Programs", "Firefox", "calls with Firefox", FALSE, "firefox-esr firefox", "firefox-esr", vcb_probe_program},

    {"Machine", "processor cores", "calls at once", FALSE, NULL, NULL, vcb_probe_cores},
    {"Machine", "memory", "calls at once", FALSE, NULL, NULL, vcb_probe_memory},
    {"Machine", "CPU pressure", "noticing a busy machine", FALSE, "/proc/pressure/cpu", NULL, vcb_probe_pressure},
    {"Machine", "cameras", "source: camera", FALSE, "/dev", "v4l2loopback-dkms", vcb_probe_cameras},

    {"Emulated network", "network emulation", "network:", FALSE, NULL, NULL, vcb_probe_emulator},
    {"Emulated network", "TUN device", "fewer copies than veth", FALSE, "/dev/net/tun", NULL, vcb_probe_tun},
    {"Emulated network", "user namespaces", "network: without root", FALSE, NULL, NULL, vcb_probe_user_namespaces},
};
/* clang-format on */
const gsize vcb_doctor_n_checks = G_N_ELEMENTS(vcb_doctor_checks);

void vcb_finding_clear(VcbFinding *finding)
{
    g_clear_pointer(&finding->detail, g_free);
    g_clear_pointer(&finding->remedy, g_free);
}

const char *vcb_finding_state_name(VcbFindingState state)
{
    static const char *const names[] = {"ok", "limited", "missing"};

    G_STATIC_ASSERT(G_N_ELEMENTS(names) == VCB_FINDING_MISSING + 1);
    return names[state];
}

void vcb_finding_set(VcbFinding *finding, VcbFindingState state, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_free(finding->detail);
    finding->detail = g_strdup_vprintf(format, arguments);
    finding->state = state;
    va_end(arguments);
}

char *vcb_doctor_install_command(const char *packages)
{
    g_autofree char *apt = g_find_program_in_path("apt-get");

    if (!apt)
        return g_strdup_printf("install what Debian calls %s", packages);
    return g_strdup_printf("%sapt-get install --no-install-recommends %s", geteuid() == 0 ? "" : "sudo ",
                           packages);
}

char *vcb_doctor_remedy(const VcbCheck *check, const VcbFinding *finding)
{
    if (finding->state == VCB_FINDING_OK)
        return NULL;
    if (finding->remedy)
        return g_strdup(finding->remedy);
    if (!check->package || finding->state != VCB_FINDING_MISSING)
        return NULL;
    return vcb_doctor_install_command(check->package);
}
