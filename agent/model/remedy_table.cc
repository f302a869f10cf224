// SPDX-License-Identifier: Apache-2.0
#include "agent/model/remedy_table.h"

#include <algorithm>
#include <array>

namespace fusescope {
namespace {

constexpr std::string_view kGlusterfs =
    "glusterfs has no option for larger requests: give virtual machines their disks by libgfapi "
    "(gluster://), and elsewhere have several calls in flight";
constexpr std::string_view kGlusterfsSource = "glusterfs, xlators/mount/fuse/src/fuse-bridge.c";

constexpr std::string_view kVirtiofs =
    "give the device a queue of {queue} entries (QEMU: -device vhost-user-fs-pci,queue-size="
    "{queue}): a request has the pages that fit into the queue, which are {pages} at most";
constexpr std::string_view kVirtiofsSource =
    "fs/fuse/virtio_fs.c, virtio_fs_get_tree(): max_pages_limit";

constexpr std::string_view kJuicefs =
    "mount with --max-fuse-io={kib}K (JuiceFS 1.3 or later; its FUSE library, go-fuse, may stop at "
    "1024K)";
constexpr std::string_view kJuicefsSource =
    "juicefs, cmd/mount_unix.go: --max-fuse-io; go-fuse, fuse/server.go: MAX_KERNEL_WRITE";

constexpr std::string_view kGcsfuse =
    "use a gcsfuse that negotiates 256 pages by itself; for more, from 3.11.1, mount "
    "with --enable-kernel-reader and --fuse-max-request-size-kb, on this host up to {kib}";
constexpr std::string_view kGcsfuseSource =
    "gcsfuse, cmd/mount.go, getFuseMountConfig(): FuseMaxRequestSizeKb";

// Daemons on libfuse with either of its versions.
constexpr std::string_view kLibfuse =
    "use a build with libfuse 3 that sets conn->max_write={bytes} at INIT: libfuse 3 derives "
    "max_pages={pages} from it, libfuse 2 cannot negotiate more than 32";
constexpr std::string_view kLibfuseSource = "libfuse, lib/fuse_lowlevel.c, do_init()";

constexpr std::string_view kMaxPagesSource =
    "fs/fuse/inode.c, process_init_reply(): FUSE_MAX_PAGES";

// A daemon's max_readahead, also that of `rclone mount --max-read-ahead`, is no way out: it can
// only lower the window that the kernel begins with.
constexpr std::string_view kReadahead =
    "echo {kib} > /sys/class/bdi/{device}/read_ahead_kb after each mount (an option of the daemon "
    "can only lower it), or posix_fadvise(POSIX_FADV_SEQUENTIAL), which doubles it, or direct I/O";
constexpr std::string_view kReadaheadSource =
    "mm/readahead.c, page_cache_sync_ra(); mm/fadvise.c, generic_fadvise(); fs/fuse/inode.c, "
    "process_init_reply(): max_readahead";

constexpr std::array kTable = {
    RemedyRow{FUSESCOPE_CAUSE_UNMERGED, "",
              "this kernel does not merge the segments of one call: upgrade it (Linux merges them "
              "since 3.9); if it is newer, report its version with the output of fusescope doctor",
              "fs/fuse/file.c, fuse_get_user_pages()"},

    RemedyRow{FUSESCOPE_CAUSE_SHORT_REPLY, "",
              "the daemon answered with fewer bytes than were asked for: at the end of a file that "
              "is as it must be, elsewhere look into the daemon's log",
              "mm/filemap.c, generic_file_read_iter()"},

    RemedyRow{FUSESCOPE_CAUSE_PAGE_SLOTS, "",
              "the buffers use up page slots with parts of pages: align them to the page "
              "(posix_memalign), or use fewer and larger iovecs",
              "fs/fuse/file.c, fuse_get_user_pages()"},

    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.glusterfs", kGlusterfs, kGlusterfsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.juicefs", kJuicefs, kJuicefsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "virtiofs", kVirtiofs, kVirtiofsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.sshfs", kLibfuse, kLibfuseSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.s3fs", kLibfuse, kLibfuseSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.bindfs", kLibfuse, kLibfuseSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.ceph-fuse", kLibfuse, kLibfuseSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.rclone",
              "its FUSE library (bazil.org/fuse) must negotiate FUSE_MAX_PAGES with {pages} pages: "
              "try a newer rclone, and have several calls in flight until then",
              kMaxPagesSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.gcsfuse", kGcsfuse, kGcsfuseSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "fuse.mountpoint-s3",
              "its FUSE library (fuser) must negotiate FUSE_MAX_PAGES with {pages} pages: try a "
              "newer mount-s3, and have several calls in flight until then",
              kMaxPagesSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_PAGES, "",
              "the daemon must negotiate max_pages={pages} (FUSE_MAX_PAGES; libfuse 3 derives it "
              "from conn->max_write={bytes}), then mount again",
              kMaxPagesSource},

    RemedyRow{FUSESCOPE_CAUSE_MAX_READ, "fuse.glusterfs", kGlusterfs, kGlusterfsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_READ, "fuse.juicefs", kJuicefs, kJuicefsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_READ, "",
              "mount with -o max_read={bytes}, and have the daemon set the same at INIT (libfuse: "
              "conn->max_read): the kernel knows the option only, and libfuse 3 refuses to mount "
              "where the two differ",
              "fs/fuse/inode.c, fuse_fill_super_common(): ctx->max_read"},

    RemedyRow{FUSESCOPE_CAUSE_MAX_WRITE, "fuse.glusterfs", kGlusterfs, kGlusterfsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_WRITE, "fuse.juicefs", kJuicefs, kJuicefsSource},
    RemedyRow{FUSESCOPE_CAUSE_MAX_WRITE, "fuse.ceph-fuse",
              "set fuse_max_write = {bytes} in the [client] section of ceph.conf, then mount again",
              "ceph, src/common/options/mds-client.yaml.in"},
    RemedyRow{FUSESCOPE_CAUSE_MAX_WRITE, "",
              "the daemon must negotiate max_write={bytes} (libfuse: conn->max_write), then mount "
              "again",
              "fs/fuse/inode.c, process_init_reply(): max_write"},

    RemedyRow{FUSESCOPE_CAUSE_NO_BIG_WRITES, "fuse.ceph-fuse",
              "set fuse_big_writes = true in the [client] section of ceph.conf, then mount again",
              "ceph, src/common/options/mds-client.yaml.in"},
    RemedyRow{
        FUSESCOPE_CAUSE_NO_BIG_WRITES, "",
        "the daemon must negotiate FUSE_BIG_WRITES (libfuse 2: -o big_writes; libfuse 3 always "
        "does), then a request carries up to {bytes} bytes",
        "fs/fuse/file.c, fuse_fill_write_pages()"},

    RemedyRow{FUSESCOPE_CAUSE_READAHEAD_WINDOW, "fuse.gcsfuse",
              "mount with --max-read-ahead-kb={kib}", "gcsfuse, --max-read-ahead-kb"},
    RemedyRow{FUSESCOPE_CAUSE_READAHEAD_WINDOW, "", kReadahead, kReadaheadSource},

    RemedyRow{FUSESCOPE_CAUSE_PARTIAL_PAGE, "",
              "writes begin or end inside a page: align their offsets and lengths to the page, or "
              "mount with the daemon's writeback cache (FUSE_WRITEBACK_CACHE)",
              "fs/fuse/file.c, fuse_fill_write_pages()"},

    RemedyRow{
        FUSESCOPE_CAUSE_PIPE, "",
        "the kernel copies through a pipe of 16 pages (copy_file_range, sendfile, splice): copy "
        "with read and write and large buffers (dd bs=1M), or have the daemon answer "
        "FUSE_COPY_FILE_RANGE itself",
        "fs/splice.c, splice_direct_to_actor()"},

    RemedyRow{FUSESCOPE_CAUSE_UNKNOWN, "",
              "no rule explains it: report these limits, how the program reads or writes, and the "
              "output of fusescope doctor to the project of fusescope",
              "bpf/cause.h"},
};

}  // namespace

std::span<const RemedyRow> remedy_table() { return kTable; }

const RemedyRow* find_remedy(fusescope_cause cause, std::string_view daemon) {
  const auto row = std::ranges::find_if(kTable, [&](const RemedyRow& each) {
    return each.cause == cause && (each.fstype.empty() || each.fstype == daemon);
  });
  return row == kTable.end() ? nullptr : &*row;
}

std::string daemon_of(const MountIdentity& identity) {
  return identity.fstype == "fuse" ? "fuse." + identity.source : identity.fstype;
}

}  // namespace fusescope
