// A record being written: its leaves, kept as scratches while they are typed (base/typed.ts), under
// "KIND/KEY/PATH". KEY is the record's id, or "new-" and digits for one that isn't saved yet.
import { type Draft, drafts, run } from "../base/client";
import type { Field } from "../base/forms";
import { h } from "../base/h";
import { forget, keep, keeping, onKeeping, whyUnkept, type Keeping } from "../base/typed";
import { type Leaves, assignment, valueOf } from "./leaves";

/** Stands for a leaf that the record has and that was made blank: an empty scratch is none. */
const blank = " ";
/** After these a word has ended: it is kept at once. */
const ends = /[\s.,;:!?)\]"']$/;

export function newKey(): string {
    const digits = crypto.getRandomValues(new Uint8Array(4));
    return `new-${[...digits].map((d) => d.toString(16).padStart(2, "0")).join("")}`;
}

export interface Started {
    kind: string;
    key: string;
    /** When a word of it was last kept. */
    at: string;
    leaves: Leaves;
}

/** What was typed and not saved, the latest first. */
export async function started(): Promise<Started[]> {
    const all = new Map<string, Started>();
    for (const d of await drafts()) {
        const [kind, key, path] = split(d);
        const s = all.get(`${kind}/${key}`) ?? { kind, key, at: d.at, leaves: new Map() };
        s.leaves.set(path, d.text);
        if (d.at > s.at) s.at = d.at;
        all.set(`${kind}/${key}`, s);
    }
    return [...all.values()].sort((a, b) => b.at.localeCompare(a.at));
}

function split(d: Draft): [string, string, string] {
    const [kind = "", key = "", ...path] = d.name.split("/");
    return [kind, key, path.join("/")];
}

export async function throwAway(kind: string, key: string): Promise<void> {
    forget(`${kind}/${key}`);
    await run({ name: "scratch drop", args: [`${kind}/${key}`] });
}

/** What stands in each group, as a record's `seen` tells it. */
export type Marks = Readonly<Record<string, string>>;

/** Beside the leaves: what stood when somebody began to type over a record. */
const seenLeaf = "@seen";

/** As `edit --seen` has it; an empty text is no option, and no scratch. */
export function marksText(marks: Marks): string {
    return Object.entries(marks).map(([group, mark]) => `${group}:${mark}`).join(",") || "-";
}

function marksOf(text: string): Marks {
    return Object.fromEntries(text.split(",").filter((row) => row.includes(":")).map((row) => {
        const [group = "", mark = ""] = row.split(":");
        return [group, mark];
    }));
}

/** The text of the control, or controls, of that name. */
function leafIn(form: HTMLFormElement, name: string): string {
    return new FormData(form).getAll(name).filter((v) => typeof v === "string").join("\n");
}

export interface Typing {
    /** What the record says, with what was typed over it. */
    readonly leaves: Leaves;
    /** Under which all of it is kept; commands drop it when they save. */
    readonly scratch: string;
    /** Keeps what is typed into this form from now on. */
    watch(form: HTMLFormElement): void;
    changed(path: string): void;
    /** A leaf that no control of the form on this page has. */
    put(path: string, text: string): void;
    /** FIELD=VALUE of each answer that isn't what the record says. */
    assignments(fields: readonly Field[]): string[];
    /** Fields that were typed over, and in whose group another value came in since. */
    overtaken(fields: readonly Field[]): Field[];
    /** It was saved by a command that dropped it. */
    saved(): void;
    /** One line: kept, on its way, or why not. */
    line(): HTMLElement;
}

function isOf(path: string, field: Field): boolean {
    return path === field.field || path.startsWith(`${field.field}.`) ||
        path.startsWith(`${field.field}[`);
}

/** What a command is given for a field that has changed. Entries of a log stay for good: rows that
 * stand in it aren't written again. */
function changeOf(field: Field, value: unknown, was: unknown): string[] {
    if (JSON.stringify(value) === JSON.stringify(was)) return [];
    if (field.rule !== "log" || !Array.isArray(was)) return [assignment(field.field, value)];
    const stand = was.map((row) => JSON.stringify(row));
    const rows = (Array.isArray(value) ? value : []).filter((row) =>
        !stand.includes(JSON.stringify(row)));
    return rows.length === 0 ? [] : [`${field.field}+:=${JSON.stringify(rows)}`];
}

/** `record`: what the record says, or what a new one begins with; `seen`: what stands in it. */
export async function typing(kind: string, key: string, record: Leaves, seen: Marks = {}):
    Promise<Typing> {
    const scratch = `${kind}/${key}`;
    const fresh = key.startsWith("new-");
    const leaves: Leaves = new Map(record);
    const before = (await started()).find((s) => s.kind === kind && s.key === key);
    for (const [path, text] of before?.leaves ?? []) {
        leaves.set(path, text === blank ? "" : text);
    }
    leaves.delete(seenLeaf);
    let begun = before !== undefined;
    let marked = fresh || before?.leaves.has(seenLeaf) === true;
    let form: HTMLFormElement | null = null;

    const note = (path: string, now: boolean) => {
        if (form === null) return;
        // What a new record begins with was true then, not when it is opened again.
        if (fresh && !begun) {
            for (const [p, text] of record) if (p !== path) keep(`${scratch}/${p}`, text);
        }
        begun = true;
        if (!marked) keep(`${scratch}/${seenLeaf}`, marksText(seen));
        marked = true;
        const text = leafIn(form, path);
        leaves.set(path, text);
        const emptied = text === "" && (record.get(path) ?? "") !== "";
        keep(`${scratch}/${path}`, emptied ? blank : text, now);
    };
    return {
        leaves,
        scratch,
        watch(of) {
            form = of;
            const name = (event: Event) => (event.target as HTMLInputElement).name;
            of.addEventListener("input", (event) => {
                const box = event.target as HTMLInputElement;
                if (box.name) note(box.name, ends.test(box.value));
            });
            of.addEventListener("change", (event) => {
                if (name(event)) note(name(event), true);
            });
        },
        changed: (path) => note(path, true),
        put: (path, text) => {
            leaves.set(path, text);
            keep(`${scratch}/${path}`, text, true);
        },
        assignments: (fields) => fields.flatMap((field) => {
            const value = valueOf(leaves, field.field, field);
            return changeOf(field, value, fresh ? undefined : valueOf(record, field.field, field));
        }),
        overtaken: (fields) => {
            const old = before?.leaves.get(seenLeaf);
            if (old === undefined) return [];
            const marks = marksOf(old);
            return fields.filter((f) => marks[f.group] !== seen[f.group] &&
                [...before?.leaves.keys() ?? []].some((path) => isOf(path, f)));
        },
        saved: () => forget(scratch),
        line: keepingLine,
    };
}

function inWords(how: Keeping): string {
    if (how === "kept") return "What you type is kept on this device.";
    if (how === "keeping") return "Keeping what you type";
    return `The last words aren't kept yet. ${whyUnkept(how)}`;
}

function keepingLine(): HTMLElement {
    const line = h("p.daybook-keeping");
    const draw = (how: Keeping) => {
        if (!line.isConnected && line.textContent !== "") return stop();
        line.textContent = inWords(how);
        line.classList.toggle("daybook-keeping--failed", how instanceof Error);
        if (how instanceof Error) line.setAttribute("role", "alert");
        else line.removeAttribute("role");
    };
    const stop = onKeeping(draw);
    draw(keeping());
    return line;
}
