// The live page: a row for each mount, from /api/mounts (docs/json.md). All text of the host is set
// as text, never as HTML.
"use strict";

const REFRESH_MS = 2000;
const PATIENCE_MS = 5000;
const NO_LIMIT = 0xffffffff; // UINT_MAX: fc->max_read where the daemon says nothing
// Not by colour alone.
const MARKS = { hung: "\u2715", split: "!", failing: "!", slow: "!", "busy: metadata": "\u2022", ok: "\u2713", idle: "\u2013" };
const LEVELS = { hung: "bad", split: "warning", failing: "warning", slow: "warning", ok: "good" };
const VERDICTS = ["idle", "ok", "limited", "broken"];
const LIMITS = [
  ["max_pages", "max_pages"], ["max_read_bytes", "max_read"], ["max_write_bytes", "max_write"],
  ["readahead_bytes", "readahead"], ["max_background", "max_background"],
  ["congestion_threshold", "congestion threshold"], ["async_dio", "async_dio"],
  ["writeback_cache", "writeback_cache"], ["big_writes", "big_writes"], ["transport", "transport"],
];
const NUMBERS = [
  ["Requests per call", (m) => decimal(m.requests_per_call)],
  ["Calls/s", (m) => rate(m.rates.calls_per_second)],
  ["Requests/s", (m) => rate(m.rates.all_requests_per_second)],
  ["MiB/s", (m) => rate(m.rates.bytes_per_second, 1 << 20)],
  ["Latency, p99", (m) => latency(m.latency.p99_seconds)],
  ["Errors/s", (m) => rate(m.rates.errors_per_second)],
  ["In flight", (m) => String(m.in_flight)],
  ["Oldest", (m) => age(m)],
];

const table = document.getElementById("mounts");
const state = document.getElementById("state");
const notices = document.getElementById("notices");
const rows = new Map();
let answeredAt = null;
let made = 0;

// Said by name: not every browser keeps them where page.css makes cards of rows.
const ROLES = { tbody: "rowgroup", tr: "row", td: "cell", th: "rowheader" };

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (ROLES[name]) node.setAttribute("role", ROLES[name]);
  return node;
}

// Only what has changed, so that what a person has selected stays.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function decimal(value) {
  if (value === null) return "\u2013";
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function rate(value, unit = 1) {
  return value === null ? "measuring\u2026" : decimal(value / unit);
}

// A bound of the histogram, two digits of it.
function latency(seconds) {
  if (seconds === null) return "\u2013";
  const [value, unit] = seconds < 1e-3 ? [seconds * 1e6, "\u00b5s"] : seconds < 1 ? [seconds * 1e3, "ms"] : [seconds, "s"];
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

function age(mount) {
  if (mount.oldest_seconds === null) return "\u2013";
  const seconds = mount.oldest_seconds;
  const text = seconds < 10 ? `${seconds.toFixed(1)} s` : seconds < 3600 ? `${seconds.toFixed(0)} s` : `${(seconds / 3600).toFixed(1)} h`;
  return mount.oldest_is_older ? `> ${text}` : text;
}

function bytes(value) {
  if (value >= NO_LIMIT) return "no limit";
  return value % 1024 ? `${value} B` : value % 1048576 ? `${value / 1024} KiB` : `${value / 1048576} MiB`;
}

function limitText(name, value) {
  if (value === null) return "not known";
  if (typeof value === "boolean") return value ? "on" : "off";
  return name.endsWith("_bytes") ? bytes(value) : String(value);
}

function bindingText(binding) {
  if (!binding) return "not known yet";
  const next = binding.next_bytes >= NO_LIMIT ? "no other limit" : `${binding.next} at ${bytes(binding.next_bytes)}`;
  return `${binding.limit}, at ${bytes(binding.bytes)} a request; then ${next}`;
}

function callText(call) {
  const splits = call.splits.map((s) => `${s.calls} by ${s.cause}`).join(", ");
  return `${call.calls} calls, ${call.requests} requests` + (splits ? `; ${call.excess_requests} more than needed; split: ${splits}` : "");
}

function makeRow(key) {
  const body = element("tbody", "mount");
  const main = element("tr");
  const name = element("th");
  const button = element("button");
  const details = element("tr", "details");
  const cell = element("td");
  const list = element("dl");
  name.scope = "row";
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  details.id = `details-${made++}`;
  button.setAttribute("aria-controls", details.id);
  details.hidden = true;
  button.addEventListener("click", () => {
    details.hidden = !details.hidden;
    button.setAttribute("aria-expanded", String(!details.hidden));
  });
  const row = { key, body, button, fstype: element("span", "fstype"), state: element("span", "state"),
                why: element("span", "why"), numbers: [], list, values: new Map() };
  name.append(button, row.fstype);
  const stateCell = element("td");
  stateCell.append(row.state, row.why);
  main.append(name, stateCell);
  for (const [label] of NUMBERS) {
    const number = element("td", "number");
    number.dataset.label = label;
    row.numbers.push(number.appendChild(element("span")));
    main.append(number);
  }
  row.remedyRow = element("tr", "remedy");
  row.remedy = element("span");
  const remedy = element("td");
  remedy.append(element("strong", "", "What to change"), row.remedy);
  remedy.colSpan = cell.colSpan = NUMBERS.length + 2;
  row.remedyRow.append(remedy);
  cell.append(list);
  details.append(cell);
  body.append(main, row.remedyRow, details);
  return row;
}

function setDetail(row, label, text) {
  let value = row.values.get(label);
  if (!value) {
    value = element("dd");
    row.list.append(element("dt", "", label), value);
    row.values.set(label, value);
  }
  setText(value, text);
}

// What is hung is so at once; the rest is told of a time, which the first answer has none of.
function isMeasured(mount) {
  return mount.window_seconds !== null || mount.state === "hung";
}

function stateText(mount) {
  return isMeasured(mount) ? `${MARKS[mount.state] || "?"} ${mount.state}` : "measuring\u2026";
}

function splitText(mount) {
  return `${mount.verdict}: ${mount.worst_op} (${mount.worst_mode}), ${mount.cause}`;
}

function whyText(mount) {
  if (!isMeasured(mount)) return "";
  const since = mount.since_start;
  if (mount.state === "idle") return since.cause && since.verdict !== "ok" ? `before: ${since.verdict}, ${since.cause}` : "";
  const why = mount.state === "split" ? splitText(mount) : mount.state_detail || "";
  return mount.state_also.length ? `${why}; also ${mount.state_also.join(", ")}` : why;
}

function opcodeText(mount) {
  return mount.opcodes.map((each) => `${each.requests} ${each.op}`).join(", ") || "none";
}

function errorText(mount) {
  return mount.errors.map((each) => `${each.requests} ${each.op} ${each.error}`).join(", ") || "none";
}

function update(row, mount) {
  const level = isMeasured(mount) ? LEVELS[mount.state] || "" : "";
  row.body.className = `mount ${level}`;
  setText(row.button, mount.mountpoint);
  setText(row.fstype, mount.source ? `${mount.fstype}, ${mount.source}` : mount.fstype);
  row.state.className = `state ${level}`;
  setText(row.state, stateText(mount));
  setText(row.why, whyText(mount));
  NUMBERS.forEach(([, text], i) => setText(row.numbers[i], text(mount)));
  const remedy = mount.remedy || (mount.verdict === "idle" && mount.since_start.remedy) || "";
  setText(row.remedy, remedy);
  row.remedyRow.hidden = !remedy;
  setDetail(row, "Errors now", errorText(mount));
  setDetail(row, "Most frequent without data", opcodeText(mount));
  setDetail(row, "Reads end at", bindingText(mount.binds.read));
  setDetail(row, "Writes end at", bindingText(mount.binds.write));
  for (const [name, label] of LIMITS) setDetail(row, label, limitText(name, mount.limits[name]));
  for (const call of mount.since_start.calls) setDetail(row, `${call.op} (${call.mode}), in all`, callText(call));
}

function worstFirst(a, b) {
  const rank = (mount) => (isMeasured(mount) ? mount.state_rank : -1);
  return rank(b) - rank(a) || VERDICTS.indexOf(b.verdict) - VERDICTS.indexOf(a.verdict) ||
    (a.mountpoint < b.mountpoint ? -1 : a.mountpoint > b.mountpoint ? 1 : 0);
}

// Moves a row only where it must, and keeps the focus in it.
function place(mounts) {
  const focused = document.activeElement;
  let at = table.tHead.nextSibling;
  for (const mount of mounts) {
    const { body } = rows.get(mount.key);
    if (body === at) {
      at = at.nextSibling;
    } else {
      table.insertBefore(body, at);
    }
  }
  if (focused && focused !== document.activeElement && table.contains(focused)) focused.focus();
}

function showMounts(mounts) {
  for (const mount of mounts) mount.key = JSON.stringify([mount.mountpoint, mount.fstype]);
  const present = new Set(mounts.map((mount) => mount.key));
  for (const [key, row] of rows) {
    if (present.has(key)) continue;
    row.body.remove();
    rows.delete(key);
  }
  for (const mount of mounts) {
    if (!rows.has(mount.key)) rows.set(mount.key, makeRow(mount.key));
    update(rows.get(mount.key), mount);
  }
  place(mounts.sort(worstFirst));
  table.hidden = !mounts.length;
}

function showNotices(report) {
  const texts = report.roles.filter((role) => role.unseen)
    .map((role) => `Hook for "${role.role}" (${role.state}): not seen: ${role.unseen}.`);
  const lost = Object.entries(report.lost).map(([reason, number]) => `${number} ${reason}`);
  if (report.begun_earlier) texts.push(`${report.begun_earlier} events of what was under way when the agent began.`);
  if (lost.length) texts.unshift(`Events lost since the agent began: ${lost.join(", ")}.`);
  if (notices.dataset.texts === JSON.stringify(texts)) return;
  notices.dataset.texts = JSON.stringify(texts);
  notices.hidden = !texts.length;
  if (lost.length && !notices.classList.contains("lost")) notices.open = true;
  notices.classList.toggle("lost", lost.length > 0);
  const about = lost.length ? "! Events were lost; what else is not seen here" : "What is not seen here";
  setText(notices.querySelector("summary"), `${about} (${texts.length})`);
  notices.querySelector("ul").replaceChildren(...texts.map((text) => element("li", "", text)));
}

function showState(text, isTrouble, isHung = false) {
  document.body.classList.toggle("stale", isTrouble);
  state.classList.toggle("trouble", isTrouble || isHung);
  setText(state, text);
}

function show(report) {
  answeredAt = new Date();
  const seconds = report.window_seconds === null ? "" : `; numbers of the last ${report.window_seconds.toFixed(0)} s`;
  setText(table.caption, `FUSE mounts, the worst first${seconds}`);
  showNotices(report);
  showMounts(report.mounts);
  if (report.waiting) showState(report.waiting, false);
  else if (!report.mounts.length) showState("No FUSE filesystem is mounted on this host.", false);
  else showState(summary(report.mounts), false, report.mounts.some((mount) => mount.state === "hung"));
}

function summary(mounts) {
  const split = mounts.filter((m) => m.verdict === "limited" || m.verdict === "broken").length;
  const of = mounts.length === 1 ? "1 mount" : `${mounts.length} mounts`;
  const hung = mounts.filter((m) => m.state === "hung").length;
  const begin = hung ? `${hung} of ${of} ${hung === 1 ? "hangs" : "hang"}. ` : "";
  return begin + (split ? `I/O is split now on ${split} of ${of}.` : `No I/O is split now on ${of}.`);
}

// The same text as long as it lasts: it is read out when it changes.
function explain(error) {
  const since = answeredAt ? ` What is shown is of ${answeredAt.toLocaleString()}.` : "";
  showState(`The agent does not answer (${error.message}).${since}`, true);
}

async function ask() {
  const response = await fetch("/api/mounts", { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
  if (response.ok) return response.json();
  throw new Error(`status ${response.status}: ${(await response.text()).trim()}`);
}

async function refresh() {
  try {
    if (!document.hidden) show(await ask());
  } catch (error) {
    explain(error);
  }
  setTimeout(refresh, REFRESH_MS);
}

showState("Asking the agent\u2026", false);
refresh();
