// Of a case: what the family was told and what is held back, what they wait for, and the records
// that belong to it.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { details, heading, inset, link, list, para, quoted, table, tag } from
    "../base/parts";
import { areaField, selectField } from "../base/fields";
import { redraw } from "../base/shell";
import { submitForm } from "../base/submit";
import { capital, carriage, counted, onDay, when } from "../base/words";
import type { Row } from "./records";
import type { Shown } from "../base/shown";

/** The newest entries with the family: each that is read is in the log of use. */
const entriesShown = 20;

interface Liaison {
    strategy: { version: number; proposed: number; held_back: string[] };
    entries: {
        id: string;
        when: string;
        method: string;
        group: string;
        attempt: boolean;
        late: boolean;
        incomplete: boolean;
        account: string | null;
    }[];
    open: {
        id: string;
        of: "request" | "complaint" | "voice" | "action";
        number: number;
        since: string;
        agreed: string | null;
        text: string;
        answer: string | null;
        due?: string;
    }[];
}

const kinds: Readonly<Record<string, string>> = {
    request: "Request",
    complaint: "Complaint",
    voice: "Question or wish",
    action: "Action",
};

/** The newest version is put in force by headquarters, with the lead's name. */
async function approve(page: Page, id: string): Promise<Child> {
    if (!page.session.spaces.some((s) => !s.over && (s.role === "hq" || s.role === "admin"))) {
        return null;
    }
    const officers = await run<Row>({ name: "list", options: { reason: page.reason },
        args: ["officer"] });
    const choices = officers.map((o) => ({ value: o.id, label: o.summary }));
    return details("Put it in force",
        submitForm(selectField({ name: "by", label: "Who approved it?",
            hint: "The lead, as the register of officers has them." },
        [{ value: "", label: "Choose" }, ...choices]), "Put it in force", async (answer) => {
            await run({ name: "liaison approve", options: { by: answer("by") }, args: [id] });
            redraw({ success: true, title: "In force",
                words: "It stands as it is written in the case, with the lead's approval." });
        }, { kind: "secondary", needed: { by: "Say who approved it" } }));
}

function heldBack(l: Liaison, approval: Child): Child {
    const { version, proposed, held_back } = l.strategy;
    return [
        heading(2, "Held back"),
        version === 0 ? inset("No strategy is in force.") : null,
        held_back.length === 0 ? para("Nothing is held back.")
            : list([...new Set(held_back)].map((topic) => h("strong", h("bdi", topic)))),
        proposed > 0 ? para(tag("Waits", "yellow"), ` Version ${proposed} of the strategy waits `,
            "for headquarters' word.") : null,
        proposed > 0 ? approval : null,
    ];
}

interface Told {
    topic?: string;
    detail?: string;
    held_back?: boolean;
    authority?: string;
}

/** Each entry in which the family was told something, as its record says it. */
async function toldRows(page: Page, l: Liaison): Promise<Child[][]> {
    const rows: Child[][] = [];
    for (const entry of l.entries.filter((e) => !e.attempt)) {
        const record = await runOne<Shown>({ name: "show", options: { reason: page.reason },
            args: [entry.id] });
        const told = record.fields["told"];
        for (const t of Array.isArray(told) ? (told as Told[]) : []) {
            rows.push([
                quoted(t.topic ?? ""),
                [t.detail ? quoted(t.detail) : "", t.held_back
                    ? [" ", tag("Is on the held-back list", "red")] : null],
                t.authority ? h("bdi", t.authority) : tag("No authority given", "red"),
                [link(`/records/${entry.id}`, when(entry.when)),
                    entry.group ? [", ", h("bdi", entry.group)] : null],
            ]);
        }
    }
    return rows;
}

function openItem(item: Liaison["open"][number], i: number): Child {
    const name = `outcome-${i}`;
    return h("li",
        h("strong", kinds[item.of] ?? item.of), `, since ${onDay(item.since)}`,
        item.due ? `, due ${onDay(item.due)}` : "", ": ", quoted(item.text), " ",
        link(`/records/${item.id}`, "Read"),
        item.answer ? h("p.daybook-small", "So far: ", h("bdi", item.answer)) : null,
        item.of === "action" ? null : details("Say what came of it",
            submitForm(areaField({ name, label: "What came of it?",
                hint: "As the family heard it." }, "", 2), "Save", async (answer) => {
                await run({ name: "liaison answer", options: { outcome: answer(name) },
                    args: [item.id, item.of, String(item.number)] });
                redraw({ success: true, title: "Saved", words: "What came of it is saved." });
            }, { kind: "secondary", needed: { [name]: "Say what came of it" } })));
}

function contacts(l: Liaison): Child {
    if (l.entries.length === 0) return para("No contact with the family is recorded.");
    return table("Contacts", ["When", "Method", "What the family said", "Flags"],
        l.entries.map((e) => [
            link(`/records/${e.id}`, when(e.when)),
            capital(e.method.replaceAll("_", " ")),
            e.account ? quoted(e.account) : "",
            [e.attempt ? [tag("Attempt", "grey"), " "] : null,
                e.late ? [tag("Late", "orange"), " "] : null,
                e.incomplete ? tag("Incomplete", "yellow") : null],
        ]));
}

/** Records of one form that name the case. */
async function related(page: Page, r: Shown, form: string, title: string): Promise<Child> {
    const options = { reason: page.reason, where: `case_id=${r.id}`, limit: 50 };
    const rows = await run<Row>({ name: "list", options, args: [form] });
    if (rows.length === 0) return null;
    return table(title, ["Record", "When", "Stands"], rows.map((row) => [
        link(`/records/${row.id}`, h("bdi", row.summary)), when(row.when),
        carriage(row.carriage)]));
}

const kin: readonly [string, string][] = [
    ["referral", "Referrals"],
    ["marker", "Markers"],
    ["action", "Actions"],
    ["decision", "Decisions"],
    ["disclosure_item", "Items for disclosure"],
];

/** On the case's own page: what belongs to it, and where the family's side is. */
export async function caseParts(page: Page, r: Shown): Promise<Child> {
    const parts: Child[] = [];
    for (const [form, title] of kin) parts.push(await related(page, r, form, title));
    return [
        heading(2, "The family"),
        para(link(`/records/${r.id}/family`,
            "What they were told, what is held back, and what they wait for")),
        parts,
    ];
}

/** What a family was told and is waiting for, beside what is held back. */
export async function familyPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const options = { reason: page.reason, last: entriesShown };
    const l = await runOne<Liaison>({ name: "liaison show", options, args: [id] });
    const told = await toldRows(page, l);
    return [
        heading(1, "The family: told and held back", link(`/records/${id}`, "Case")),
        heldBack(l, l.strategy.proposed > 0 ? await approve(page, id) : null),
        told.length === 0 ? para("The family has been told nothing that is recorded as such.")
            : table("Told", ["Topic", "What was said", "On whose authority", "When"], told),
        heading(2, l.open.length === 0 ? "Nothing is open"
            : `${counted(l.open.length, "thing")} that the family waits for`),
        l.open.length === 0 ? null
            : h("ul.govuk-list.govuk-list--spaced", l.open.map(openItem)),
        contacts(l),
    ];
}
