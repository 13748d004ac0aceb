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

const pageRows = 50;
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

function about(e: Entry): Child {
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
function pages(page: Page, rows: readonly Entry[]): Child {
    const { before: _, ...filters } = Object.fromEntries(page.query);
    const last = rows[rows.length - 1];
    const more = rows.length === pageRows && last !== undefined;
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
    const rows = entries.map((e) => [
        when(e.at), h("bdi", e.author), opName(e.op), about(e), why(e),
        e.received ? when(e.received) : "Not yet"]);
    const shown = counted(rows.length, "entry", "entries");
    return [
        heading(1, "Log of use"),
        hint("Who recorded, changed, looked at, gave out or took away what: section 62 of the ",
            "Data Protection Act 2018. Nothing here tells what stood in a record."),
        filterForm(page),
        rows.length === 0 ? inset("Nothing was done of that kind in that time.")
            : table(`${shown}, ${page.query.has("before") ? "older ones" : "the newest first"}`,
            ["When", "Device", "What", "Records", "How and why", "Received"], rows),
        pages(page, entries),
        entries.length === 0 ? null : button("Save all of that time as a CSV file",
            () => void saveCsv({ name: "audit", options: { ...options, csv: true } },
                "log-of-use.csv")),
    ];
}
