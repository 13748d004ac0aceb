// Who is let into a space, and who is taken out of it, for administrators; of a restricted space
// the second administrator has to agree.
import { CommandFailed, run } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { heading, para, warning } from "../base/parts";
import { selectField, textField } from "../base/fields";
import { go, redraw } from "../base/shell";
import { submitForm } from "../base/submit";
import { capital, roleName } from "../base/words";

export interface Holding {
    space: string;
    name: string;
    role: string;
    until: string | null;
    over: boolean;
}

export interface Member {
    device: string;
    name: string;
    state: string;
    this: boolean;
    spaces: readonly Holding[];
}

const needsSecond = 20;
const roles = ["officer", "supervisor", "hq", "auditor", "guest", "writer"];

/** What only a second administrator makes happen is told as a proposal. */
export async function change(work: () => Promise<unknown>, done: () => void): Promise<void> {
    try {
        await work();
    } catch (error) {
        if (!(error instanceof CommandFailed) || error.failure.status !== needsSecond) throw error;
        go("/devices/log", { title: "Proposed", words: capital(error.message) });
        return;
    }
    done();
}

function remove(m: Member, s: Holding): Child {
    return h("section", { "aria-label": s.name },
        heading(3, h("bdi", s.name)),
        para(`Its role there: ${roleName(s.role)}.`),
        submitForm(null, ["Take it out of ", h("bdi", s.name)], () => change(
            () => run({ name: "space remove", args: [s.space, m.device] }),
            () => redraw({ success: true, title: "Taken out",
                words: "The space has a new key. What the device holds already, it keeps." })),
        { kind: "warning" }));
}

function grant(page: Page, m: Member): Child {
    const held = new Set(m.spaces.map((s) => s.space));
    const others = page.session.spaces.filter((s) => !s.over && !held.has(s.id));
    if (others.length === 0) return null;
    return [
        heading(2, "Let it into a space"),
        submitForm([
            selectField({ name: "space", label: "Which space?" },
                others.map((s) => ({ value: s.id, label: s.name })), others[0]?.id),
            selectField({ name: "role", label: "As what?" },
                roles.map((r) => ({ value: r, label: capital(roleName(r)) })), roles[0]),
            textField({ name: "until", label: "Until when? (only a guest has an end)",
                hint: "A day, for example 2027-01-31" })],
        "Let it in", (answer) => change(
            () => run({ name: "space grant", options: { role: answer("role"),
                until: answer("until") }, args: [answer("space"), m.device] }),
            () => redraw({ success: true, title: "Let in",
                words: "It gets the space's notes with its next sync." })),
        { kind: "secondary" }),
    ];
}

/** Nothing for whoever is no administrator, nor of a device that is out, or this one. */
export function spacesPart(page: Page, m: Member): Child {
    if (page.session.role !== "admin" || m.state !== "active" || m.this) return null;
    return [
        grant(page, m),
        m.spaces.length === 0 ? null : [heading(2, "Take it out of a space"),
            warning("At once. The space gets a new key. What the device writes there from now on ",
                "stands aside."),
            m.spaces.map((s) => remove(m, s))],
    ];
}
