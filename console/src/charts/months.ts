// Interventions and referrals by month and area.
import { run, saveCsv } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { button, details, heading, para, table } from "../base/parts";
import { restrictedSpaces } from "../base/shell";
import { selectField } from "../base/fields";
import { go } from "../base/shell";
import { counted } from "../base/words";
import { type Column, columnChart } from "./columns";

interface Row {
    part: "intervention" | "referral";
    month: string;
    area: string;
    label: string;
    count: number;
}

interface Part {
    part: Row["part"];
    name: string;
    one: string;
    area: string;
}

const parts: readonly Part[] = [
    { part: "intervention", name: "Interventions", one: "intervention", area: "Airport" },
    { part: "referral", name: "Referrals", one: "referral", area: "Area" },
];
const spans = [6, 12, 24, 36];
const monthName = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

/** The last `count` months, this one too, the oldest first: "2026-11". */
export function monthsTo(now: Date, count: number): string[] {
    return Array.from({ length: count }, (_, i) => {
        const day = new Date(Date.UTC(now.getFullYear(), now.getMonth() - (count - 1 - i), 1));
        return day.toISOString().slice(0, 7);
    });
}

function period(months: readonly string[]): { from: string; to: string } {
    const [year, month] = (months[months.length - 1] ?? "").split("-").map(Number);
    const last = new Date(Date.UTC(year ?? 0, month ?? 1, 0));
    return { from: `${months[0]}-01`, to: last.toISOString().slice(0, 10) };
}

function nameOf(row: Row): string {
    return row.label === "" ? "Not recorded" : row.label;
}

function sum(rows: readonly Row[]): number {
    return rows.reduce((all, row) => all + row.count, 0);
}

function columnsOf(rows: readonly Row[], months: readonly string[]): Column[] {
    return months.map((month) => ({
        label: monthName.format(new Date(`${month}-01T00:00:00Z`)),
        group: month.slice(0, 4),
        value: sum(rows.filter((row) => row.month === month)),
    }));
}

/** The areas that have most of it first. */
function areasOf(rows: readonly Row[]): string[] {
    const of = new Map<string, number>();
    for (const row of rows) of.set(nameOf(row), (of.get(nameOf(row)) ?? 0) + row.count);
    return [...of].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
}

function drawPart(part: Part, all: readonly Row[], months: readonly string[]): Child {
    const rows = all.filter((row) => row.part === part.part);
    const title = `${part.name} by month`;
    if (rows.length === 0) {
        return [heading(2, title), para(`No ${part.one} is recorded for these months.`)];
    }
    const areas = areasOf(rows);
    const total = counted(sum(rows), part.one);
    const at = (month: string, area: string) =>
        sum(rows.filter((row) => row.month === month && nameOf(row) === area));
    const most = Math.max(...rows.map((row) => at(row.month, nameOf(row))));
    return h("section",
        heading(2, title, `${total} in ${counted(months.length, "month")}`),
        columnChart({ words: `${title}: ${total}. The table below has the numbers.`,
            width: Math.min(720, window.innerWidth - 30) }, columnsOf(rows, months)),
        areas.length < 2 ? null : h("div.daybook-multiples", areas.slice(0, 8).map((area) => {
            const some = rows.filter((row) => nameOf(row) === area);
            return h("figure.daybook-multiple",
                h("figcaption.govuk-heading-s", h("bdi", area), `: ${sum(some)}`),
                columnChart({ words: `${part.name} of ${area} by month: ${sum(some)}`,
                    width: 340, most }, columnsOf(some, months)));
        })),
        details(`Table: ${title.toLowerCase()} and ${part.area.toLowerCase()}`,
            table(`${title} and ${part.area.toLowerCase()}`,
                ["Month", ...areas.map((head) => ({ head, numeric: true })),
                    { head: "All", numeric: true }],
                months.map((month) => [month,
                    ...areas.map((area) => String(at(month, area))),
                    String(sum(rows.filter((row) => row.month === month)))]))));
}

export async function monthsPage(page: Page): Promise<Child> {
    const wanted = Number(page.query.get("months"));
    const months = monthsTo(new Date(), spans.includes(wanted) ? wanted : 12);
    const options = { ...period(months), reason: page.reason };
    const rows = await run<Row>({ name: "report months", options });
    const choice = selectField({ name: "months", label: "How far back" },
        spans.map((n) => ({ value: String(n), label: `${n} months` })), String(months.length));
    choice.querySelector("select")?.addEventListener("change", (event) =>
        go(`/figures?months=${(event.target as HTMLSelectElement).value}`));
    return [
        heading(1, "Interventions and referrals"),
        restrictedSpaces(page),
        choice,
        parts.map((part) => drawPart(part, rows, months)),
        button("Save both as a CSV file", () => saveCsv(
            { name: "report months", options: { ...options, csv: true } }, "months.csv")),
    ];
}
