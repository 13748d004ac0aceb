// A contact with a family: the few questions first, the rest folded away.
import { runOne } from "../base/client";
import { h, replace } from "../base/h";
import type { Page } from "../base/page";
import { warning } from "../base/parts";
import type { Shown } from "../base/shown";
import { type Leaves, localTime, reference, referenceId } from "./leaves";
import { type Kind, beginPage, editPage, newPage, writtenPage } from "./write";

interface Strategy {
    strategy: { version: number; held_back: string[] };
}

function caseOf(form: HTMLFormElement): string {
    return referenceId(form.querySelector<HTMLInputElement>("[name=case_id]")?.value ?? "");
}

/** What the lead holds back from this family: on every entry, before anything is told. */
async function showHeldBack(form: HTMLFormElement): Promise<void> {
    const id = caseOf(form);
    if (form.dataset["heldBackOf"] === id) return;
    form.dataset["heldBackOf"] = id;
    form.querySelector(".daybook-held-back")?.remove();
    if (id === "") return;
    const box = h("div.daybook-held-back", { role: "status" });
    form.querySelector("[data-field=case_id]")?.after(box);
    try {
        const { strategy } = await runOne<Strategy>({ name: "liaison show", args: [id] });
        replace(box, strategy.held_back.length === 0 ? null : warning(
            "Held back from this family: ", [...new Set(strategy.held_back)].map((topic, i) =>
                [i > 0 ? "; " : "", h("bdi", topic)]), "."));
    } catch {
        box.remove(); // the case's own page says what is wrong with it
    }
}

function look(form: HTMLFormElement): void {
    const method = form.querySelector<HTMLSelectElement>("[name=method]");
    const attempt = form.querySelector<HTMLElement>("[data-field=attempt]");
    if (attempt && method) attempt.hidden = method.value !== "attempted";
    void showHeldBack(form);
}

/** Begun from a case's or a person's page, it is about them. */
async function begins(page: Page): Promise<Leaves> {
    const leaves: Leaves = new Map([["started_at", localTime(new Date())]]);
    for (const [name, path] of [["case", "case_id"], ["person", "present[0].person"]] as const) {
        const id = page.query.get(name);
        if (id === null) continue;
        const { names } = await runOne<Shown>({ name: "show", args: [id] });
        leaves.set(path, reference(id, names[id] ?? name));
        if (name === "person") leaves.set("present[0].role", "family");
    }
    return leaves;
}

export const contact: Kind = {
    form: "contact",
    one: "contact",
    path: "/contacts",
    first: ["case_id", "method", "attempt", "direction", "started_at", "present", "account"],
    more: [
        { title: "What you told them", names: ["told", "strategy_version"] },
        { title: "What they asked for", names: ["requests", "family_voice", "complaints"] },
        { title: "Children", names: ["child_present", "child_voice"] },
        { title: "Next contact", names: ["next_contact"] },
        { title: "Given and received", names: ["given", "received"] },
        { title: "How they were, and what they need",
            names: ["demeanour", "reluctance_reason", "practical_needs", "assessment"] },
        { title: "When it ended, where and why", names: ["ended_at", "place", "purpose",
            "family_group"] },
    ],
    apart: ["answers", "supervised"],
    hints: {
        account: "Their words, as facts: what you heard and saw.",
        assessment: "What you make of it. Kept apart from what was said.",
        present: "Everybody who was there or on the line, and in what part.",
        place: "In words. Daybook never takes a position by itself.",
        "told.authority": "The lead's decision, by its number if there is one.",
        family_voice: "For the investigation, in their words.",
        child_voice: "Apart from what the adults said.",
        s38: "Whether this states facts, or what you make of them.",
        intelligence: "A record of its own, in its own compartment. No content here.",
        officer_welfare: "A record of its own: never disclosed with the log.",
    },
    begins,
    look,
};

export const beginContact = beginPage(contact.path);
export const newContactPage = newPage(contact, "Log a contact",
    "Time, method and who are enough to save. The rest can come later.");
export const editContactPage = editPage(contact);
export const contactPage = writtenPage(contact, "Contact", "started_at");
