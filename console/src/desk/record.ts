// One record: what it says, who must be careful, and its history as a line in time.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import { type Form, formOf } from "../base/forms";
import type { Page } from "../base/page";
import { button, details, heading, inset, link, list, para, summaryList, tag } from
    "../base/parts";
import { areaField } from "../base/fields";
import { redraw } from "../base/shell";
import { submitForm } from "../base/submit";
import { type SafeContact, type Shown, markers } from "../base/shown";
import { groupLabel, groupShown, recordLink, shown } from "../base/values";
import { carriage, counted, stateName } from "../base/words";
import { caseParts } from "./case";
import { type Event, timeline } from "./history";

// Records whose safe-contact rule the reader has said to have read, while this page is open.
const wasRead = new Set<string>();

/** The rule first, whole; numbers and addresses only after the reader says that it was read. */
export function safeContact(id: string, safe: SafeContact | undefined): Child {
    if (safe === undefined) return null;
    const rule = safe.rule.length === 0
        ? para("Nothing is recorded about how this person may be reached safely. Ask first.")
        : list(safe.rule.map((words) => h("bdi", words)));
    const held = safe.withheld.length > 0;
    if (!safe.must_read && !held) return details("How this person may be reached", rule);
    return h("section.daybook-safe", { "aria-labelledby": "safe-head" },
        h("h2.govuk-heading-m", { id: "safe-head" }, "Read this before you contact this person"),
        rule,
        held ? [para("Numbers and addresses are hidden until you say that you have read this. ",
            "That you did goes into the log of use."),
            button("I have read this: show them", () => {
                wasRead.add(id);
                redraw();
            }, "warning")] : null);
}

function state(page: Page, r: Shown, form: Form): Child {
    const space = page.session.spaces.find((s) => s.id === r.space);
    return summaryList([
        { key: "State", value: [tag(form.signs && r.state === "live" ? "Draft"
            : stateName(r.state),
            r.state === "withdrawn" || r.state === "disposed" ? "grey" : "blue")] },
        { key: "Space", value: [h("bdi", space?.name ?? r.space),
            space?.restricted ? [" ", tag("Restricted", "purple")] : null] },
        { key: "Newest change", value: carriage(r.carriage) },
        r.late_hours >= 24 ? { key: "Late entry",
            value: `Begun ${counted(r.late_hours, "hour")} after it happened` } : null,
        r.same_person.length > 0 ? { key: "The same person as",
            value: list(r.same_person.map((id) => recordLink(id, r.names))) } : null,
        r.score ? { key: "Score", value: `${r.score.yes} of ${r.score.questions} answered yes, ` +
            `${r.score.open} open: ${r.score.band}${r.score.could === r.score.band ? ""
                : `, could be ${r.score.could}`}` } : null,
    ]);
}

function disputes(r: Shown, form: Form): Child {
    const n = r.disputes.length;
    if (n === 0 && r.reviews === 0) return null;
    const about = r.disputes.map((d) => groupLabel(d.group, form).toLowerCase());
    return inset(h("p.govuk-body",
        n > 0 ? [h("strong", "Disputed: "), `${about.join(", ")}. What is shown below may change. `]
            : "Two people changed this record at the same time: nobody wrote the whole. ",
        link(`/conflicts/${r.id}`, "See all values")));
}

function answers(r: Shown, form: Form): Child {
    const rows = form.fields.filter((f) => r.fields[f.field] !== undefined).map((f) => ({
        key: f.label, value: shown(r.fields[f.field], f, r.names) }));
    const withheld = (r.safe_contact?.withheld ?? []).map((name) => ({
        key: form.fields.find((f) => f.field === name)?.label ?? name,
        value: h("em", "Hidden until the safe-contact rule was read") }));
    const other = Object.entries(r.other).map(([name, values]) => ({
        key: `${name} (not in this form)`,
        value: values.map((v) => groupShown(v, null, r.names)) }));
    const blank = form.fields.filter((f) => r.fields[f.field] === undefined &&
        f.required !== "" && !(r.safe_contact?.withheld ?? []).includes(f.field));
    return [
        summaryList([...withheld, ...rows, ...other]),
        blank.length === 0 ? null : details(`${counted(blank.length, "answer")} still wanted`,
            list(blank.map((f) => f.label))),
    ];
}

// ---- persons -------------------------------------------------------------

interface Cases {
    id: string;
    count: number;
    cases: string[];
}

async function personParts(page: Page, r: Shown): Promise<Child> {
    const options = { reason: page.reason };
    const found = await runOne<Cases>({ name: "persons cases", options, args: [r.id] });
    return [
        heading(2, "Cases"),
        found.cases.length === 0 ? para("This person has no part in a case.")
            : list(found.cases.map((id) => recordLink(id, r.names))),
        para(link(`/duplicates/${r.id}`, "Who may be the same person")),
    ];
}

/** What signed records still take. */
function addendum(r: Shown, form: Form): Child {
    if (!form.signs || r.state !== "signed") return null;
    return details("Add to this signed record",
        submitForm([
            areaField({ name: "text", label: "What is to be added?",
                hint: "What was signed stays as it is." }, "", 4),
            areaField({ name: "why", label: "Why?" }, "", 2),
        ], "Add", async (answer) => {
            await run({ name: "addendum", options: { reason: answer("why") },
                args: [r.id, answer("text")] });
            redraw({ success: true, title: "Added", words: "The addendum is saved." });
        }, { kind: "secondary", needed: { text: "Write what is to be added", why: "Say why" } }));
}

export async function recordPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const options = { reason: page.reason, "safe-contact-read": wasRead.has(id) };
    const r = await runOne<Shown>({ name: "show", options, args: [id] });
    const form = await formOf(r.form);
    const events = await runOne<Event[]>({ name: "history", options, args: [id] });
    return [
        heading(1, h("bdi", r.names[id] ?? form.title), form.title),
        await markers(r, true),
        safeContact(id, r.safe_contact),
        disputes(r, form),
        state(page, r, form),
        heading(2, "What it says"),
        answers(r, form),
        addendum(r, form),
        r.form === "case" ? await caseParts(page, r) : null,
        r.form === "person" ? await personParts(page, r) : null,
        timeline("History", events, form, r.names),
    ];
}

