// A record's answers as leaves: one text for each control of its form, by the path that commands
// use for its problems ("told[0].topic"). The text of a leaf is what is kept while it is typed.
import type { Field } from "../base/forms";
import type { Names } from "../base/values";

export type Leaves = Map<string, string>;

/** A reference's leaf: the id, a space, and what it is called. */
export function reference(id: string, label: string): string {
    return `${id} ${label}`;
}
export function referenceId(leaf: string): string {
    return leaf.split(" ", 1)[0] ?? "";
}
export function referenceLabel(leaf: string): string {
    return leaf.slice(referenceId(leaf).length + 1);
}

const two = (n: number) => String(n).padStart(2, "0");

/** A time as the browser's control has it: of this machine's clock, to the minute. */
export function localTime(time: Date): string {
    return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}` +
        `T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** And as commands take it, with the offset of that moment. */
export function offsetTime(local: string): string {
    const time = new Date(local);
    if (Number.isNaN(time.getTime())) return local;
    const east = -time.getTimezoneOffset();
    const offset = `${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
    return `${local}:00${east < 0 ? "-" : "+"}${offset}`;
}

/** Who was there: the one kind whose parts no form lists. */
export function partsOf(field: Field): readonly Field[] {
    if (field.kind !== "present") return field.fields;
    const part = (name: string, label: string, kind: string, codes: Field["codes"]): Field => ({
        field: name, label, kind, required: "", codes, group: "", rule: "", fields: [] });
    return [
        { ...part("person", "Who", "ref", []), form: "person" },
        part("name", "Or their name, if no record of them is needed", "text", []),
        part("role", "Their part", "code", field.codes),
    ];
}

/** Whether it has rows, each with parts of its own. */
export function hasRows(field: Field): boolean {
    return field.kind === "present" || (field.kind === "list" && field.fields.length > 0);
}

// ---- from a record ------------------------------------------------------------------------------

function scalarLeaf(value: unknown, field: Field, names: Names): string {
    if (typeof value === "boolean") return value ? "yes" : "no";
    const text = String(value);
    if (text === "not_known") return text;
    if (field.kind === "datetime") return localTime(new Date(text));
    if (field.kind === "ref") return reference(text, names[text] ?? `record ${text.slice(0, 13)}`);
    return text;
}

function putLeaves(out: Leaves, path: string, value: unknown, field: Field, names: Names): void {
    if (value === undefined || value === null) return;
    if (Array.isArray(value) && hasRows(field)) {
        value.forEach((row, i) => putParts(out, `${path}[${i}]`, row, field, names));
    } else if (Array.isArray(value)) {
        out.set(path, value.map((v) => scalarLeaf(v, field, names)).join("\n"));
    } else if (field.kind === "object" && typeof value === "object") {
        putParts(out, path, value, field, names);
    } else {
        out.set(path, scalarLeaf(value, field, names));
    }
}

function putParts(out: Leaves, path: string, value: unknown, field: Field, names: Names): void {
    for (const part of partsOf(field)) {
        putLeaves(out, `${path}.${part.field}`, (value as Record<string, unknown>)[part.field],
            part, names);
    }
}

export function leavesOf(
    answers: Readonly<Record<string, unknown>>,
    fields: readonly Field[],
    names: Names,
): Leaves {
    const out: Leaves = new Map();
    for (const field of fields) putLeaves(out, field.field, answers[field.field], field, names);
    return out;
}

/** How many rows a list has, blank ones included. */
export function rowsOf(leaves: Leaves, path: string): number {
    let rows = 0;
    for (const name of leaves.keys()) {
        if (!name.startsWith(`${path}[`)) continue;
        rows = Math.max(rows, Number.parseInt(name.slice(path.length + 1), 10) + 1);
    }
    return rows;
}

// ---- to a command -------------------------------------------------------------------------------

const lines = (leaf: string) => leaf.split("\n").map((x) => x.trim()).filter((x) => x !== "");

function scalarValue(leaf: string, field: Field): unknown {
    if (leaf === "not_known") return leaf;
    switch (field.kind) {
        case "bool3":
            return leaf === "yes";
        case "number":
            return /^\d+$/.test(leaf) ? Number(leaf) : leaf;
        case "datetime":
            return offsetTime(leaf);
        case "ref":
            return referenceId(leaf);
        default:
            return leaf;
    }
}

function partsValue(leaves: Leaves, path: string, field: Field): unknown {
    const value: Record<string, unknown> = {};
    for (const part of partsOf(field)) {
        const answer = valueOf(leaves, `${path}.${part.field}`, part);
        if (answer !== undefined) value[part.field] = answer;
    }
    return Object.keys(value).length === 0 ? undefined : value;
}

/** The answer that the leaves make; undefined: blank. */
export function valueOf(leaves: Leaves, path: string, field: Field): unknown {
    if (hasRows(field)) {
        const rows: unknown[] = [];
        for (let i = 0; i < rowsOf(leaves, path); i += 1) {
            const row = partsValue(leaves, `${path}[${i}]`, field);
            if (row !== undefined) rows.push(row);
        }
        return rows.length === 0 ? undefined : rows;
    }
    if (field.kind === "object") return partsValue(leaves, path, field);
    const leaf = (leaves.get(path) ?? "").trim();
    if (leaf === "") return undefined;
    if (["list", "codes", "refs"].includes(field.kind)) {
        if (leaf === "not_known") return leaf;
        const items = lines(leaf);
        return field.kind === "refs" ? items.map(referenceId) : items;
    }
    return scalarValue(leaf, field);
}

/** What a command is given for a field: FIELD=TEXT or FIELD:=JSON; "FIELD-=" blanks it. */
export function assignment(name: string, value: unknown): string {
    if (value === undefined) return `${name}-=`;
    return typeof value === "string" ? `${name}=${value}` : `${name}:=${JSON.stringify(value)}`;
}
