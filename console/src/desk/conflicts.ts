// The queue of what needs a decision, and one record of it: values side by side, chosen by one key.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import { type Form, formOf, formTitle } from "../base/forms";
import type { Page } from "../base/page";
import { type Colour, details, heading, hint, inset, link, para, saveButton, table, tag } from
    "../base/parts";
import { areaField } from "../base/fields";
import { submitForm } from "../base/submit";
import { restrictedSpaces } from "../base/shell";
import { type Names, groupShown } from "../base/values";
import { age, ago, capital, counted, listed, when } from "../base/words";
import { byHand } from "./byhand";
import { resolve } from "./resolve";

export interface Choice {
    choice: number;
    value: unknown;
    author: string;
    hq: boolean;
    claimed: string;
    received: string | null;
    reason: string | null;
}

export interface Group {
    group: string;
    label: string;
    why: "ask" | "cautious" | "proposal" | string;
    shown: number | null;
    choices: Choice[];
    before: Omit<Choice, "choice" | "hq" | "reason"> | null;
}

interface Decided {
    group: string;
    value: unknown;
    author: string;
    claimed: string;
    received: string | null;
    reason: string | null;
    instead_of: Omit<Choice, "hq" | "reason">[];
}

export interface Conflict {
    id: string;
    form: string;
    summary: string;
    severity: "decide" | "protected" | "proposal" | "review" | "none";
    changed: string;
    groups: Group[];
    reviews: [string, string][];
    decided: Decided[];
    names: Names;
}

const severities: Readonly<Record<Conflict["severity"], { words: string; colour: Colour }>> = {
    decide: { words: "Decide", colour: "red" },
    protected: { words: "Protected", colour: "orange" },
    proposal: { words: "Proposal", colour: "yellow" },
    review: { words: "Look over", colour: "blue" },
    none: { words: "Decided", colour: "green" },
};

function severityTag(s: Conflict["severity"]): Child {
    return tag(severities[s].words, severities[s].colour);
}

function waiting(c: Conflict): string {
    const parts = c.groups.map((g) => g.label.toLowerCase());
    if (c.reviews.length > 0) parts.push(counted(c.reviews.length, "merge") + " to look over");
    return capital(listed(parts));
}

export async function conflictsPage(page: Page): Promise<Child> {
    const queue = await run<Conflict>({ name: "conflicts", options: { reason: page.reason } });
    const rows: Child[][] = [];
    for (const c of queue) {
        rows.push([
            link(`/conflicts/${c.id}`, h("bdi", c.summary || "record without words")),
            await formTitle(c.form),
            severityTag(c.severity),
            waiting(c),
            [age(c.changed), h("br"), h("span.daybook-small", when(c.changed))],
        ]);
    }
    return [
        heading(1, "Conflicts"),
        rows.length === 0 ? inset("Nothing needs a decision.")
            : table(`${counted(rows.length, "record")}, the most severe and the oldest first`,
                ["Record", "Kind", "What it needs", "About", "Waits for"], rows),
        rows.length === 0 ? null
            : saveButton({ name: "conflicts", options: { reason: page.reason } },
                "conflicts.csv", [["Record", "summary"], ["Kind", "form"],
                    ["What it needs", "severity", Object.fromEntries(Object.entries(severities)
                        .map(([code, s]) => [code, s.words]))],
                    ["About", "groups"], ["Last changed", "changed"], ["Number", "id"]]),
        restrictedSpaces(page),
    ];
}

// ---- one record -------------------------------------------------------------

function times(c: { author: string; claimed: string; received: string | null }): Child {
    return h("p.daybook-small",
        "Written by ", h("bdi", c.author), ` on ${when(c.claimed)}`, h("br"),
        c.received ? `Received on ${when(c.received)}` : "Not received by the relay yet");
}

/** One value; to be taken by its number where there is an id for that. */
function choiceCard(g: Group, c: Choice, form: Form, names: Names, id?: string): Child {
    const stands = g.shown === c.choice;
    return h("div.daybook-choice",
        id === undefined ? null : h("div.govuk-radios__item",
            h("input.govuk-radios__input", { type: "radio", id, name: "choice",
                value: String(c.choice), "data-key": String(c.choice) }),
            h("label.govuk-label.govuk-radios__label", { for: id },
                h("kbd.daybook-key", String(c.choice)), "Take this value")),
        h("div.daybook-choice__value", groupShown(c.value, form, names)),
        times(c),
        c.reason ? h("p.daybook-small", "Why: ", h("bdi", c.reason)) : null,
        stands ? h("p.daybook-small", tag(g.why === "cautious" ? "Shown, as it protects more"
            : "Shown meanwhile", "grey")) : null,
        c.hq ? h("p.daybook-small", tag("Headquarters' value", "grey")) : null);
}

function beforeCard(g: Group, form: Form, names: Names): Child {
    if (g.before === null) {
        return h("div.daybook-choice.daybook-choice--before",
            h("h3.govuk-heading-s", "Before"),
            para("There was no value that all of them had seen."));
    }
    return h("div.daybook-choice.daybook-choice--before",
        h("h3.govuk-heading-s", "The last value that all had seen"),
        h("div.daybook-choice__value", groupShown(g.before.value, form, names)),
        times(g.before));
}

const whys: Readonly<Record<string, string>> = {
    ask: "Both were written without seeing the other. Nobody but a person can tell which holds.",
    cautious: "The more protective value is shown until a person lowers it, with a reason.",
    proposal: "Headquarters' value is shown. The other one is an officer's proposal.",
};

/** Groups as they press: first those that nobody but a person can tell. */
function bySeverity(groups: readonly Group[]): Group[] {
    const order = ["ask", "cautious", "proposal"];
    return [...groups].sort((a, b) => order.indexOf(a.why) - order.indexOf(b.why));
}

/** Whether digits choose, wherever the focus is but in a text. The reader can turn it off. */
let keysOn = true;

function keysToggle(): Child {
    const box: HTMLInputElement = h("input.govuk-checkboxes__input", { type: "checkbox",
        id: "keys", checked: keysOn, onchange: () => {
            keysOn = box.checked;
        } });
    return h("div.govuk-checkboxes.govuk-checkboxes--small",
        h("div.govuk-checkboxes__item", box,
            h("label.govuk-label.govuk-checkboxes__label", { for: "keys" },
                "Choose by pressing the number of a value")));
}

/** For those who don't decide: the same values, and nothing to press. */
function groupToRead(c: Conflict, g: Group, form: Form): Child {
    return h("section", heading(2, g.label), hint(whys[g.why] ?? ""),
        h("div.daybook-choices",
            g.choices.map((x) => choiceCard(g, x, form, c.names)),
            beforeCard(g, form, c.names)));
}

function groupPart(c: Conflict, g: Group, form: Form, reason: string | undefined): Child {
    const name = `g-${g.group}`;
    const why = `reason-${g.group}`;
    const decide = submitForm([
        h("div", { "data-field": "choice" },
            h("fieldset.govuk-fieldset",
                h("legend.govuk-fieldset__legend.govuk-visually-hidden", `Value of ${g.label}`),
                h("div.daybook-choices.govuk-radios",
                    g.choices.map((x) =>
                        choiceCard(g, x, form, c.names, `${name}-${x.choice}`)),
                    beforeCard(g, form, c.names)))),
        areaField({ name: why, label: "Why?", hint: "It stays in the record's history." }, "", 2),
    ], `Decide ${g.label.toLowerCase()}`, async (answer) => {
        await resolve({ reason: answer(why) }, [c.id, `${g.group}=${answer("choice")}`],
            `${g.label} is decided.`);
    }, { needed: { choice: "Choose one of the values", [why]: "Say why" } });
    decide.dataset["choices"] = "";
    return h("section", { id: name, "aria-labelledby": `${name}-head` },
        h("h2.govuk-heading-m", { id: `${name}-head` }, g.label),
        hint(whys[g.why] ?? ""),
        decide,
        byHand(c, g, form, reason));
}

/** A digit picks that value in the group at work: the one that has the focus, or the first. */
function onKey(event: KeyboardEvent): void {
    if (!keysOn || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!/^[1-9]$/.test(event.key)) return;
    const at = event.target as Element;
    if (at.closest("textarea, select, input:not([type=radio]):not([type=checkbox])")) return;
    const forms = [...document.querySelectorAll<HTMLFormElement>("form[data-choices]")];
    const form = forms.find((f) => f.closest("section")?.contains(at)) ?? forms[0];
    const radio = form?.querySelector<HTMLInputElement>(`input[data-key="${event.key}"]`);
    if (!form || !radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    form.querySelector("textarea")?.focus();
}

/** In a reason, Enter decides: a reason is one line. */
function onEnter(event: KeyboardEvent): void {
    const at = event.target as Element;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (!at.matches("form[data-choices] textarea")) return;
    event.preventDefault();
    at.closest("form")?.requestSubmit();
}

function reviewPart(c: Conflict): Child {
    if (c.reviews.length === 0) return null;
    const pairs = c.reviews.map(([a, b]) => [h("bdi", a), " and ", h("bdi", b)]);
    return h("section", { "aria-labelledby": "review-head" },
        h("h2.govuk-heading-m", { id: "review-head" }, "Look over the merged record"),
        para("These people changed different parts without seeing each other's change, so ",
            "nobody wrote the record as it stands now: ",
            pairs.map((p, i) => [i > 0 ? "; " : "", p]), "."),
        para(link(`/records/${c.id}`, "Read the record as it stands")),
        submitForm(areaField({ name: "review-reason", label: "Why may it stand?" }, "", 2),
            "It may stand", async (answer) => {
                await resolve({ reason: answer("review-reason") }, [c.id, "review=ok"],
                    "The record stands as it is.");
            }, { kind: "secondary", needed: { "review-reason": "Say why it may stand" } }));
}

function same(a: unknown, b: unknown): boolean {
    return JSON.stringify(a) === JSON.stringify(b);
}

function undoPart(c: Conflict, d: Decided, i: number, form: Form): Child {
    const name = `undo-${i}`;
    const others = d.instead_of.filter((x) => !same(x.value, d.value));
    const label = form.fields.find((f) => f.group === d.group)?.label ?? d.group;
    return h("div.govuk-inset-text",
        para(h("strong", label), ": ", groupShown(d.value, form, c.names)),
        h("p.daybook-small", "Decided by ", h("bdi", d.author), ` on ${when(d.claimed)}`,
            d.reason ? [". Why: ", h("bdi", d.reason)] : null),
        others.map((x) => details(["Take it back, for ", h("bdi", x.author), "'s value"],
            h("div.daybook-choice__value", groupShown(x.value, form, c.names)),
            times(x),
            submitForm(areaField({ name: `${name}-${x.choice}`, label: "Why?",
                hint: "Both decisions stay in the history." }, "", 2),
            "Decide for this value", async (answer) => {
                await resolve({ undo: true, reason: answer(`${name}-${x.choice}`) },
                    [c.id, `${d.group}=${x.choice}`], `${label} is decided anew.`);
            }, { kind: "secondary", needed: { [`${name}-${x.choice}`]: "Say why" } }))));
}

export async function conflictPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const c = await runOne<Conflict>({ name: "conflicts", options: { reason: page.reason },
        args: [id] });
    const form = await formOf(c.form);
    const left = c.groups.length + (c.reviews.length > 0 ? 1 : 0);
    const decides = page.session.spaces.some((s) => s.role === "hq" && !s.over);
    const content = h("div", { onkeydown: onEnter },
        heading(1, h("bdi", c.names[id] ?? form.title), form.title),
        para(severityTag(c.severity), " ", left === 0 ? "Nothing is left to decide."
            : `${counted(left, "thing")} to decide. Last changed ${ago(c.changed)}.`),
        para(link(`/records/${id}`, "Read the whole record and its history")),
        decides ? null : inset("Headquarters decides. You see what they see."),
        c.groups.length > 0 && decides ? keysToggle() : null,
        bySeverity(c.groups).map((g) => decides ? groupPart(c, g, form, page.reason)
            : groupToRead(c, g, form)),
        decides ? reviewPart(c) : null,
        c.decided.length === 0 || !decides ? null : [heading(2, "Decided already"),
            c.decided.map((d, i) => undoPart(c, d, i, form))],
        para(link("/conflicts", "All conflicts")));
    listenForKeys(content);
    return content;
}

/** Digits are heard while this page is shown, and no longer. */
function listenForKeys(content: HTMLElement): void {
    const hear = (event: KeyboardEvent): void => {
        if (content.isConnected) onKey(event);
        else document.removeEventListener("keydown", hear);
    };
    setTimeout(() => document.addEventListener("keydown", hear), 0);
}

