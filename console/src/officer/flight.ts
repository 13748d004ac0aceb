// Flight sheets: count first. A press is a count on the disk before it is shown as kept; nothing is
// ever taken away from a count, a mistake is written beside it (core/practice/tally.h).
import { run, runOne } from "../base/client";
import { type Field, fieldOf, formOf } from "../base/forms";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { buttons, details, heading, hint, inset, link, para, summaryList, tag } from
    "../base/parts";
import { restrictedSpaces, say } from "../base/shell";
import { shown } from "../base/values";
import { capital, carriage, counted } from "../base/words";
import type { Shown } from "../base/shown";
import { type Row, rowList } from "./contacts";
import { type Leaves, localTime } from "./leaves";
import { writesOnly } from "./tablet";
import { type Kind, beginPage, editPage, newPage } from "./write";

const most = 50;

export const flight: Kind = {
    form: "flight",
    one: "flight sheet",
    path: "/flights",
    first: ["number", "carrier", "direction", "origin", "destination", "scheduled_at", "op_ref",
        "airport"],
    more: [{ title: "Onward leg, passengers, actual time, note",
        names: ["onward", "pax", "actual_at", "note"] }],
    apart: [],
    hints: {
        airport: "Where the team works, as a three-letter code.",
        onward: "Where passengers go on to, or came from before.",
    },
    begins: (): Leaves => new Map([["scheduled_at", localTime(new Date())]]),
};

async function withoutCounters(): Promise<Kind> {
    const form = await formOf("flight");
    const counters = form.fields.filter((f) => f.rule === "count").map((f) => f.field);
    return { ...flight, apart: [...counters, "corrections"] };
}

export const beginFlight = beginPage(flight.path);

/** Where nothing can be counted up later, the counts are written with the sheet. */
async function withCounters(): Promise<Kind> {
    const { apart } = await withoutCounters();
    const names = apart.filter((name) => name !== "corrections");
    return { ...flight, apart: ["corrections"], parts: [{ title: "Count", names,
        hint: "Numbers only, of the whole flight: they can't be added to here." }] };
}

export async function newFlightPage(page: Page): Promise<Child> {
    const kind = writesOnly(page) ? await withCounters() : await withoutCounters();
    return newPage(kind, "New flight sheet",
        "Only what you know now: the count can begin at once.")(page);
}

export async function editFlightPage(page: Page): Promise<Child> {
    return editPage(await withoutCounters())(page);
}

export async function flightsPage(page: Page): Promise<Child> {
    const after = page.query.get("after") ?? undefined;
    const rows = await run<Row>({ name: "list", args: ["flight"],
        options: { limit: most, after, reason: page.reason } });
    const last = rows[rows.length - 1];
    return [
        heading(1, "Flight sheets"),
        h("div.daybook-big", h("a.govuk-button.daybook-big__button",
            { href: "/flights/new", role: "button", draggable: "false" }, "New flight sheet")),
        rows.length === 0 ? inset("There are none on this device.") : rowList(rows, "/flights", ""),
        rows.length === most && last ? para(link(`/flights?after=${last.id}`, "Older")) : null,
        restrictedSpaces(page),
    ];
}

// ---- counting -----------------------------------------------------------------------------------

interface Correction {
    counter?: string;
}

/** What was counted, less what was counted by mistake. */
function countsOf(r: Shown, counters: readonly Field[]): Map<string, number> {
    const mistakes = Array.isArray(r.fields["corrections"])
        ? (r.fields["corrections"] as Correction[]) : [];
    return new Map(counters.map((f) => [f.field, Math.max(0, Number(r.fields[f.field] ?? 0) -
        mistakes.filter((m) => m.counter === f.field).length)]));
}

const keys = "1234567890abcdefghijklmnoprstvwxyz";

interface Press {
    counter: Field;
    by: 1 | -1;
}

/** Presses of one flight sheet: shown at once, kept in turn. */
class Tally {
    private under_way = 0;
    private readonly done: Field[] = [];
    private readonly numbers = new Map<string, HTMLElement>();
    readonly line = h("p.daybook-keeping", { role: "status" }, "Each count is kept as you press.");

    constructor(private readonly id: string, private readonly counts: Map<string, number>) {}

    private count(counter: Field): number {
        return this.counts.get(counter.field) ?? 0;
    }

    private show(counter: Field, by: number): void {
        this.counts.set(counter.field, this.count(counter) + by);
        const at = this.numbers.get(counter.field);
        if (at) at.textContent = String(this.count(counter));
    }

    private tell(words: string, failed = false): void {
        this.line.textContent = words;
        this.line.classList.toggle("daybook-keeping--failed", failed);
    }

    async press({ counter, by }: Press): Promise<void> {
        if (by < 0 && this.count(counter) === 0) {
            return say(`${counter.label}: there is none to take back`);
        }
        this.show(counter, by);
        say(`${counter.label}: ${this.count(counter)}${by < 0 ? ", one taken back" : ""}`);
        if (by > 0) this.done.push(counter);
        this.under_way += 1;
        this.tell("Keeping what you counted");
        try {
            await run({ name: "edit", args: [this.id, by > 0 ? `${counter.field}+=1`
                : `corrections+=${counter.field}`] });
            this.under_way -= 1;
            if (this.under_way === 0) this.tell("All that you counted is kept on this device.");
        } catch (error) {
            this.under_way -= 1;
            this.show(counter, -by);
            this.tell(`The last one, ${counter.label}, was not counted. ${capital(
                error instanceof Error ? error.message : String(error))}`, true);
        }
    }

    undo(): void {
        const last = this.done.pop();
        if (last) void this.press({ counter: last, by: -1 });
        else say("Nothing was counted here that could be taken back");
    }

    row(counter: Field, key: string): HTMLElement {
        const number = h("span.daybook-tally__number", String(this.count(counter)));
        this.numbers.set(counter.field, number);
        return h("li.daybook-tally__row",
            h("button.daybook-tally__less", { type: "button",
                "aria-label": `Take one back: ${counter.label}`,
                onclick: () => void this.press({ counter, by: -1 }) }, "−"),
            h("span.daybook-tally__words", counter.label),
            h("kbd.daybook-key", { "aria-hidden": "true" }, key),
            number,
            h("button.daybook-tally__more", { type: "button",
                "aria-label": `Count one: ${counter.label}`,
                onclick: () => void this.press({ counter, by: 1 }) }, "+"));
    }
}

/** Keys count while the focus is in the list: elsewhere they are letters. */
function counting(r: Shown, counters: readonly Field[]): Child {
    const tally = new Tally(r.id, countsOf(r, counters));
    const onkeydown = (event: KeyboardEvent) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const counter = event.key.length === 1 ? counters[keys.indexOf(event.key)] : undefined;
        if (event.key === "u") tally.undo();
        else if (counter) void tally.press({ counter, by: 1 });
        else return;
        event.preventDefault();
    };
    return [
        h("ul.daybook-tally", { tabindex: 0, "aria-label": "Counters", onkeydown,
            role: "list" }, counters.map((f, i) => tally.row(f, keys[i] ?? ""))),
        tally.line,
        details("Counting by keys", para("While the focus is in the list, the key beside a ",
            "counter counts one, and ", h("kbd.daybook-key", "u"), " takes the last one back.")),
    ];
}

export async function flightPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const form = await formOf("flight");
    const r = await runOne<Shown>({ name: "show", args: [id], options: { reason: page.reason } });
    const counters = form.fields.filter((f) => f.rule === "count");
    const rows = form.fields.filter((f) => f.rule !== "count" && f.field !== "corrections" &&
        r.fields[f.field] !== undefined).map((f) => ({ key: f.label,
        value: shown(r.fields[f.field], f, r.names) }));
    const of = (name: string) => shown(r.fields[name], fieldOf(form, name));
    return [
        heading(1, ["Flight ", h("bdi", String(r.fields["number"] ?? "without a number"))]),
        h("p.govuk-body", r.fields["origin"] ? [of("origin"), " to ", of("destination"), " "]
            : null, tag(carriage(r.carriage), r.carriage === "here" ? "yellow" : "grey")),
        h("div.daybook-big", h("a.govuk-button.daybook-big__button",
            { href: `/interventions/new?flight=${id}`, role: "button", draggable: "false" },
            "Record an intervention")),
        heading(2, "Count"),
        hint("Numbers only: nobody is named here."),
        r.state === "live" ? counting(r, counters) : summaryList(counters.map((f) => ({
            key: f.label, value: String(countsOf(r, counters).get(f.field) ?? 0) }))),
        details(`The sheet (${counted(rows.length, "answer")})`, summaryList(rows),
            para(link(`/flights/${id}/edit`, "Change it"))),
        buttons(link(`/records/${id}`, "Its history"), link("/flights", "All flight sheets")),
    ];
}
