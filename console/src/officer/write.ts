// Records that an officer writes by a form: a new one, changing one, and its page, to sign or to
// add to. What is particular to a kind is in Kind.
import { CommandFailed, run, runOne } from "../base/client";
import { selectField } from "../base/fields";
import { type Field, type Form, fieldOf, formOf } from "../base/forms";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { button, buttons, details, heading, hint, inset, link, list, para, summaryList, tag } from
    "../base/parts";
import { go, redraw } from "../base/shell";
import { submitForm } from "../base/submit";
import { flush } from "../base/typed";
import { shown } from "../base/values";
import { carriage, counted, stateName, when } from "../base/words";
import type { Shown } from "../base/shown";
import { type Hints, answered, control } from "./controls";
import { type Leaves, leavesOf } from "./leaves";
import { writesOnly } from "./tablet";
import { type Typing, marksText, newKey, throwAway, typing } from "./typing";

export interface Kind {
    /** As the command line calls it, and people in a sentence. */
    form: string;
    one: string;
    /** Of its pages: "/contacts". */
    path: string;
    /** Fields that are asked at once, those under a heading, and those that are folded away. */
    first: readonly string[];
    parts?: readonly { title: string; hint?: string; names: readonly string[] }[];
    more: readonly { title: string; names: readonly string[] }[];
    /** Written by others, or by commands of their own. */
    apart: readonly string[];
    hints: Hints;
    /** What is said where one of these has no answer. */
    needed?: Readonly<Record<string, string>>;
    /** Of these, one answer of several is pressed, however many there are. */
    roomy?: readonly string[];
    /** What a new one begins with. */
    begins(page: Page): Promise<Leaves> | Leaves;
    /** Told when the form is drawn, and when something in it has changed. */
    look?(form: HTMLFormElement): void;
}

export function fieldsOf(kind: Kind, form: Form): readonly Field[] {
    return form.fields.filter((f) => !kind.apart.includes(f.field));
}

function sections(kind: Kind, form: Form): { title: string; fields: readonly Field[] }[] {
    const named = [...kind.first, ...[...kind.parts ?? [], ...kind.more].flatMap((s) => s.names)];
    const known = kind.more.map((s) => ({ title: s.title, fields: s.names.map((n) =>
        fieldOf(form, n)).filter((f) => f !== null) }));
    const rest = fieldsOf(kind, form).filter((f) => !named.includes(f.field));
    return [...known, { title: "For the record: disclosure, marking, compartments", fields: rest }];
}

/** Where a new record is kept, if there is a choice. */
export function spaceChoice(page: Page, leaves: Leaves): Child {
    const spaces = page.session.spaces.filter((s) => !s.over && s.role !== "auditor");
    if (spaces.length < 2) return null;
    return selectField({ name: "@space", label: "Where it is kept" }, spaces.map((s) => ({
        value: s.id, label: s.restricted ? `${s.name} (restricted)` : s.name })),
    leaves.get("@space") ?? spaces.find((s) => !s.restricted)?.id ?? "");
}

/** What is being written: its form, what is typed, and who writes it. */
interface Work {
    page: Page;
    form: Form;
    t: Typing;
    space: Child;
    save(): Promise<void>;
}

function writing(kind: Kind, { page, form, t, space, save }: Work): Child {
    const look = () => kind.look?.(box);
    const drawing = { leaves: t.leaves, hints: kind.hints,
        roomy: (path: string) => kind.roomy?.includes(path) === true,
        blind: writesOnly(page), changed: (path: string) => {
            t.changed(path);
            look();
        } };
    const draw = (f: Field) => control(f, f.field, drawing);
    const drawAll = (names: readonly string[]) =>
        names.map((name) => fieldOf(form, name)).filter((f) => f !== null).map(draw);
    const box: HTMLFormElement = submitForm([
        space,
        drawAll(kind.first),
        kind.parts?.map((p) => h("section", { "data-part": p.title }, heading(2, p.title),
            p.hint ? hint(p.hint) : null, drawAll(p.names))),
        sections(kind, form).map((s) => {
            const n = answered(s.fields, t.leaves);
            return details([s.title, n === "" ? null : h("span.daybook-count", ` (${n})`)],
                s.fields.map(draw));
        }),
        t.line(),
    ], "Save", async () => {
        await flush();
        await save();
    }, { needed: kind.needed ?? {} });
    t.watch(box);
    box.addEventListener("change", look);
    look();
    return box;
}

function discard(t: Typing, back: string): Child {
    const [kind = "", key = ""] = t.scratch.split("/");
    return details("Throw away what was typed here",
        para("What isn't saved is gone then, for good."),
        button("Throw it away", async () => {
            await throwAway(kind, key);
            go(back, { title: "Thrown away", words: "What was typed and not saved is gone." });
        }, "warning"));
}

/** A page to begin on: it gets a key of its own, under which its words are kept. */
export function beginPage(path: string): (page: Page) => Child {
    return (page) => {
        const query = page.query.size > 0 ? `?${page.query}` : "";
        history.replaceState(null, "", `${path}/new/${newKey()}${query}`);
        redraw();
        return null;
    };
}

export async function addRecord(kind: Kind, form: Form, t: Typing): Promise<string> {
    const { id } = await runOne<{ id: string }>({ name: "add",
        options: { scratch: t.scratch, space: t.leaves.get("@space") },
        args: [kind.form, ...t.assignments(fieldsOf(kind, form))] });
    t.saved();
    return id;
}

/** Its page, or what a tablet that only writes can still tell of it. */
export function goToSaved(page: Page, kind: Kind, id: string, query = ""): void {
    if (writesOnly(page)) go(`/sealed/${kind.form}/${id}${query}`);
    else {
        go(`${kind.path}/${id}${query}`, { success: true, title: "Saved",
            words: `The ${kind.one} is saved on this device.` });
    }
}

export function newPage(kind: Kind, title: string, words: string): (page: Page) => Promise<Child> {
    return async (page) => {
        const form = await formOf(kind.form);
        const t = await typing(kind.form, page.params["key"] ?? "", await kind.begins(page));
        return [
            heading(1, title),
            hint(words),
            writing(kind, { page, form, t, space: spaceChoice(page, t.leaves), save: async () => {
                const id = await addRecord(kind, form, t);
                goToSaved(page, kind, id);
            } }),
            discard(t, "/today"),
        ];
    };
}

/** Status of a command that would have replaced what its author hasn't seen. */
const changedMeanwhile = 5;

/** What came in since somebody began to type over it: theirs, beside what was typed. */
function meanwhile(r: Shown, fields: readonly Field[]): Child {
    if (fields.length === 0) return null;
    return h("div.govuk-inset-text.daybook-meanwhile", { role: "note" },
        para(h("strong", "Another value came in since you began to type:")),
        summaryList(fields.map((f) => ({ key: f.label, value: r.fields[f.field] === undefined
            ? "Left blank" : shown(r.fields[f.field], f, r.names) }))),
        para("What you typed stands below. If you save it, it takes the place of that value, ",
            "which stays in the history."));
}

async function saveEdit(kind: Kind, form: Form, r: Shown, t: Typing): Promise<void> {
    const changes = t.assignments(fieldsOf(kind, form));
    try {
        if (changes.length === 0) await throwAway(kind.form, r.id);
        else {
            await run({ name: "edit", options: { scratch: t.scratch,
                seen: marksText(r.seen) }, args: [r.id, ...changes] });
        }
    } catch (error) {
        if (!(error instanceof CommandFailed) || error.failure.status !== changedMeanwhile) {
            throw error;
        }
        return redraw({ title: "Not saved yet", words: "Another value came in since you looked. " +
            "What you typed is kept: look at both, and save again." });
    }
    t.saved();
    go(`${kind.path}/${r.id}`, { success: true, title: "Saved", words: changes.length > 0
        ? "The changes are saved on this device." : "Nothing was changed." });
}

export function editPage(kind: Kind): (page: Page) => Promise<Child> {
    return async (page) => {
        const id = page.params["id"] ?? "";
        const form = await formOf(kind.form);
        const r = await runOne<Shown>({ name: "show", args: [id],
            options: { reason: page.reason } });
        const fields = fieldsOf(kind, form);
        const t = await typing(kind.form, id, leavesOf(r.fields, fields, r.names), r.seen);
        return [
            heading(1, `Change this ${kind.one}`),
            meanwhile(r, t.overtaken(fields)),
            writing(kind, { page, form, t, space: null, save: () => saveEdit(kind, form, r, t) }),
            discard(t, `${kind.path}/${id}`),
        ];
    };
}

// ---- its page -----------------------------------------------------------------------------------

function sign(kind: Kind, r: Shown, form: Form): Child {
    if (r.state !== "live") return null;
    const change = link(`${kind.path}/${r.id}/edit`, "Change it");
    if (!form.signs) return para(change);
    const box = submitForm(hint("After that nothing in it can be changed; you can add to it."),
        `Sign this ${kind.one}`, async () => {
            await run({ name: "sign", args: [r.id] });
            redraw({ success: true, title: "Signed", words: `The ${kind.one} is signed.` });
        }, { beside: change });
    return [heading(2, "Sign"), box];
}

const plain = { required: "", codes: [], group: "", rule: "", fields: [] } as const;
const addendumText: Field = { ...plain, field: "text", label: "What is to be added?",
    kind: "longtext", codes: [], fields: [] };
const addendumWhy: Field = { ...plain, field: "why", label: "Why?", kind: "text", codes: [],
    fields: [] };

async function addendum(kind: Kind, r: Shown): Promise<Child> {
    if (r.state !== "signed") return null;
    const t = await typing("addendum", r.id, new Map());
    const drawing = { leaves: t.leaves, hints: { text: "What was signed stays as it is." },
        changed: t.changed };
    const box = submitForm([control(addendumText, "text", drawing),
        control(addendumWhy, "why", drawing), t.line()], "Add", async (answer) => {
        await flush();
        await run({ name: "addendum", options: { reason: answer("why"), scratch: t.scratch },
            args: [r.id, answer("text")] });
        t.saved();
        redraw({ success: true, title: "Added", words: "The addendum is saved." });
    }, { kind: "secondary", needed: { text: "Write what is to be added", why: "Say why" } });
    t.watch(box);
    return [heading(2, `Add to this signed ${kind.one}`), box];
}

function wanted(kind: Kind, r: Shown, form: Form): Child {
    if (r.state !== "live") return null;
    const blank = fieldsOf(kind, form).filter((f) => r.fields[f.field] === undefined);
    const needed = blank.filter((f) => f.required === "to sign");
    const others = blank.filter((f) => f.required === "wanted");
    if (needed.length + others.length === 0) return null;
    return inset(
        needed.length === 0 ? null : [h("p.govuk-body", h("strong", "Needed before you sign it:")),
            list(needed.map((f) => f.label))],
        others.length === 0 ? null : h("p.govuk-body", "Still wanted: ",
            others.map((f) => f.label.toLowerCase()).join(", "), ". If nobody knows, say so."),
        link(`${kind.path}/${r.id}/edit`, `Go on with this ${kind.one}`));
}

/** `time`: the field that says when; `beside` is shown above what it says. */
export function writtenPage(kind: Kind, title: string, time: string,
    beside?: (r: Shown) => Child): (page: Page) => Promise<Child> {
    return async (page) => {
        const id = page.params["id"] ?? "";
        const form = await formOf(kind.form);
        const r = await runOne<Shown>({ name: "show", args: [id],
            options: { reason: page.reason } });
        const rows = form.fields.filter((f) => r.fields[f.field] !== undefined).map((f) => ({
            key: f.label, value: shown(r.fields[f.field], f, r.names) }));
        return [
            heading(1, `${title}, ${when(String(r.fields[time] ?? ""))}`),
            h("p.govuk-body", tag(r.state === "live" ? "Draft" : stateName(r.state),
                r.state === "signed" ? "green" : "blue"), " ", tag(carriage(r.carriage),
                r.carriage === "here" ? "yellow" : "grey")),
            r.late_hours >= 24 ? para(`Late entry: begun ${counted(r.late_hours, "hour")} after ` +
                "it happened.") : null,
            beside?.(r),
            wanted(kind, r, form),
            summaryList(rows),
            sign(kind, r, form),
            await addendum(kind, r),
            buttons(link(`/records/${id}`, "Its history, and who it went to"),
                link(kind.path, `All ${kind.one}s`)),
        ];
    };
}
