// Tables whose rows have bars: how often families are met, how long conflicts and devices wait.
import { type Column as Csv, type Command, run } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { heading, hint, link, para, saveButton, tag } from "../base/parts";
import { restrictedSpaces } from "../base/shell";
import { counted, when } from "../base/words";
import { bar } from "./columns";

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;
const shownMax = 50;

interface BarRow {
    name: Child;
    value: number;
    /** As people read the value. */
    words: string;
    /** Said beside the bar, in words: no state is told by colour alone. */
    state?: Child;
    more: readonly string[];
}

interface Bars {
    caption: string;
    heads: { name: string; value: string; more: readonly string[] };
    /** What it is made of, whole, as a file that the log of use tells of. */
    file: { of: Command; name: string; columns: readonly Csv[] };
    rows: readonly BarRow[];
}

function barTable(b: Bars): Child {
    const longest = Math.max(0, ...b.rows.map((row) => row.value));
    const shown = b.rows.slice(0, shownMax);
    const left = b.rows.length - shown.length;
    return [
        h("div.daybook-wide", { tabindex: 0, role: "region", "aria-label": b.caption },
            h("table.govuk-table.daybook-bars",
                h("caption.govuk-table__caption.govuk-visually-hidden", b.caption),
                h("thead.govuk-table__head", h("tr.govuk-table__row",
                    h("th.govuk-table__header", { scope: "col" }, b.heads.name),
                    h("th.govuk-table__header", { scope: "col" }, b.heads.value),
                    b.heads.more.map((head) =>
                        h("th.govuk-table__header", { scope: "col" }, head)))),
                h("tbody.govuk-table__body", shown.map((row) => h("tr.govuk-table__row",
                    h("th.govuk-table__header", { scope: "row" }, row.name),
                    h("td.govuk-table__cell", bar(row.value, longest),
                        h("span", row.words, row.state ? " " : null, row.state ?? null)),
                    row.more.map((text) => h("td.govuk-table__cell", text))))))),
        left > 0 ? hint(`${counted(left, "more row")} in the file.`) : null,
        saveButton(b.file.of, b.file.name, b.file.columns),
    ];
}

// ---- how often each family is met --------------------------------------------------------------

interface Family {
    case: string;
    group: string;
    contacts: number;
    attempts: number;
    first: string | null;
    last: string | null;
    gap_days: number | null;
    open: number;
}

/** Days since the last contact, which is what a supervisor asks; the longest gap beside it. */
export async function cadencePage(page: Page): Promise<Child> {
    const families = await run<Family>({ name: "liaison families",
        options: { reason: page.reason } });
    const now = Date.now();
    const rows = families.map((f): BarRow => {
        const since = f.last === null ? null
            : Math.max(0, Math.floor((now - new Date(f.last).getTime()) / day_ms));
        const name = f.group === "" ? "The family" : f.group;
        return {
            name: link(`/records/${f.case}`, h("bdi", name)),
            value: since ?? 0,
            words: since === null ? "never met" : since === 0 ? "today" : counted(since, "day"),
            state: since === null ? tag("No contact yet", "red")
                : f.gap_days !== null && since > f.gap_days && since > 7
                    ? tag("Longest gap so far", "orange") : undefined,
            more: [String(f.contacts), String(f.attempts),
                f.gap_days === null || f.contacts < 2 ? "" : counted(f.gap_days, "day"),
                String(f.open)],
        };
    }).sort((a, b) => Number(b.words === "never met") - Number(a.words === "never met") ||
        b.value - a.value);
    return [
        heading(1, "How often families are met"),
        restrictedSpaces(page),
        rows.length === 0 ? para("No deployment is open.") : barTable({
            caption: "Days since each family was last met",
            heads: { name: "Family", value: "Since the last contact",
                more: ["Contacts", "Attempts", "Longest gap", "Open requests"] },
            file: { of: { name: "liaison families", options: { reason: page.reason } },
                name: "cadence.csv",
                columns: [["Case", "case"], ["Side of the family", "group"],
                    ["Contacts", "contacts"], ["Attempts", "attempts"], ["First contact", "first"],
                    ["Last contact", "last"], ["Longest gap, days", "gap_days"],
                    ["Open requests", "open"]] },
            rows,
        }),
    ];
}

// ---- how long conflicts wait -------------------------------------------------------------------

interface Conflict {
    id: string;
    form: string;
    severity: "decide" | "protected" | "proposal" | "review";
    changed: string;
}

const ages: readonly { name: string; below_days: number }[] = [
    { name: "Less than a day", below_days: 1 },
    { name: "1 to 2 days", below_days: 3 },
    { name: "3 to 6 days", below_days: 7 },
    { name: "1 to 4 weeks", below_days: 28 },
    { name: "More than 4 weeks", below_days: Infinity },
];
const severities: readonly { code: Conflict["severity"]; name: string }[] = [
    { code: "decide", name: "To decide" },
    { code: "protected", name: "Protected" },
    { code: "proposal", name: "Proposals" },
    { code: "review", name: "To look over" },
];

export async function conflictAgePage(page: Page): Promise<Child> {
    const conflicts = await run<Conflict>({ name: "conflicts",
        options: { reason: page.reason } });
    const now = Date.now();
    const days = (c: Conflict) => (now - new Date(c.changed).getTime()) / day_ms;
    const rows = ages.map((age, i): BarRow => {
        const from = ages[i - 1]?.below_days ?? -Infinity;
        const some = conflicts.filter((c) => days(c) >= from && days(c) < age.below_days);
        return {
            name: age.name,
            value: some.length,
            words: some.length.toLocaleString("en-GB"),
            more: severities.map(({ code }) =>
                String(some.filter((c) => c.severity === code).length)),
        };
    });
    return [
        heading(1, "How long conflicts have waited"),
        restrictedSpaces(page),
        para(conflicts.length === 0 ? "Nothing waits for a decision."
            : link("/conflicts", `Go to the ${counted(conflicts.length, "conflict")}`)),
        barTable({
            caption: "Records with a conflict, by the time since they last changed",
            heads: { name: "Last changed", value: "Records",
                more: severities.map(({ name }) => name) },
            file: { of: { name: "conflicts", options: { reason: page.reason } },
                name: "conflict-age.csv",
                columns: [["Last changed", "changed"],
                    ["What it needs", "severity", Object.fromEntries(severities.map((s) =>
                        [s.code, s.name]))],
                    ["Kind", "form"], ["Number", "id"]] },
            rows,
        }),
    ];
}

// ---- when devices were last heard --------------------------------------------------------------

interface Device {
    name: string;
    role: string;
    state: "active" | "revoked";
    this: boolean;
    device: string;
    heard?: string | null;
}

export async function freshnessPage(): Promise<Child> {
    const devices = (await run<Device[]>({ name: "device list" })).flat()
        .filter((d) => d.heard !== undefined);
    const now = Date.now();
    const rows = devices.map((d): BarRow => {
        const hours = d.heard ? Math.max(0, (now - new Date(d.heard).getTime()) / hour_ms) : null;
        return {
            name: [h("bdi", d.name), d.this ? " (this device)" : ""],
            value: hours ?? 0,
            words: hours === null ? "never" : hours < 1 ? "less than an hour"
                : hours < 48 ? counted(Math.floor(hours), "hour")
                    : counted(Math.floor(hours / 24), "day"),
            state: hours === null ? tag("Nothing received yet", "orange")
                : hours > 72 ? tag("Over 3 days", "red") : undefined,
            more: [d.heard ? when(d.heard) : ""],
        };
    }).sort((a, b) => Number(b.words === "never") - Number(a.words === "never") ||
        b.value - a.value);
    return [
        heading(1, "When devices were last heard"),
        para("How long ago the relay last received something that a device wrote, as far as this ",
            "device knows. A device that only reads is not heard."),
        barTable({
            caption: "Time since each device was last heard",
            heads: { name: "Device", value: "Since", more: ["Last heard"] },
            file: { of: { name: "device list" }, name: "devices-heard.csv",
                columns: [["Device", "name"], ["Last heard", "heard"],
                    ["Not heard of for a day", "silent"], ["Number", "device"]] },
            rows,
        }),
    ];
}
