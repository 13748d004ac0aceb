// Finding records: by words, or by kind; fifty to a page.
import { type Column as Csv, run } from "../base/client";
import { type Child, h } from "../base/h";
import { formTitle, formTitles } from "../base/forms";
import type { Page } from "../base/page";
import { heading, hint, inset, link, saveButton, table, tag } from "../base/parts";
import { checkField, selectField, textField } from "../base/fields";
import { go, redraw, restrictedSpaces } from "../base/shell";
import { submitForm } from "../base/submit";
import { carriage, counted, stateName, when } from "../base/words";

export interface Row {
    id: string;
    form: string;
    space: string;
    when: string;
    late: boolean;
    updated: string;
    state: string;
    carriage: string;
    summary: string;
    snippet?: string;
    attention: { asks: number; cautious: number; proposals: number; reviews: number };
}

const pageRows = 50;

function attention(row: Row): Child {
    const { asks, cautious, proposals, reviews } = row.attention;
    const n = asks + cautious + proposals + reviews;
    return [
        row.late ? [tag("Late", "orange"), " "] : null,
        row.state === "live" ? null : [tag(stateName(row.state), "grey"), " "],
        n === 0 ? null : link(`/conflicts/${row.id}`, `${counted(n, "thing")} to decide`),
    ];
}

async function rowsOf(records: readonly Row[]): Promise<Child[][]> {
    const rows: Child[][] = [];
    for (const r of records) {
        rows.push([
            [link(`/records/${r.id}`, h("bdi", r.summary || "record without words")),
                r.snippet ? [h("br"), h("span.daybook-small", h("bdi", r.snippet))] : null],
            await formTitle(r.form),
            when(r.when),
            carriage(r.carriage),
            attention(r),
        ]);
    }
    return rows;
}

const heads = ["Record", "Kind", "When", "Stands", "Flags"];
const columns: readonly Csv[] = [["Record", "summary"], ["Kind", "form"], ["When", "when"],
    ["Stands", "carriage"], ["Late", "late"], ["State", "state"], ["To decide", "attention.asks"],
    ["Protected", "attention.cautious"], ["Proposals", "attention.proposals"],
    ["To look over", "attention.reviews"], ["Number", "id"]];

// What was searched for stays in this page's memory: an address would be kept by the browser.
let searched = "";

async function found(page: Page): Promise<Child> {
    if (searched === "") return null;
    const records = await run<Row>({ name: "search", args: searched.split(/\s+/),
        options: { limit: pageRows, reason: page.reason } });
    if (records.length === 0) return inset("No record holds all these words.");
    return [table(records.length === pageRows ? `The newest ${pageRows} that hold all these words`
        : `${counted(records.length, "record")} with all these words`, heads,
    await rowsOf(records)),
    saveButton({ name: "search", args: searched.split(/\s+/), options: { reason: page.reason } },
        "found.csv", columns)];
}

/** Words to search for, and the kinds to list. */
export async function recordsPage(page: Page): Promise<Child> {
    const titles = await formTitles();
    const search = submitForm(textField({ name: "words", label: "Search for words",
        hint: "All of them have to stand in the record. The last may be the beginning of one." },
        searched, { type: "search" }), "Search", (answer) => {
        searched = answer("words");
        redraw();
    }, { needed: { words: "Write what to search for" } });
    search.setAttribute("role", "search");
    return [
        heading(1, "Records"),
        search,
        await found(page),
        restrictedSpaces(page),
        heading(2, "All of one kind"),
        h("ul.govuk-list.daybook-columns", titles.map((t) =>
            h("li", link(`/records/list/${t.form}`, t.title)))),
    ];
}

const periods = [
    { value: "", label: "Any time" },
    { value: "1d", label: "The last 24 hours" },
    { value: "7d", label: "The last 7 days" },
    { value: "31d", label: "The last 31 days" },
    { value: "366d", label: "The last year" },
];

/** The same page with other filters: they are codes and ids, never words. */
function listPath(form: string, filters: Record<string, string>): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filters)) if (value !== "") query.set(name, value);
    const text = query.toString();
    return `/records/list/${form}${text === "" ? "" : `?${text}`}`;
}

function filterForm(page: Page, form: string): Child {
    const of = (name: string) => page.query.get(name) ?? "";
    const spaces = page.session.spaces.filter((s) => !s.over && !s.restricted);
    return h("details.govuk-details", { open: of("since") + of("space") + of("withdrawn") !== "" },
        h("summary.govuk-details__summary",
            h("span.govuk-details__summary-text", "Narrow this list")),
        h("div.govuk-details__text", submitForm([
            selectField({ name: "since", label: "When it happened" }, periods, of("since")),
            spaces.length < 2 ? null : selectField({ name: "space", label: "Space" },
                [{ value: "", label: "All spaces" },
                    ...spaces.map((s) => ({ value: s.id, label: s.name }))], of("space")),
            checkField({ name: "withdrawn", label: "Withdrawn records" },
                [{ value: "1", label: "List them too" }], [of("withdrawn")]),
        ], "Narrow", (answer) => go(listPath(form, { since: answer("since"),
            space: answer("space"), withdrawn: answer("withdrawn") })), { kind: "secondary" })));
}

function pages(page: Page, form: string, records: readonly Row[]): Child {
    const filters = Object.fromEntries(page.query);
    const last = records[records.length - 1];
    const more = records.length === pageRows && last !== undefined;
    const began = !page.query.has("after");
    if (began && !more) return null;
    return h("nav.govuk-pagination", { "aria-label": "Pages of this list" },
        began ? null : h("div.govuk-pagination__prev",
            h("a.govuk-link.govuk-pagination__link",
                { href: listPath(form, { ...filters, after: "" }) }, "The newest")),
        more ? h("div.govuk-pagination__next",
            h("a.govuk-link.govuk-pagination__link",
                { href: listPath(form, { ...filters, after: last.id }) }, "Older")) : null);
}

export async function listPage(page: Page): Promise<Child> {
    const form = page.params["form"] ?? "";
    const title = await formTitle(form);
    const option = (name: string) => page.query.get(name) ?? undefined;
    const records = await run<Row>({ name: "list", args: [form], options: {
        limit: pageRows, after: option("after"), since: option("since"), space: option("space"),
        withdrawn: page.query.has("withdrawn"), reason: page.reason } });
    return [
        heading(1, title, "Records"),
        filterForm(page, form),
        records.length === 0 ? inset("There are none.")
            : table(page.query.has("after") ? `${counted(records.length, "older record")}`
                : `${counted(records.length, "record")}, the newest first`, heads,
            await rowsOf(records)),
        pages(page, form, records),
        records.length === 0 ? null
            : saveButton({ name: "list", args: [form], options: { since: option("since"),
                space: option("space"), withdrawn: page.query.has("withdrawn"),
                reason: page.reason } }, `${form}.csv`, columns),
        records.length === pageRows ? hint(`${pageRows} to a page.`) : null,
        restrictedSpaces(page),
    ];
}
