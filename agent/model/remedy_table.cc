// SPDX-License-Identifier: Apache-2.0
#include "agent/model/remedy_table.h"

#include <algorithm>
#include <array>

namespace fusescope {
namespace {

constexpr fusescope_cause kMaxPages = FUSESCOPE_CAUSE_MAX_PAGES;
constexpr fusescope_cause kMaxRead = FUSESCOPE_CAUSE_MAX_READ;
constexpr fusescope_cause kMaxWrite = FUSESCOPE_CAUSE_MAX_WRITE;
constexpr fusescope_cause kNoBigWrites = FUSESCOPE_CAUSE_NO_BIG_WRITES;

constexpr std::string_view kGlusterfs =
    "glusterfs has no option for larger requests: give virtual machines their disks without FUSE, "
    "by libgfapi (gluster://, in QEMU deprecated since 9.2), and elsewhere have several calls in "
    "flight";
constexpr std::string_view kGlusterfsSource =
    "glusterfs, xlators/mount/fuse/src/fuse-bridge.c; tried with QEMU 7.2: 522 requests to none";

constexpr std::string_view kVirtiofs =
    "give the device a queue of {queue} entries (QEMU: -device vhost-user-fs-pci,queue-size="
    "{queue}): a request has the pages that fit into the queue, which are {pages} at most";
constexpr std::string_view kVirtiofsSource =
    "fs/fuse/virtio_fs.c, virtio_fs_get_tree(): max_pages_limit; tried: 3 requests a call to 1";

constexpr std::string_view kJuicefs =
    "mount with --max-fuse-io={kib}K (JuiceFS 1.3 or later; its FUSE library, go-fuse, may stop at "
    "1024K)";
constexpr std::string_view kJuicefsSource =
    "juicefs, cmd/mount_unix.go: --max-fuse-io; go-fuse, fuse/server.go: MAX_KERNEL_WRITE";

constexpr std::string_view kGcsfuse =
    "use a gcsfuse that negotiates max_pages={pages} by itself, as newer ones do";
constexpr std::string_view kGcsfuseBeyond =
    ", and more than 256 pages, from 3.11.1, with --enable-kernel-reader and "
    "--fuse-max-request-size-kb={kib}";
constexpr std::string_view kGcsfuseSource =
    "gcsfuse, cmd/mount.go, getFuseMountConfig(): FuseMaxRequestSizeKb";

// Daemons on libfuse with either of its versions.
constexpr std::string_view kLibfuse =
    "use a build with libfuse 3 that sets conn->max_write={bytes} at INIT: libfuse 3 derives "
    "max_pages={pages} from it, libfuse 2 cannot negotiate more than 32";
constexpr std::string_view kLibfuseSource = "libfuse, lib/fuse_lowlevel.c, do_init()";
constexpr std::string_view kLibfuseBeyond = " (more than 256 pages need libfuse 3.17)";

constexpr std::string_view kMaxPagesSource =
    "fs/fuse/inode.c, process_init_reply(): FUSE_MAX_PAGES";

// rclone mount is on bazil.org/fuse, rclone mount2 on go-fuse. Their processes have one name.
constexpr std::string_view kRclone =
    "rclone has no option for larger requests, neither as mount nor as mount2: have several calls "
    "in flight";
constexpr std::string_view kRcloneWrites =
    "rclone has no option for larger writes: those of `rclone mount` are as large as its pages "
    "allow, those of `rclone mount2` are 64 KiB";
constexpr std::string_view kRcloneSource =
    "tried with 1.60: 16 requests for a write of 1 MiB by mount2, 8 by mount";

constexpr std::string_view kDavfs2 =
    "set buf_size {buffer} in davfs2.conf, then mount again (davfs2 takes -o max_read, and ignores "
    "it)";
constexpr std::string_view kDavfs2Pages =
    "davfs2 has no option for more pages: have several calls in flight";
constexpr std::string_view kDavfs2Source = "tried with 1.6.1: 64 requests for 1 MiB to 8";

constexpr std::string_view kNtfs3g =
    "ntfs-3g has no option for larger requests: the kernel's own driver sends none (mount -t "
    "ntfs3, "
    "since Linux 5.15)";
constexpr std::string_view kNtfs3gSource = "ntfs-3g, libfuse-lite/fuse_lowlevel.c, do_init()";

constexpr std::string_view kExfat =
    "exfat-fuse has no option for larger requests: the kernel's own driver sends none (mount -t "
    "exfat, since Linux 5.7)";
constexpr std::string_view kExfatSource = "tried with 1.3.0: 8 requests for 1 MiB";

constexpr std::string_view kRestic =
    "restic has no option for larger requests: `restic restore` and `restic dump` read without "
    "FUSE";
constexpr std::string_view kResticSource = "tried with 0.14: 8 requests for 1 MiB";

constexpr std::string_view kBigWrites =
    "mount with -o big_writes, then a request carries up to {bytes} bytes";

// A daemon's max_readahead, also that of `rclone mount --max-read-ahead`, is no way out: it can
// only lower the window that the kernel begins with.
constexpr std::string_view kReadahead =
    "echo {kib} > /sys/class/bdi/{device}/read_ahead_kb after each mount (an option of the daemon "
    "can only lower it), or posix_fadvise(POSIX_FADV_SEQUENTIAL), which doubles it, or direct I/O";
constexpr std::string_view kReadaheadSource =
    "mm/readahead.c, page_cache_sync_ra(); mm/fadvise.c, generic_fadvise(); fs/fuse/inode.c, "
    "process_init_reply(): max_readahead; tried with sshfs and ntfs-3g";

constexpr std::array kTable = {
    RemedyRow{FUSESCOPE_CAUSE_UNMERGED, "", Way::open,
              "this kernel does not merge the segments of one call: upgrade it (Linux merges them "
              "since 3.9); if it is newer, report its version with the output of fusescope doctor",
              "fs/fuse/file.c, fuse_get_user_pages()"},

    RemedyRow{FUSESCOPE_CAUSE_SHORT_REPLY, "", Way::open,
              "the daemon answered with fewer bytes than were asked for: at the end of a file that "
              "is as it must be, elsewhere look into the daemon's log",
              "mm/filemap.c, generic_file_read_iter()"},

    RemedyRow{FUSESCOPE_CAUSE_PAGE_SLOTS, "", Way::open,
              "each page that a buffer touches takes a slot, also for a part of it: let buffers "
              "begin at a page and fill pages of {page} bytes (posix_memalign), or use fewer and "
              "larger iovecs",
              "fs/fuse/file.c, fuse_get_user_pages()"},

    RemedyRow{kMaxPages, "glusterfs", Way::closed, kGlusterfs, kGlusterfsSource},
    RemedyRow{kMaxPages, "juicefs", Way::open, kJuicefs, kJuicefsSource},
    RemedyRow{kMaxPages, "virtiofs", Way::open, kVirtiofs, kVirtiofsSource},
    RemedyRow{kMaxPages, "sshfs", Way::open, kLibfuse, kLibfuseSource, kLibfuseBeyond},
    RemedyRow{kMaxPages, "s3fs", Way::open, kLibfuse, kLibfuseSource, kLibfuseBeyond},
    RemedyRow{kMaxPages, "bindfs", Way::open, kLibfuse, kLibfuseSource, kLibfuseBeyond},
    RemedyRow{kMaxPages, "fuse2fs", Way::open, kLibfuse, kLibfuseSource, kLibfuseBeyond},
    RemedyRow{kMaxPages, "ceph-fuse", Way::open, kLibfuse, kLibfuseSource, kLibfuseBeyond},
    RemedyRow{kMaxPages, "rclone", Way::closed, kRclone, kRcloneSource},
    RemedyRow{kMaxPages, "restic", Way::closed, kRestic, kResticSource},
    RemedyRow{kMaxPages, "davfs2", Way::closed, kDavfs2Pages, kDavfs2Source},
    RemedyRow{kMaxPages, "ntfs-3g", Way::closed, kNtfs3g, kNtfs3gSource},
    RemedyRow{kMaxPages, "exfat-fuse", Way::closed, kExfat, kExfatSource},
    RemedyRow{kMaxPages, "gcsfuse", Way::open, kGcsfuse, kGcsfuseSource, kGcsfuseBeyond},
    RemedyRow{kMaxPages, "mountpoint-s3", Way::open,
              "its FUSE library (fuser) must negotiate FUSE_MAX_PAGES with {pages} pages: try a "
              "newer mount-s3, and have several calls in flight until then",
              kMaxPagesSource},
    RemedyRow{kMaxPages, "", Way::open,
              "the daemon must negotiate max_pages={pages} (FUSE_MAX_PAGES; libfuse 3 derives it "
              "from conn->max_write={bytes}), then mount again",
              kMaxPagesSource, kLibfuseBeyond},

    RemedyRow{kMaxRead, "glusterfs", Way::closed, kGlusterfs, kGlusterfsSource},
    RemedyRow{kMaxRead, "juicefs", Way::open, kJuicefs, kJuicefsSource},
    RemedyRow{kMaxRead, "rclone", Way::closed, kRclone, kRcloneSource},
    RemedyRow{kMaxRead, "restic", Way::closed, kRestic, kResticSource},
    RemedyRow{kMaxRead, "davfs2", Way::open, kDavfs2, kDavfs2Source},
    RemedyRow{kMaxRead, "ntfs-3g", Way::closed, kNtfs3g, kNtfs3gSource},
    RemedyRow{kMaxRead, "exfat-fuse", Way::closed, kExfat, kExfatSource},
    RemedyRow{kMaxRead, "", Way::open,
              "mount with -o max_read={bytes}, and have the daemon set the same at INIT (libfuse: "
              "conn->max_read): the kernel knows the option only, and libfuse 3 refuses to mount "
              "where the two differ",
              "fs/fuse/inode.c, fuse_fill_super_common(): ctx->max_read", kLibfuseBeyond},

    RemedyRow{kMaxWrite, "glusterfs", Way::closed, kGlusterfs, kGlusterfsSource},
    RemedyRow{kMaxWrite, "juicefs", Way::open, kJuicefs, kJuicefsSource},
    RemedyRow{kMaxWrite, "rclone", Way::closed, kRcloneWrites, kRcloneSource},
    RemedyRow{kMaxWrite, "davfs2", Way::open, kDavfs2, kDavfs2Source},
    RemedyRow{kMaxWrite, "ntfs-3g", Way::closed, kNtfs3g, kNtfs3gSource},
    RemedyRow{kMaxWrite, "exfat-fuse", Way::closed, kExfat, kExfatSource},
    RemedyRow{kMaxWrite, "ceph-fuse", Way::open,
              "set fuse_max_write = {bytes} in the [client] section of ceph.conf, then mount again",
              "ceph, src/common/options/mds-client.yaml.in"},
    RemedyRow{kMaxWrite, "", Way::open,
              "the daemon must negotiate max_write={bytes} (libfuse: conn->max_write), then mount "
              "again",
              "fs/fuse/inode.c, process_init_reply(): max_write", kLibfuseBeyond},

    RemedyRow{
        kNoBigWrites, "ceph-fuse", Way::open,
        "set fuse_big_writes = true in the [client] section of ceph.conf, then mount again: a "
        "request carries up to {bytes} bytes then",
        "ceph, src/common/options/mds-client.yaml.in"},
    RemedyRow{kNoBigWrites, "bindfs", Way::open, kBigWrites,
              "tried with 1.14.7: 256 requests for 1 MiB to 8"},
    RemedyRow{kNoBigWrites, "ntfs-3g", Way::open,
              "mount with -o big_writes, then a request carries up to {bytes} bytes (on a volume "
              "below 4 GiB ntfs-3g takes the option, and ignores it: there use the kernel's own "
              "driver, mount -t ntfs3)",
              "ntfs-3g, include/ntfs-3g/param.h: SAFE_CAPACITY_FOR_BIG_WRITES; tried: 256 requests "
              "for 1 MiB to 8 at 4097 MiB, and none fewer at 3900 MiB"},
    RemedyRow{kNoBigWrites, "", Way::open,
              "the daemon must negotiate FUSE_BIG_WRITES (libfuse 2: -o big_writes; libfuse 3 "
              "always does), then a request carries up to {bytes} bytes",
              "fs/fuse/file.c, fuse_fill_write_pages()"},

    RemedyRow{FUSESCOPE_CAUSE_READAHEAD_WINDOW, "gcsfuse", Way::open,
              "mount with --max-read-ahead-kb={kib}", "gcsfuse, --max-read-ahead-kb"},
    RemedyRow{FUSESCOPE_CAUSE_READAHEAD_WINDOW, "", Way::open, kReadahead, kReadaheadSource},

    RemedyRow{FUSESCOPE_CAUSE_PARTIAL_PAGE, "", Way::open,
              "writes begin or end inside a page: let their offsets and lengths be multiples of "
              "{page} bytes, or mount with the daemon's writeback cache (FUSE_WRITEBACK_CACHE)",
              "fs/fuse/file.c, fuse_fill_write_pages()"},

    RemedyRow{
        FUSESCOPE_CAUSE_PIPE, "", Way::open,
        "the kernel copies through a pipe of 16 pages (copy_file_range, sendfile, splice): copy "
        "with read and write and large buffers (dd bs=1M), or have the daemon answer "
        "FUSE_COPY_FILE_RANGE itself",
        "fs/splice.c, splice_direct_to_actor()"},

    RemedyRow{FUSESCOPE_CAUSE_UNKNOWN, "", Way::open,
              "no rule explains it: report these limits, how the program reads or writes, and the "
              "output of fusescope doctor to the project of fusescope",
              "bpf/abi/cause.h"},
};

}  // namespace

std::span<const RemedyRow> remedy_table() { return kTable; }

const RemedyRow* find_remedy(fusescope_cause cause, std::string_view daemon) {
  const auto row = std::ranges::find_if(kTable, [&](const RemedyRow& each) {
    return each.cause == cause && (each.daemon.empty() || each.daemon == daemon);
  });
  return row == kTable.end() ? nullptr : &*row;
}

}  // namespace fusescope
