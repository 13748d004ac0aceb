// An airport intervention in a minute: one question a screen, counted first; nobody is named but
// for an outcome that justifies it (domain: Operation Limelight).
import { run, runOne } from "../base/client";
import { type Field, type Form, fieldOf, formOf } from "../base/forms";
import { type Child, append, h } from "../base/h";
import type { Page } from "../base/page";
import { button, buttons, details, heading, hint, inset, link, para } from "../base/parts";
import { go, restrictedSpaces } from "../base/shell";
import { submitForm } from "../base/submit";
import { flush } from "../base/typed";
import type { Shown } from "../base/shown";
import { control } from "./controls";
import { type Row, rowList } from "./contacts";
import { type Leaves, localTime, reference, referenceId } from "./leaves";
import { type Typing, throwAway, typing } from "./typing";
import { writesOnly } from "./tablet";
import { type Kind, addRecord, beginPage, editPage, goToSaved, spaceChoice, writtenPage } from
    "./write";

/** As the form has it: only for these is anybody named. */
const naming = ["disclosure", "intel_submitted", "safeguarding_referral", "fgmpo_considered",
    "passport_issue", "arrest", "trafficking_indicator"];
/** What stays as it is from one family to the next. */
const carried = ["op_ref", "airport", "direction", "team", "agency", "selection_basis"];

/** What a new one takes from a record: one that is a reference isn't among these. */
function take(leaves: Leaves, from: Shown): void {
    for (const name of carried) {
        const value = from.fields[name];
        if (typeof value === "string") leaves.set(name, value);
    }
}

/** The last one of this device says who works here; the flight says where to. */
async function begins(page: Page): Promise<Leaves> {
    const leaves: Leaves = new Map([["happened_at", localTime(new Date())]]);
    const [last] = await run<Row>({ name: "list", args: ["intervention"], options: { limit: 1 } });
    if (last) take(leaves, await runOne<Shown>({ name: "show", args: [last.id] }));
    const id = page.query.get("flight");
    if (id !== null && writesOnly(page)) {
        leaves.set("flight", reference(id, "the sheet that was written before"));
    } else if (id !== null) {
        const r = await runOne<Shown>({ name: "show", args: [id] });
        take(leaves, r);
        leaves.set("flight", reference(id, r.names[id] ?? "flight"));
    }
    return leaves;
}

export const intervention: Kind = {
    form: "intervention",
    one: "intervention",
    path: "/interventions",
    first: ["flight", "happened_at", "op_ref", "airport", "team", "agency", "direction"],
    more: [
        { title: "Why this family", names: ["selection_basis", "grade", "grade_may_see"] },
        { title: "Who was there", names: ["group"] },
        { title: "Travel and indicators", names: ["travel", "indicators", "baggage"] },
        { title: "What was given and how it went", names: ["shown_law", "leaflet",
            "health_passport", "material_language", "response", "note"] },
        { title: "Outcome", names: ["outcome", "persons", "disclosure"] },
        { title: "Fairness", names: ["ethnicity_self_defined"] },
    ],
    apart: ["supervised", "next_flight_alert"],
    hints: {
        selection_basis: "Always recorded, so that fairness can be shown.",
        indicators: "What you saw or heard. They are never added up: there is no score.",
        persons: "Nobody is named for advice alone.",
        disclosure: "Belongs into the FGM compartment, and only there.",
        ethnicity_self_defined: "To show that the operation is fair. It may be refused.",
        grade_may_see: "Handling code C: whom it may go to, a line each.",
    },
    begins,
};

// ---- one question a screen ----------------------------------------------------------------------

interface Step {
    title: string;
    hint?: string;
    fields: readonly string[];
    /** Undefined: always asked. */
    asked?(leaves: Leaves, page: Page): boolean;
    draw?(form: Form, t: Typing, page: Page): Child;
}

const outcomes = (leaves: Leaves) => (leaves.get("outcome") ?? "").split("\n");

/** A number with a button at each side, for a thumb. */
function stepper(field: Field, path: string, t: Typing): HTMLElement {
    const input = h("input.govuk-input.daybook-stepper__number", { id: path, name: path,
        type: "text", inputmode: "numeric", autocomplete: "off" });
    input.value = t.leaves.get(path) ?? "";
    const by = (n: number) => {
        input.value = String(Math.max(0, (Number.parseInt(input.value, 10) || 0) + n));
        input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    return h("div.govuk-form-group.daybook-stepper", { "data-field": path },
        h("label.govuk-label.daybook-stepper__label", { for: path }, field.label),
        h("div.daybook-stepper__row",
            h("button.daybook-tally__less", { type: "button", "aria-label":
                `One less: ${field.label}`, onclick: () => by(-1) }, "−"),
            input,
            h("button.daybook-tally__more", { type: "button", "aria-label":
                `One more: ${field.label}`, onclick: () => by(1) }, "+")));
}

function counts(form: Form, t: Typing): Child {
    return fieldOf(form, "group")?.fields.map((f) => stepper(f, `group.${f.field}`, t));
}

function disclosureStep(form: Form, t: Typing, page: Page): Child {
    const field = fieldOf(form, "disclosure");
    const restricted = page.session.spaces.some((s) => s.restricted && !s.over);
    if (!restricted || field === null) {
        return inset("This device has no restricted space for disclosures. Record here only that ",
            "there was one, and tell headquarters what was said by a way of its own.");
    }
    return [
        inset("Choose the restricted space for FGM: only those who hold its key can read this."),
        spaceChoice(page, t.leaves),
        control(field, "disclosure", { leaves: t.leaves, hints: {}, changed: t.changed }),
    ];
}

const steps: readonly Step[] = [
    { title: "Which flight?", fields: ["flight"], asked: (_l, page) => !writesOnly(page) },
    { title: "Who was there?", hint: "Numbers only. Leave blank what you can't tell.", fields: [],
        draw: counts },
    { title: "Why this family?", hint: "Always recorded, so that fairness can be shown.",
        fields: ["selection_basis"] },
    { title: "How good is the intelligence?", hint: "The grade, 3x5x2.", fields: ["grade",
        "grade_may_see"],
    asked: (l) => ["intelligence_led", "referral"].includes(l.get("selection_basis") ?? "") },
    { title: "How did it go?", fields: ["response", "shown_law", "leaflet", "health_passport"] },
    { title: "What came of it?", hint: "All that apply. Nobody is named for advice alone.",
        fields: ["outcome"] },
    { title: "Who is it about?", hint: "They are named because of that outcome.",
        fields: ["persons"], asked: (l, page) => !writesOnly(page) &&
            outcomes(l).some((o) => naming.includes(o)) },
    { title: "What was disclosed?", fields: [], draw: disclosureStep,
        asked: (l) => outcomes(l).includes("disclosure") },
    { title: "Anything else?", hint: "Then save.", fields: ["note", "op_ref", "airport", "team",
        "agency", "direction", "happened_at"] },
];

function stepPath(page: Page, step: number): string {
    const query = new URLSearchParams(page.query);
    query.set("step", String(step + 1));
    return `/interventions/new/${page.params["key"] ?? ""}?${query}`;
}

/** The next question that is to be asked, from `at` on in that direction; -1: there is none. */
function nextStep(page: Page, at: number, by: 1 | -1, leaves: Leaves): number {
    let i = at + by;
    while (steps[i]?.asked?.(leaves, page) === false) i += by;
    return i < steps.length ? i : -1;
}

export const beginIntervention = beginPage(intervention.path);

export async function newInterventionPage(page: Page): Promise<Child> {
    const form = await formOf("intervention");
    const key = page.params["key"] ?? "";
    const t = await typing("intervention", key, await begins(page));
    const given = page.query.get("step");
    // Begun from a flight, that question has its answer.
    const known = t.leaves.has("flight") || writesOnly(page);
    const at = Math.min(Math.max(given === null ? (known ? 1 : 0) : Number(given) - 1 || 0, 0),
        steps.length - 1);
    const step = steps[at];
    if (step === undefined) return null;
    const next = nextStep(page, at, 1, t.leaves);
    const before = nextStep(page, at, -1, t.leaves);
    const save = async () => {
        await flush();
        const id = await addRecord(intervention, form, t);
        const flight = referenceId(t.leaves.get("flight") ?? "");
        goToSaved(page, intervention, id, flight === "" ? "" : `?flight=${flight}`);
    };
    const drawing = { leaves: t.leaves, hints: intervention.hints, roomy: () => true,
        blind: writesOnly(page), changed: t.changed };
    const saveNow = button("Save now", async () => {
        try {
            await save();
        } catch {
            box.requestSubmit(); // the form says what is wrong, where its own button does
        }
    });
    const last = next < 0;
    const box: HTMLFormElement = submitForm([
        step.draw?.(form, t, page),
        step.fields.map((name) => fieldOf(form, name)).filter((f) => f !== null).map((f) =>
            control(f, f.field, drawing)),
        t.line(),
    ], last ? "Save" : "Continue", async () => {
        if (outcomes(t.leaves).includes("disclosure") && t.leaves.has("disclosure.what")) {
            t.put("compartments", "fgm");
        }
        await flush();
        if (last) await save();
        else go(stepPath(page, nextStep(page, at, 1, t.leaves)));
    }, { beside: last || at === 0 ? null : saveNow });
    box.classList.add("daybook-one");
    t.watch(box);
    return [
        before < 0 ? null : h("a.govuk-back-link", { href: stepPath(page, before) }, "Back"),
        heading(1, step.title, `Intervention, question ${at + 1} of ${steps.length}`),
        step.hint ? hint(step.hint) : null,
        box,
        details("Throw away what was typed here", para("What isn't saved is gone then, for good."),
            button("Throw it away", async () => {
                await throwAway("intervention", key);
                go("/today", { title: "Thrown away", words: "It is gone." });
            }, "warning")),
    ];
}

export const editInterventionPage = editPage(intervention);
export const interventionPage = writtenPage(intervention, "Intervention", "happened_at", (r) => {
    const flight = r.fields["flight"];
    return typeof flight !== "string" ? null : h("div.daybook-big",
        h("a.govuk-button.daybook-big__button", { href: `/interventions/new?flight=${flight}`,
            role: "button", draggable: "false" }, "Next family"),
        h("a.govuk-button.govuk-button--secondary.daybook-big__button",
            { href: `/flights/${flight}`, role: "button", draggable: "false" }, "Flight sheet"));
});

const most = 50;

export async function interventionsPage(page: Page): Promise<Child> {
    const rows = await run<Row>({ name: "list", args: ["intervention"],
        options: { limit: most, after: page.query.get("after") ?? undefined,
            reason: page.reason } });
    const end = rows[rows.length - 1];
    const begin = h("div.daybook-big", h("a.govuk-button.daybook-big__button",
        { href: "/interventions/new", role: "button", draggable: "false" },
        "Record an intervention"));
    append(begin, h("a.govuk-button.govuk-button--secondary.daybook-big__button",
        { href: "/flights", role: "button", draggable: "false" }, "Flight sheets"));
    return [
        heading(1, "Airport"),
        begin,
        rows.length === 0 ? inset("There are no interventions on this device.")
            : rowList(rows, "/interventions", "Draft"),
        rows.length === most && end
            ? buttons(link(`/interventions?after=${end.id}`, "Older")) : null,
        restrictedSpaces(page),
    ];
}
