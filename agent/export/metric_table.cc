// SPDX-License-Identifier: Apache-2.0
#include "agent/export/metric_table.h"

#include <array>

namespace fusescope {
namespace {

using prometheus::MetricType;

#define CALL_LABELS "mountpoint,fstype,op,mode"
#define MOUNT_LABELS "mountpoint,fstype"
#define CALL_ESTIMATE                                                                          \
  " Where fusescope_hook_info has role call with mode tracepoint, calls that sent no request " \
  "(page cache hits) are not seen, and le=\"0\" stays 0."

constexpr std::array<MetricFacts, kMetricCount> kMetrics = {{
    {"fuse_io_requests", MetricType::Histogram, CALL_LABELS,
     "Data requests (READ or WRITE) that one I/O call took; fuse_io_minimum_requests_total says "
     "how many were needed." CALL_ESTIMATE},
    {"fuse_io_segments_total", MetricType::Counter, CALL_LABELS,
     "Iovec segments of the I/O calls; divided by data requests this is the merge ratio."},
    {"fuse_io_bytes_total", MetricType::Counter, CALL_LABELS,
     "Bytes that I/O calls asked for. An estimate, the bytes of their requests, for the calls "
     "counted in fusescope_calls_estimated_total."},
    {"fuse_io_splits_total", MetricType::Counter, CALL_LABELS ",cause",
     "I/O calls that took more than one data request, by why most of them were closed early."},
    {"fuse_io_extra_requests_total", MetricType::Counter, CALL_LABELS ",cause",
     "Data requests beyond the first of the I/O calls that were split, by why the one before was "
     "closed."},
    {"fuse_io_minimum_requests_total", MetricType::Counter, CALL_LABELS,
     "Fewest data requests that the I/O calls could be made of on this host: all their segments "
     "merged, in requests of fs.fuse.max_pages_limit pages, or of 256 where that is not there or "
     "cannot be read; none for a call that took none. What fuse_io_requests_sum is more than this "
     "can be saved."},
    {"fuse_request_pages", MetricType::Histogram, MOUNT_LABELS ",op",
     "Pages, as slots of its page array, that one data request carried."},
    {"fuse_request_bytes_total", MetricType::Counter, MOUNT_LABELS ",op",
     "Bytes of data requests: asked for by READ, carried by WRITE."},
    {"fuse_request_duration_seconds", MetricType::Histogram, MOUNT_LABELS ",op",
     "Time from sending a request until its reply, by opcode."},
    {"fuse_request_phase_duration_seconds", MetricType::Histogram, MOUNT_LABELS ",phase",
     "Time of a request by phase: blocked until it may be sent (of those that had to wait, because "
     "max_background were in use), queued until the daemon takes it, service until its reply. "
     "Absent where no hook shows it: see fusescope_hook_missing."},
    {"fuse_requests_sent_total", MetricType::Counter, MOUNT_LABELS,
     "Requests sent, of all opcodes. Each is in the count of fuse_request_duration_seconds when it "
     "has ended, is in flight, or is in fusescope_lost_events_total."},
    {"fuse_request_errors_total", MetricType::Counter, MOUNT_LABELS ",op,error",
     "Requests that ended with an error, by opcode and errno; ECONNABORTED: the connection was "
     "aborted, or its daemon is gone."},
    {"fuse_interrupts_total", MetricType::Counter, MOUNT_LABELS,
     "Requests that had ended after a signal had interrupted their thread, so that the kernel told "
     "the daemon with an INTERRUPT."},
    {"fuse_request_origin_total", MetricType::Counter, MOUNT_LABELS ",op,origin",
     "Data requests by who sent them: an I/O call, readahead (also mmap, fadvise), writeback, "
     "other."},
    {"fuse_requests_in_flight", MetricType::Gauge, MOUNT_LABELS,
     "Requests sent and not yet ended, now. With what waited already when the agent began, and "
     "still does, also threads that could not send yet."},
    {"fuse_oldest_request_age_seconds", MetricType::Gauge, MOUNT_LABELS,
     "Time since the oldest request in flight was sent; 0 if there is none. If it was sent before "
     "the agent began, the time since then: it is at least so old."},
    {"fuse_waiting_requests", MetricType::Gauge, MOUNT_LABELS,
     "What waits for a reply or for its turn, now, as the kernel itself counts it (the file "
     "waiting of /sys/fs/fuse/connections): requests in flight, threads that may not send yet, and "
     "writes of the background that are not sent yet. Absent where it cannot be read."},
    {"fuse_background_requests", MetricType::Gauge, MOUNT_LABELS,
     "Requests that count against max_background, now: readahead, writeback, asynchronous I/O."},
    {"fuse_background_blocked_threads", MetricType::Gauge, MOUNT_LABELS,
     "Threads that wait to send a request because max_background are in use, now. Absent where no "
     "hook shows it: see fusescope_hook_missing, role blocked."},
    {"fuse_background_blocked_seconds_total", MetricType::Counter, MOUNT_LABELS,
     "Time in which at least one thread waited to send a request because max_background were in "
     "use. Absent as fuse_background_blocked_threads is."},
    {"fuse_mount_state", MetricType::Gauge, MOUNT_LABELS,
     "What the mount does, from best to worst: 0 idle, 1 ok, 2 busy with metadata, 3 slow, 4 "
     "failing, 5 split, 6 hung. Since the last scrape, or the last one that is ten seconds ago; "
     "see docs/metrics.md."},
    {"fuse_mount_info", MetricType::Gauge, MOUNT_LABELS ",source,connection,transport",
     "A FUSE mount; connection is the name of its directory in /sys/fs/fuse/connections. Always "
     "1."},
    {"fuse_mount_max_read_bytes", MetricType::Gauge, MOUNT_LABELS,
     "Largest READ request of the connection."},
    {"fuse_mount_max_write_bytes", MetricType::Gauge, MOUNT_LABELS,
     "Largest WRITE request of the connection."},
    {"fuse_mount_max_pages", MetricType::Gauge, MOUNT_LABELS,
     "Largest number of pages in one request of the connection."},
    {"fuse_mount_readahead_bytes", MetricType::Gauge, MOUNT_LABELS,
     "Readahead window of the mount: read_ahead_kb of its backing device."},
    {"fuse_mount_max_background_requests", MetricType::Gauge, MOUNT_LABELS,
     "Background requests after which further ones wait before they are sent."},
    {"fuse_mount_congestion_threshold_requests", MetricType::Gauge, MOUNT_LABELS,
     "Background requests after which the mount counts as congested."},
    {"fusescope_build_info", MetricType::Gauge, "version,revision", "This agent. Always 1."},
    {"fusescope_hook_info", MetricType::Gauge, "role,program,mode",
     "The BPF program that fills a role. Always 1."},
    {"fusescope_hook_missing", MetricType::Gauge, "role,reason",
     "A role that no hook fills, so that what it would show is absent; reason is one of those in "
     "docs/metrics.md. Always 1."},
    {"fusescope_lost_events_total", MetricType::Counter, "reason",
     "Events that could not be counted in full, by reason; see docs/metrics.md."},
    {"fusescope_inflight_collisions_total", MetricType::Counter, "",
     "Requests that did not get the first slot they tried; they were counted all the same."},
    {"fusescope_calls_estimated_total", MetricType::Counter, "",
     "I/O calls whose bytes asked for could not be seen and were taken from their requests."},
    {"fusescope_mounts", MetricType::Gauge, "", "FUSE mounts with series of their own."},
    {"fusescope_mounts_dropped_total", MetricType::Counter, "",
     "FUSE mounts without series of their own: counted together as mountpoint=\"other\"."},
    {"fusescope_mounts_unnamed", MetricType::Gauge, "",
     "FUSE connections that no mount table has named yet, now: they are shown once one does."},
    {"fusescope_mounts_renamed_total", MetricType::Counter, "",
     "FUSE mounts whose counters went on under another mountpoint or fstype: mounts that were "
     "moved, or found in a mount table late. What was counted before stays under the old one."},
    {"fusescope_mounts_forgotten_total", MetricType::Counter, "",
     "Mounts that are gone and whose counters are no longer remembered, as those of the latest 256 "
     "are: a new one in the same place begins at 0."},
    {"fusescope_mount_tables_repeated_total", MetricType::Counter, "",
     "Times that the mount table of the agent's own namespace could not be read, so that mounts "
     "have the names that they had before."},
    {"fusescope_mount_tables_cut_total", MetricType::Counter, "",
     "Times that a mount table of another namespace was too long to be read to its end."},
    {"fusescope_mount_tables_age_seconds", MetricType::Gauge, "",
     "Time since the mount tables of all namespaces began to be read for the last time that was "
     "completed. Absent unless a mount is sought in other namespaces than the agent's own, and "
     "until all were read once."},
    {"fusescope_scrape_duration_seconds", MetricType::Gauge, "",
     "Time that it took to collect what this scrape shows."},
    {"fusescope_http_requests_total", MetricType::Counter, "handler,code",
     "HTTP requests answered before this one."},
    {"fusescope_web_config_last_reload_successful", MetricType::Gauge, "",
     "1 while the current --web.config.file is in use; 0 if it is not valid and the previous one "
     "is still in use. Absent without one."},
    {"fusescope_confinement", MetricType::Gauge, "measure",
     "1 while a measure is in force that keeps the process which answers from doing anything else; "
     "see docs/security.md."},
    {"fusescope_internal_errors_total", MetricType::Counter, "where",
     "Faults of the agent itself (exceptions) that did not end it: where is http, an answer that "
     "became a 500, or housekeeping, what it does once a second. The log says what each was."},
    {"fusescope_bpf_program_run_seconds_total", MetricType::Counter, "program",
     "Time spent in a BPF program; only while kernel.bpf_stats_enabled is 1."},
    {"fusescope_bpf_program_runs_total", MetricType::Counter, "program",
     "Runs of a BPF program; only while kernel.bpf_stats_enabled is 1."},
}};

}  // namespace

std::span<const MetricFacts> all_metrics() { return kMetrics; }

}  // namespace fusescope
