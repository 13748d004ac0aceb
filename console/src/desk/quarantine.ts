// Notes that stand aside: every member holds them, and nobody's record has them until a supervisor
// or headquarters lets them in.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import { formOf, formTitle } from "../base/forms";
import type { Page } from "../base/page";
import { type Colour, heading, hint, inset, link, para, saveButton, summaryList, table, tag,
    warning } from "../base/parts";
import { areaField } from "../base/fields";
import { go, restrictedSpaces } from "../base/shell";
import { submitForm } from "../base/submit";
import { recordLink } from "../base/values";
import { capital, counted, when } from "../base/words";
import { type Event, timeline } from "./history";

interface Aside {
    id: string;
    space: string;
    author: string;
    device: string;
    first_seq: number;
    ops: number;
    received: string;
    why: string;
    decision: "open" | "refused" | "admitted" | "none";
    readable: boolean;
    taken: boolean;
    claimed?: string;
    form?: string;
    record?: string;
    summary?: string;
}

const decisions: Readonly<Record<Aside["decision"], { words: string; colour: Colour }>> = {
    open: { words: "To decide", colour: "orange" },
    refused: { words: "Kept out", colour: "grey" },
    admitted: { words: "Let in", colour: "green" },
    none: { words: "Nothing to decide", colour: "grey" },
};

function decisionTag(a: Aside): Child {
    return tag(decisions[a.decision].words, decisions[a.decision].colour);
}

async function what(a: Aside): Promise<Child> {
    if (!a.readable || a.form === undefined) return "It can't be read here";
    return [await formTitle(a.form), ": ", h("bdi", a.summary ?? "")];
}

export async function quarantinePage(page: Page): Promise<Child> {
    const all = await run<Aside>({ name: "quarantine list", options: { reason: page.reason } });
    const rows: Child[][] = [];
    for (const a of all) {
        rows.push([link(`/quarantine/${a.id}`, await what(a)), h("bdi", a.author),
            when(a.received), capital(a.why), decisionTag(a)]);
    }
    return [
        heading(1, "Notes that stand aside"),
        hint("They came after their author was taken out, or from someone who may not write ",
            "here. They are kept as evidence whatever is decided."),
        rows.length === 0 ? inset("Nothing stands aside.")
            : table(counted(rows.length, "parcel"),
                ["What it holds", "Author", "Received", "Why it stands aside", "Decision"], rows),
        rows.length === 0 ? null
            : saveButton({ name: "quarantine list", options: { reason: page.reason } },
                "aside.csv", [["Number", "id"], ["What it holds", "summary"], ["Kind", "form"],
                    ["Author", "author"], ["Received", "received"],
                    ["Why it stands aside", "why"],
                    ["Decision", "decision", Object.fromEntries(Object.entries(decisions)
                        .map(([code, d]) => [code, d.words]))]]),
        restrictedSpaces(page),
    ];
}

function decide(page: Page, a: Aside): Child {
    if (page.session.role === "auditor" || page.session.role === "officer") return null;
    if (a.decision === "none" || a.decision === "admitted") return null;
    const act = (verb: "admit" | "refuse") => async (answer: (name: string) => string) => {
        const [done] = await run<{ merged: number }>({ name: `quarantine ${verb}`,
            options: { reason: answer(`why-${verb}`) }, args: [a.id] });
        go("/quarantine", { success: true, title: verb === "admit" ? "Let in" : "Kept out",
            words: verb === "admit"
                ? `${counted(done?.merged ?? 0, "change")} came into the records.`
                : "It stays with every member as evidence." });
    };
    return [
        heading(2, "Let it in"),
        warning("It comes in for every member and for good. What its author wrote before it ",
            "comes in too."),
        submitForm(areaField({ name: "why-admit", label: "Why?",
            hint: "Every member sees it, with your name." }, "", 2), "Let it in", act("admit"),
        { kind: "warning", needed: { "why-admit": "Say why" } }),
        a.decision === "refused" ? null : [
            heading(2, "Keep it out"),
            para("It stays as evidence, and can be let in later."),
            submitForm(areaField({ name: "why-refuse", label: "Why?",
                hint: "Every member sees it, with your name." }, "", 2), "Keep it out",
            act("refuse"), { kind: "secondary", needed: { "why-refuse": "Say why" } })],
    ];
}

export async function asidePage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const options = { reason: page.reason };
    const all = await run<Aside>({ name: "quarantine list", options });
    const a = all.find((x) => x.id === id);
    if (a === undefined) return [heading(1, "That doesn't stand aside"),
        para(link("/quarantine", "All that stands aside"))];
    const events = a.readable
        ? await runOne<Event[]>({ name: "quarantine show", options, args: [id] }) : [];
    return [
        heading(1, await what(a), link("/quarantine", "Stands aside")),
        summaryList([
            { key: "Decision", value: decisionTag(a) },
            { key: "Why it stands aside", value: capital(a.why) },
            { key: "Author", value: h("bdi", a.author) },
            { key: "Claimed", value: when(a.claimed) },
            { key: "Received by the relay", value: when(a.received) },
            { key: "Holds", value: counted(a.ops, "change") },
            a.record && a.decision === "admitted"
                ? { key: "Record", value: recordLink(a.record) } : null,
        ]),
        events.length === 0 ? null
            : timeline("What it holds", events, await formOf(a.form ?? "person"), {}),
        decide(page, a),
    ];
}
