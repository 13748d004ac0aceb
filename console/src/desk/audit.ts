// The log of use (DPA 2018, section 62): who recorded, changed, looked at, gave out or took away.
import { run, saveCsv } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { button, heading, hint, inset, table } from "../base/parts";
import { selectField, textField } from "../base/fields";
import { go } from "../base/shell";
import { submitForm } from "../base/submit";
import { recordLink } from "../base/values";
import { capital, counted, when } from "../base/words";

interface Entry {
    entry: string;
    op: string;
    at: string;
    received: string | null;
    author: string;
    device: string;
    space: string | null;
    count: number;
    records: string[];
    what?: string;
    recipient?: string;
    reason?: string;
}

const ops: readonly [string, string][] = [
    ["collection", "Recorded"],
    ["alteration", "Changed"],
    ["consultation", "Looked at"],
    ["disclosure", "Given out"],
    ["combination", "Combined"],
    ["erasure", "Erased"],
    ["conflict_resolved", "Conflict decided"],
    ["login", "Unlocked"],
    ["failed_unlock", "Wrong passphrase"],
    ["key", "Key changed"],
    ["import", "Imported"],
    ["wipe", "Wiped"],
    ["break_glass", "Opened by headquarters"],
];

const periods = [
    { value: "1d", label: "The last 24 hours" },
    { value: "7d", label: "The last 7 days" },
    { value: "31d", label: "The last 31 days" },
    { value: "366d", label: "The last year" },
    { value: "all", label: "All" },
];

const pageLines = 50;
const pageRows = 4 * pageLines; // entries, of which looks at one list are one line
const recordsShown = 5;

// A device is named after a person: what was typed stays in this page's memory.
let device = "";

function opName(op: string): string {
    return ops.find(([code]) => code === op)?.[1] ?? op;
}

/** Codes and ids go into the address: no words, no names. */
function auditPath(filters: Readonly<Record<string, string>>): string {
    const query = new URLSearchParams(Object.entries(filters).filter(([, v]) => v !== ""));
    return query.size === 0 ? "/audit" : `/audit?${query.toString()}`;
}

function filterForm(page: Page): Child {
    const of = (name: string) => page.query.get(name) ?? "";
    return submitForm(h("div.daybook-filters",
        selectField({ name: "op", label: "What was done" },
            [{ value: "", label: "Anything" },
                ...ops.map(([value, label]) => ({ value, label }))], of("op")),
        selectField({ name: "since", label: "When" }, periods, of("since") || "7d"),
        textField({ name: "actor", label: "On which device" }, of("actor") || device),
        textField({ name: "record", label: "To which record" }, of("record"))),
    "Show", (answer) => {
        device = answer("actor");
        go(auditPath({ op: answer("op"), since: answer("since"), record: answer("record") }));
    }, { kind: "secondary" });
}

/** Looks at one list, by one device in one hour, that name no record: each has an entry of its own
 *  in the log, and they stand in one line, so that they don't hide the others (decision 0049). */
interface Line {
    newest: Entry;
    oldest: Entry;
    times: number;
    least: number;
    most: number;
    received: boolean;
}

function lineOf(e: Entry): Line {
    return { newest: e, oldest: e, times: 1, least: e.count, most: e.count,
        received: e.received !== null };
}

function lookOf(e: Entry): string | null {
    if (e.op !== "consultation" || e.records.length > 0) return null;
    return [e.at.slice(0, "2026-11-30T20".length), e.device, e.space, e.what, e.recipient,
        e.reason].join("\n");
}

/** The newest first, as they come; and how many of them are in the lines of this page. */
function together(entries: readonly Entry[]): { lines: Line[]; used: number } {
    const lines: Line[] = [], looks = new Map<string, Line>();
    for (const [i, e] of entries.entries()) {
        const key = lookOf(e), known = key === null ? undefined : looks.get(key);
        if (known === undefined && lines.length === pageLines) return { lines, used: i };
        if (known === undefined) {
            const line = lineOf(e);
            lines.push(line);
            if (key !== null) looks.set(key, line);
            continue;
        }
        known.oldest = e;
        known.times += 1;
        known.least = Math.min(known.least, e.count);
        known.most = Math.max(known.most, e.count);
        known.received &&= e.received !== null;
    }
    return { lines, used: entries.length };
}

function times(line: Line): Child {
    if (line.times === 1) return when(line.newest.at);
    return [when(line.newest.at), h("br"), h("span.daybook-small",
        `${line.times} times since ${when(line.oldest.at)}`)];
}

function about(line: Line): Child {
    const e = line.newest;
    if (line.least !== line.most) return `${line.least} to ${counted(line.most, "record")}`;
    if (e.records.length === 0) return e.count > 1 ? counted(e.count, "record") : "";
    const named = e.records.slice(0, recordsShown).map((id) => h("div", recordLink(id)));
    const more = e.records.length - recordsShown;
    return [named, more > 0 ? h("div", `and ${more} more`) : null];
}

function why(e: Entry): Child {
    return [
        e.what ? h("div", h("bdi", capital(e.what))) : null,
        e.recipient ? h("div", "To ", h("bdi", e.recipient)) : null,
        e.reason ? h("div", "Why: ", h("bdi", e.reason)) : null,
    ];
}

/** `before`: the oldest entry of the page before. */
function pages(page: Page, entries: readonly Entry[], used: number): Child {
    const { before: _, ...filters } = Object.fromEntries(page.query);
    const last = entries[used - 1];
    const more = (used < entries.length || used === pageRows) && last !== undefined;
    const began = !page.query.has("before");
    if (began && !more) return null;
    return h("nav.govuk-pagination", { "aria-label": "Pages of this log" },
        began ? null : h("div.govuk-pagination__prev",
            h("a.govuk-link.govuk-pagination__link", { href: auditPath(filters) }, "The newest")),
        more ? h("div.govuk-pagination__next",
            h("a.govuk-link.govuk-pagination__link",
                { href: auditPath({ ...filters, before: last.entry }) }, "Older")) : null);
}

export async function auditPage(page: Page): Promise<Child> {
    const of = (name: string) => page.query.get(name) ?? undefined;
    const since = of("since") ?? "7d";
    const options = { op: of("op"), actor: of("actor") ?? device, record: of("record"),
        since: since === "all" ? undefined : since };
    const entries = (await run<Entry>({ name: "audit",
        options: { ...options, limit: pageRows, before: of("before") } })).reverse();
    const { lines, used } = together(entries);
    const rows = lines.map((l) => [
        times(l), h("bdi", l.newest.author), opName(l.newest.op), about(l), why(l.newest),
        l.received && l.newest.received ? when(l.newest.received) : "Not yet"]);
    const shown = counted(used, "entry", "entries") +
        (rows.length < used ? ` in ${counted(rows.length, "line")}` : "");
    return [
        heading(1, "Log of use"),
        hint("Who recorded, changed, looked at, gave out or took away what: section 62 of the ",
            "Data Protection Act 2018. Nothing here tells what stood in a record."),
        filterForm(page),
        rows.length === 0 ? inset("Nothing was done of that kind in that time.")
            : table(`${shown}, ${page.query.has("before") ? "older ones" : "the newest first"}`,
            ["When", "Device", "What", "Records", "How and why", "Received"], rows),
        pages(page, entries, used),
        entries.length === 0 ? null : button("Save all of that time as a CSV file",
            () => void saveCsv({ name: "audit", options: { ...options, csv: true } },
                "log-of-use.csv")),
    ];
}
