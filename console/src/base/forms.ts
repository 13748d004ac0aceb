// What can be recorded: the forms, by which values get their labels.
import { runOne } from "./client";

export interface Field {
    field: string;
    label: string;
    help?: string;
    kind: string;
    /** Of a reference: of which form the records are that it names; any, without. */
    form?: string;
    required: "" | "wanted" | "to sign";
    codes: { code: string; label: string }[];
    group: string;
    rule: string;
    fields: Field[];
}

export interface Form {
    form: string;
    version: number;
    title: string;
    signs: boolean;
    fields: Field[];
}

/** The command leaves lists out of parts that have none. */
function whole(field: Partial<Field> & Field): Field {
    return { ...field, codes: field.codes ?? [], fields: (field.fields ?? []).map(whole) };
}

const known = new Map<string, Promise<Form>>();

/** A form, asked for once. */
export function formOf(name: string): Promise<Form> {
    let form = known.get(name);
    if (form === undefined) {
        form = runOne<Form>({ name: "form show", args: [name] }).then((f) =>
            ({ ...f, fields: f.fields.map(whole) }));
        form.catch(() => known.delete(name));
        known.set(name, form);
    }
    return form;
}

let titles: Promise<{ form: string; title: string }[]> | null = null;

/** All forms by name and title, in the order of their titles. */
export function formTitles(): Promise<{ form: string; title: string }[]> {
    if (titles === null) {
        titles = runOne<{ form: string; title: string }[]>({ name: "forms" }).then((list) =>
            list
                .map(({ form, title }) => ({ form, title: title.replace(/ \([^)]*\)$/, "") }))
                .sort((a, b) => a.title.localeCompare(b.title, "en-GB")),
        );
        titles.catch(() => (titles = null));
    }
    return titles;
}

/** What this device may see can change by locking, syncing or installing forms. */
export function forgetForms(): void {
    known.clear();
    titles = null;
}

export function fieldOf(form: Form | null, name: string): Field | null {
    return form?.fields.find((f) => f.field === name) ?? null;
}

/** The title of a form as far as it is known; its name otherwise. */
export async function formTitle(name: string): Promise<string> {
    const list = await formTitles().catch(() => []);
    return list.find((f) => f.form === name)?.title ?? name;
}

