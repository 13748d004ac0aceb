// A record as the command line shows it, and the markers that come first on each page of one.
import { type Child, h } from "./h";
import { formOf } from "./forms";
import { link, quoted, warning } from "./parts";
import { type Answers, type Names, shown } from "./values";

interface Marker {
    id: string;
    restricted: boolean;
    kind?: string;
    reason?: string;
    ask?: string;
}

export interface SafeContact {
    recorded: boolean;
    must_read: boolean;
    rule: string[];
    blocks: string[];
    withheld: string[];
}

interface Dispute {
    group: string;
    why: string;
    shown: number | null;
    values: { value: unknown; author: string; claimed: string; received: string | null }[];
}

interface Score {
    tool: string;
    verified: boolean;
    questions: number;
    yes: number;
    no: number;
    open: number;
    band: string;
    could: string;
}

export interface Shown {
    id: string;
    form: string;
    version: number;
    space: string;
    state: string;
    carriage: string;
    late_hours: number;
    markers: Marker[];
    safe_contact?: SafeContact;
    score: Score | null;
    fields: Answers;
    disputes: Dispute[];
    other: Readonly<Record<string, unknown[]>>;
    reviews: number;
    same_person: string[];
    /** By group: what stands there, for an edit to say what its author saw. */
    seen: Readonly<Record<string, string>>;
    names: Names;
}

/** Who must be careful, and of what; `read`: there is a link to the marker. */
export async function markers(r: Shown, read: boolean): Promise<Child> {
    if (r.markers.length === 0) return null;
    const kind = (await formOf("marker")).fields.find((f) => f.field === "kind") ?? null;
    return r.markers.map((m) => m.restricted
        ? warning("There is something you may not read here. Before you act, ring ",
            h("bdi", m.ask ?? "the single point of contact"), ".")
        : warning(m.kind ? shown(m.kind, kind) : "Marker",
            m.reason ? [": ", quoted(m.reason)] : null,
            read ? [" ", link(`/records/${m.id}`, "Read the marker")] : null));
}
